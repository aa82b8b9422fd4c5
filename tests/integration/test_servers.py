"""The private servers keep what they were given, and keep services apart."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest
import sqlalchemy
from amqp.exceptions import AccessRefused
from sqlalchemy.exc import OperationalError as DatabaseRefused
from sqlalchemy.exc import ProgrammingError

from deploy.broker import MIGRATION
from deploy.environment import VHOST
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import port_free, wait_until
from deploy.local.rabbitmq import RabbitMQ
from deploy.topology import SERVICES, Ports


def _run(url: str, *statements: str) -> list[tuple[object, ...]]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(sqlalchemy.text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture
def table(postgres: PostgreSQL) -> Iterator[str]:
    name = f"kept_{uuid.uuid4().hex}"
    _run(postgres.url("payment"), f"CREATE TABLE {name} (amount bigint)")
    yield name
    _run(postgres.url("payment"), f"DROP TABLE {name}")


def test_committed_rows_survive_a_kill_of_postgresql(postgres: PostgreSQL, table: str) -> None:
    _run(postgres.url("payment"), f"INSERT INTO {table} VALUES (38000)")
    before = postgres.identity
    postgres.kill()
    assert not postgres.alive
    postgres.start()
    assert postgres.identity != before
    assert _run(postgres.url("payment"), f"SELECT amount FROM {table}") == [(38000,)]


def test_a_service_cannot_open_the_database_of_another(postgres: PostgreSQL) -> None:
    foreign = sqlalchemy.make_url(postgres.url("notify")).set(database="payment")
    with pytest.raises(DatabaseRefused, match="permission denied for database"):
        _run(foreign.render_as_string(hide_password=False), "SELECT 1")


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_a_service_cannot_open_the_servers_own_databases(postgres: PostgreSQL, database: str) -> None:
    foreign = sqlalchemy.make_url(postgres.url("notify")).set(database=database)
    with pytest.raises(DatabaseRefused, match="permission denied for database"):
        _run(foreign.render_as_string(hide_password=False), "SELECT 1")


def test_a_service_cannot_log_in_as_another(postgres: PostgreSQL) -> None:
    foreign = sqlalchemy.make_url(postgres.url("notify")).set(username="payment", database="payment")
    with pytest.raises(DatabaseRefused, match="password authentication failed"):
        _run(foreign.render_as_string(hide_password=False), "SELECT 1")


@pytest.mark.parametrize(
    "statement", ["CREATE DATABASE stolen", "CREATE ROLE stolen", "SELECT pg_read_file('PG_VERSION')"]
)
def test_a_service_has_no_rights_over_the_server(postgres: PostgreSQL, statement: str) -> None:
    engine = sqlalchemy.create_engine(postgres.url("payment"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def test_every_commit_waits_for_the_disk(postgres: PostgreSQL) -> None:
    assert postgres.run("SHOW fsync") == [("on",)]
    assert postgres.run("SHOW full_page_writes") == [("on",)]
    assert _run(postgres.url("payment"), "SHOW synchronous_commit") == [("on",)]


def test_postgresql_stops_without_a_trace(postgres: PostgreSQL) -> None:
    before = postgres.identity
    postgres.stop()
    assert before is not None
    assert not before.alive
    assert port_free(postgres.port)
    postgres.start()


def _payment_queue() -> kombu.Queue:
    return kombu.Queue(
        "payment.kept", _exchange("payments"), "payment.kept", queue_arguments={"x-queue-type": "quorum"}
    )


def test_persistent_messages_survive_a_kill_of_rabbitmq(rabbitmq: RabbitMQ) -> None:
    with kombu.Connection(rabbitmq.url("payment"), transport_options={"confirm_publish": True}) as connection:
        queue = _payment_queue()(connection.default_channel)
        queue.declare()
        connection.Producer(exchange=queue.exchange).publish("paid", routing_key=queue.routing_key)
    # RabbitMQ writes its list of quorum queues about once a second: younger ones do not survive.
    time.sleep(2)
    before = rabbitmq.identity
    rabbitmq.kill()
    assert not rabbitmq.alive
    rabbitmq.start()
    assert rabbitmq.identity != before
    with kombu.Connection(rabbitmq.url("payment")) as connection:
        queue = _payment_queue()(connection.default_channel)
        # A quorum queue elects its leader after the node is up.
        assert wait_until(lambda: (message := queue.get(no_ack=True)) and message.payload == "paid", 20)
        queue.delete()


def test_a_service_cannot_read_the_queue_of_another(rabbitmq: RabbitMQ) -> None:
    with (
        kombu.Connection(rabbitmq.url("notify")) as connection,
        pytest.raises(AccessRefused, match="rpc-payment"),
    ):
        kombu.Queue("rpc-payment")(connection.default_channel).declare()


def test_a_service_can_use_its_own_queues(rabbitmq: RabbitMQ) -> None:
    with kombu.Connection(rabbitmq.url("notify")) as connection:
        queue = kombu.Queue("notify.own.v1", _exchange("payments"), "payment.succeeded.v1", expires=60)
        queue(connection.default_channel).declare()
        queue(connection.default_channel).delete()


def test_a_service_cannot_send_the_event_of_another(rabbitmq: RabbitMQ) -> None:
    with kombu.Connection(rabbitmq.url("notify"), transport_options={"confirm_publish": True}) as connection:
        _exchange("payments")(connection.default_channel).declare()
        with pytest.raises(AccessRefused, match=r"topic 'payment\.succeeded\.v1'"):
            connection.Producer(exchange=_exchange("payments")).publish(
                "forged", routing_key="payment.succeeded.v1"
            )


def test_a_service_cannot_listen_to_the_requests_of_another(rabbitmq: RabbitMQ) -> None:
    with kombu.Connection(rabbitmq.url("notify")) as connection:
        overheard = kombu.Queue("rpc.reply-notify-1", _exchange("nameko-rpc"), "payment.*", expires=60)
        with pytest.raises(AccessRefused, match=r"topic 'payment\.\*'"):
            overheard(connection.default_channel).declare()


def _exchange(name: str) -> kombu.Exchange:
    return kombu.Exchange(name, type="topic", durable=True)


def test_the_migration_creates_every_event_queue_and_no_request_queue(rabbitmq: RabbitMQ) -> None:
    with kombu.Connection(rabbitmq.url(MIGRATION)) as connection:
        for service in SERVICES:
            kombu.Queue(f"{service}.something.v1", expires=60_000)(connection.default_channel).declare()
        with pytest.raises(AccessRefused):
            kombu.Queue("rpc-payment")(connection.channel()).declare()


def test_there_is_no_guest(rabbitmq: RabbitMQ) -> None:
    users = rabbitmq.control("list_users", "--no-table-headers").split()
    assert {*SERVICES, MIGRATION} <= set(users)
    assert "guest" not in users
    address = f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}/{VHOST}"
    with pytest.raises(AccessRefused), kombu.Connection(address) as connection:
        connection.connect()


def test_the_servers_listen_on_loopback_only(
    postgres: PostgreSQL, rabbitmq: RabbitMQ, server_ports: Ports
) -> None:
    ours = {
        server_ports.rabbitmq,
        server_ports.erlang_distribution,
        server_ports.erlang_port_mapper,
        server_ports.postgresql,
    }
    assert {port: address for address, port in _listening() if port in ours} == dict.fromkeys(
        ours, "0100007F"
    )


def test_rabbitmq_stops_without_a_trace(rabbitmq: RabbitMQ, server_ports: Ports) -> None:
    rabbitmq.stop()
    assert port_free(server_ports.rabbitmq)
    assert port_free(server_ports.erlang_port_mapper)
    rabbitmq.start()


def _listening() -> Iterator[tuple[str, int]]:
    """Address and port of every IPv4 socket that listens; the kernel writes 127.0.0.1 as 0100007F."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A":
            address, port = local.split(":")
            yield address, int(port, 16)
