"""Probe services on the real servers, with a database of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy

from contract.payment import PaymentFailed
from deploy.local.postgresql import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from kit.broker import connect
from kit.consumer import queue_of
from kit.database import Database
from tests.integration.kit.bus import Bus
from tests.integration.kit.running import Probe, empty
from tests.integration.kit.tables import metadata


@pytest.fixture(scope="session")
def database_url(postgres: PostgreSQL) -> str:
    postgres.run("CREATE DATABASE probe OWNER identity")
    url = sqlalchemy.make_url(postgres.url("identity")).set(database="probe")
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def tables(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.transaction() as tx:
        metadata.create_all(tx)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(tables: Database) -> Database:
    """The probe's database as the test sees it, emptied."""
    tables.engine.dispose()  # the test before may have stopped the server under it
    empty(tables)
    return tables


@pytest.fixture(scope="session")
def bus(rabbitmq: RabbitMQ) -> Bus:
    """The bus, with an account that may do everything the probes and other systems do in these tests.

    The probe's event queue is there from the start, as `python -m kit.migrate` makes those of the services.
    """
    bus = Bus.open_account(rabbitmq)
    with connect(bus.url) as connection:
        queue_of("identity", PaymentFailed)(connection.default_channel).declare()
    return bus


@pytest.fixture(scope="session")
def served_environment(database_url: str, bus: Bus) -> dict[str, str]:
    """The settings of the probe that answers, publishes and consumes."""
    return {"IDENTITY_DATABASE_URL": database_url, "AMQP_URI": bus.url}


@pytest.fixture(scope="module")
def probes(
    tables: Database,
    served_environment: dict[str, str],
    bus: Bus,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Probe]]:
    """Started by the first test that needs them; a test may stop or kill them. Stopped with their module: they answer
    under the names of real services, which other folders start on the same broker."""
    scratch = tmp_path_factory.mktemp("probes")
    probes = {
        "identity": Probe(("identity",), served_environment, scratch),
        "ocr": Probe(("ocr",), {"AMQP_URI": bus.url}, scratch),
    }
    yield probes
    for probe in probes.values():
        if probe.alive:
            probe.stop()


@pytest.fixture
def served(database: Database, probes: dict[str, Probe]) -> Probe:
    """The probe that answers, publishes and consumes, at the present time, with nothing to do."""
    probe = probes["identity"]
    for left in probe.scratch.glob("*"):
        if left.suffix != ".log":
            left.unlink()
    return probe if probe.alive else probe.start()


@pytest.fixture
def calling(probes: dict[str, Probe]) -> Probe:
    """The probe that calls."""
    probe = probes["ocr"]
    return probe if probe.alive else probe.start()
