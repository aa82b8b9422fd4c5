"""Publishing from the outbox on RabbitMQ and PostgreSQL: what was committed, confirmed, in order (design.md §6)."""

from __future__ import annotations

import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from contract.payment import OrderPlacedEvent, PaymentFailed
from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.clock import SystemClock
from kit.database import Database
from kit.outbox import Outbox
from tests.factories.payloads import event
from tests.factories.transactions import rolled_back
from tests.integration.kit.bus import Bus
from tests.integration.kit.running import Probe, Proxy, eventually, probe
from tests.integration.kit.tables import handled, outbox

WAITING = Outbox(outbox, "identity")


@pytest.fixture
def name() -> str:
    return f"a-{uuid.uuid4().hex[:12]}"


def _add(tx: Any, aggregate: str, number: int = 0) -> None:
    data = event(PaymentFailed, order_id=aggregate, reason_code="ok", reason=str(number))
    WAITING.add(tx, data, aggregate, SystemClock().now())


def _commit(database: Database, *aggregates: str) -> None:
    with database.transaction() as tx:
        for aggregate in aggregates:
            _add(tx, aggregate)


def _handled(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(handled.c.aggregate)).scalars())


def _unpublished(database: Database) -> int:
    with database.read() as connection:
        waiting = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
        return int(connection.execute(waiting).scalar_one())


def test_what_is_committed_is_published_and_what_is_rolled_back_is_not(
    served: Probe, database: Database, bus: Bus, name: str
) -> None:
    bus.start_listening()
    with rolled_back(database) as tx:
        _add(tx, f"{name}-never")
    _commit(database, name)
    eventually(lambda: _handled(database), Counter({name: 1}))
    assert [found["data"]["order_id"] for found in bus.heard()] == [name]
    eventually(lambda: _unpublished(database), 0)


def test_an_event_leaves_at_once_when_its_own_process_committed_it(
    served: Probe, database: Database, name: str
) -> None:
    _commit(database, f"{name}-warm")
    eventually(lambda: _unpublished(database), 0)
    delays = []
    for number in range(5):
        began = time.monotonic()
        requests.post(served.url("/publish"), json=[f"{name}-{number}"], timeout=10).raise_for_status()
        assert wait_until(lambda: _handled(database)[f"{name}-{number}"] == 1, 10, pause=0.01)  # noqa: B023
        delays.append(time.monotonic() - began)
    assert min(delays) < 0.8, "the relay is woken, it does not sleep its second out"


def test_an_aggregates_many_events_follow_one_another_without_a_pause(
    served: Probe, database: Database, name: str
) -> None:
    """An order for fifty people has fifty events; the last reminder must not come a minute after the first."""
    _commit(database, *[name] * 30)
    eventually(lambda: _handled(database), Counter({name: 30}), seconds=15)


def test_the_correlation_id_travels_from_the_request_into_the_event(
    served: Probe, database: Database, bus: Bus, name: str
) -> None:
    bus.start_listening()
    identifier = uuid.uuid4().hex
    requests.post(served.url("/publish"), json=[name], headers={"X-Request-Id": identifier}, timeout=10)
    eventually(lambda: _handled(database), Counter({name: 1}))
    (found,) = bus.heard()
    assert found["correlationid"] == identifier
    with database.read() as connection:
        assert connection.execute(select(handled.c.correlation_id)).scalar_one() == identifier


def test_events_nobody_takes_do_not_hold_up_the_others(served: Probe, database: Database, name: str) -> None:
    """They are confirmed out of order: the broker drops them at once, and a quorum writes the others first."""
    said_before = len(served.log)
    with database.transaction() as tx:
        for number in range(40):
            _add(tx, f"{name}-{number}")
            WAITING.add(tx, event(OrderPlacedEvent), f"{name}-unheard-{number}", SystemClock().now())
    eventually(lambda: _unpublished(database), 0, 20)
    eventually(lambda: sum(_handled(database).values()), 40, 20)
    assert "relay waits" not in served.log[said_before:]


def test_events_wait_for_a_broker_that_is_away(
    served: Probe, database: Database, rabbitmq: RabbitMQ, name: str
) -> None:
    pid = served.pid
    _commit(database, f"{name}-before")
    eventually(lambda: _unpublished(database), 0)
    rabbitmq.kill()
    _commit(database, *[f"{name}-{number}" for number in range(20)])
    time.sleep(3)
    assert _unpublished(database) == 20
    rabbitmq.start()
    eventually(lambda: sum(_handled(database).values()), 21, 60)
    assert set(_handled(database).values()) == {1}
    assert served.pid == pid and served.alive


def test_several_relays_publish_everything_and_each_aggregate_in_order(
    served: Probe, served_environment: dict[str, str], database: Database, bus: Bus,
    name: str, tmp_path: Path,
) -> None:  # fmt: skip
    bus.start_listening()
    # More aggregates than one relay takes at once, until both have taken some.
    aggregates, each, both = 250, 0, False
    with probe(("identity",), served_environment, tmp_path) as second:
        relays = (served, second)
        published = f'events_published_total{{event="{PaymentFailed.type}",service="identity"}}'
        before = [relay.metric(published) for relay in relays]
        while each < 6 or (each < 60 and not both):
            with database.transaction() as tx:
                for aggregate in range(aggregates):
                    _add(tx, f"{name}-{aggregate}", each)
            each += 1
            after = [relay.metric(published) for relay in relays]
            both = all(now > then for then, now in zip(before, after, strict=True))
        eventually(lambda: _unpublished(database), 0, 60)
    said: dict[str, list[int]] = defaultdict(list)
    for found in bus.heard():
        if (number := int(found["data"]["reason"])) not in said[found["subject"]]:
            said[found["subject"]].append(number)
    assert said == {f"{name}-{aggregate}": list(range(each)) for aggregate in range(aggregates)}
    assert both, "both took part"
    eventually(lambda: sum(_handled(database).values()), aggregates * each, 60)


def test_a_relay_killed_while_publishing_loses_nothing(served: Probe, database: Database, name: str) -> None:
    for batch in range(4):
        _commit(database, *[f"{name}-{batch}-{number}" for number in range(100)])
        wait_until(lambda: _unpublished(database) < 400, 5, pause=0.005)
        served.kill()
        served.start()
    eventually(lambda: sum(_handled(database).values()), 400, 60)
    assert set(_handled(database).values()) == {1}


@pytest.fixture
def proxy(rabbitmq: RabbitMQ) -> Iterator[Proxy]:
    proxy = Proxy(rabbitmq.port)
    yield proxy
    proxy.close()


def test_a_relay_whose_confirm_never_comes_tries_again_on_a_new_connection(
    served_environment: dict[str, str], database: Database, rabbitmq: RabbitMQ, proxy: Proxy,
    name: str, tmp_path: Path, probes: dict[str, Probe],
) -> None:  # fmt: skip
    if probes["identity"].alive:
        probes["identity"].stop()  # the only relay is the one behind the proxy
    url = served_environment["AMQP_URI"].replace(f":{rabbitmq.port}/", f":{proxy.port}/")
    with probe(("identity",), {**served_environment, "AMQP_URI": url}, tmp_path) as relaying:
        _commit(database, f"{name}-before")
        eventually(lambda: _unpublished(database), 0)
        opened = proxy.connections
        proxy.swallow_newest()
        _commit(database, name)
        time.sleep(2)
        assert _unpublished(database) == 1, "not confirmed is not published"
        eventually(lambda: _handled(database)[name], 1, 20)
        eventually(lambda: _unpublished(database), 0, 20)
        assert proxy.connections > opened
        assert "relay waits: the broker did not answer in time" in relaying.log
