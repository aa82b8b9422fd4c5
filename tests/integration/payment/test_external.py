"""What other tax systems tell, by plain AMQP and their own account, through RabbitMQ into PostgreSQL."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest
from sqlalchemy import select

from contract import events, schema
from contract.external import ExternalContribution
from contract.paid import ListPaid
from deploy.broker import EXAMPLE, MIGRATION
from deploy.environment import VHOST
from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.clock import SetClock
from kit.consumer import declare_queues
from kit.database import Database
from services.payment.domain.external import ExternalEvent, lines_of
from services.payment.models import external_payments, inbox
from services.payment.service import PaymentService
from services.payment.storage.external import ExternalStorage
from services.payment.usecases import ordering
from tests.fakes.payment_external import PUBLISHER_KEYS, SOURCE, failed, key_of, refunded, said, succeeded
from tests.fakes.payment_orders import INSURED, NOW, settings
from tests.integration.payment.databases import at_once, counted, wiring
from tests.integration.payment.running import running_payment


@pytest.fixture(scope="module")
def publisher(
    migrated: Database, rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[amqp.Channel]:
    """The channel of another tax system beside the running payment service."""
    folder = tmp_path_factory.mktemp("external")
    declare_queues(PaymentService, rabbitmq.url(MIGRATION))  # as kit.migrate does, before anybody can publish
    changed = {"amqp_uri": rabbitmq.url("payment"), "publisher_keys": PUBLISHER_KEYS}
    with (
        running_payment(migrated, folder, **changed),
        connect(rabbitmq) as connection,
    ):
        yield connection.channel()


def connect(rabbitmq: RabbitMQ) -> amqp.Connection:
    """As the other system's account."""
    url = urlsplit(rabbitmq.url(EXAMPLE))
    return amqp.Connection(
        f"{url.hostname}:{url.port}", url.username, url.password, virtual_host=VHOST, confirm_publish=True
    )


def text(event: ExternalEvent, event_id: str, **envelope: Any) -> str:
    return events.encode(
        event, event_id=event_id, source=envelope.pop("source", SOURCE), correlation_id="",
        subject=envelope.pop("subject", event.order_id), time=envelope.pop("time", NOW),
    )  # fmt: skip


def publish(channel: amqp.Channel, body: str | bytes, key: str, **properties: Any) -> None:
    values = {"content_type": "application/cloudevents+json", "delivery_mode": 2} | properties
    body = body.encode() if isinstance(body, str) else body
    channel.basic_publish_confirm(amqp.Message(body, **values), exchange="payments", routing_key=key)


def states(database: Database, order_id: str) -> list[str]:
    t = external_payments.c
    with database.read() as connection:
        mine = select(t.state).where(t.order_id == order_id).order_by(t.year)
        return list(connection.execute(mine).scalars())


def inboxed(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(inbox.c.state)).scalars())


def reasons(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(inbox.c.reason).where(inbox.c.state == "parked")).scalars())


def test_out_of_order_and_twice_it_is_one_refunded_payment(
    publisher: amqp.Channel, database: Database
) -> None:
    told = [(refunded("a"), "3"), (succeeded("a"), "1"), (failed("a"), "2"), (succeeded("a"), "1"),
            (succeeded("a"), str(uuid.uuid4()))]  # fmt: skip
    for event, event_id in told:
        publish(publisher, text(event, event_id), event.type)
    assert wait_until(lambda: inboxed(database) == Counter({"done": 4}), 20), inboxed(database)
    assert states(database, "a") == ["refunded"]


def test_a_query_finds_what_another_system_told(publisher: amqp.Channel, database: Database) -> None:
    publish(publisher, text(succeeded("b"), "b-1"), "payment.succeeded.v1")
    assert wait_until(lambda: states(database, "b") == ["paid"], 20)
    payment = wiring(database, settings(publisher_keys=PUBLISHER_KEYS), SetClock(NOW))
    found = ordering.list_paid(ListPaid(INSURED, 2026, 2026), payment)
    assert [(paid.amount, paid.channel.label) for paid in found.contributions] == [(40000, "微信城市服务")]


def _unfit() -> Sequence[tuple[str | bytes, dict[str, Any], str]]:
    """Hostile and broken messages, and a part of the reason each is parked for."""
    event = succeeded("c")
    told = json.loads(text(event, "c-1"))
    without = {
        **told,
        "data": {**told["data"], "contribution": {**told["data"]["contribution"], "amount": "400.00"}},
    }
    return [
        (b"\xff\xfe not text", {}, "not JSON"),
        ("[" * 100_000, {}, "not JSON"),
        ("{}", {"content_type": "application/x-python-serialize"}, "not a CloudEvent"),
        (json.dumps({**told, "specversion": "0.3"}), {}, "CloudEvents 1.0"),
        (json.dumps({**told, "type": "order.placed.v1"}), {}, "came where"),
        (json.dumps(without), {"content_encoding": "gzip"}, "PaymentSucceeded does not fit its schema"),
        (json.dumps({**told, "source": "/nobody"}), {}, "PUBLISHER_KEYS"),
        (text(replace(event, contribution=replace(event.contribution, external=None)), "c-2"), {}, "is missing"),
        (text(succeeded("c", external=ExternalContribution("x" * 64)), "c-3"), {}, "64 hex digits"),
        (text(event, "c-4", subject="d"), {}, "subject"),
        (text(succeeded("c", years=(2026, 2026)), "c-5"), {}, "years"),
        (text(succeeded("c", agency_name="\0"), "c-6"), {}, "agency_name"),
    ]  # fmt: skip


def test_what_does_not_fit_is_parked_with_the_reason_and_stops_nothing(
    publisher: amqp.Channel, database: Database
) -> None:
    unfit = _unfit()
    for body, properties, _ in unfit:
        publish(publisher, body, "payment.succeeded.v1", **properties)
    publish(publisher, text(succeeded("e"), "e-1"), "payment.succeeded.v1")
    assert wait_until(lambda: inboxed(database) == Counter({"parked": len(unfit), "done": 1}), 30), inboxed(
        database
    )
    assert states(database, "e") == ["paid"] and states(database, "c") == []
    for _, _, reason in unfit:
        assert any(reason in known for known in reasons(database)), reason
    assert "\udc00" not in "".join(reasons(database)) and "450103197806122040" not in "".join(
        reasons(database)
    )


def test_our_own_events_are_not_taken_for_others(publisher: amqp.Channel, database: Database) -> None:
    ours = text(succeeded("f"), "f-1", source=events.OWN_SOURCES + "payment")
    publish(publisher, ours, "payment.succeeded.v1")
    publish(publisher, text(succeeded("g"), "g-1"), "payment.succeeded.v1")
    assert wait_until(lambda: states(database, "g") == ["paid"], 20)
    assert states(database, "f") == [] and inboxed(database) == Counter({"done": 1})


def test_the_account_may_tell_of_payments_and_nothing_else(
    rabbitmq: RabbitMQ, publisher: amqp.Channel
) -> None:
    for forbidden in ("order.placed.v1", "person.erased.v1", "payment.succeeded.v2"):
        with connect(rabbitmq) as connection, pytest.raises(amqp.AccessRefused):
            publish(connection.channel(), "{}", forbidden)


def test_events_of_one_order_heard_all_at_once_leave_one_line(database: Database) -> None:
    """Several replicas hear them at the same moment."""
    storage, told = ExternalStorage(), [refunded("h"), succeeded("h"), failed("h")]
    external = ExternalContribution(key_of(INSURED), amounts=(20000, 20000))

    def hear(n: int) -> None:
        event = told[n % 3]
        event = replace(
            event, contribution=replace(event.contribution, years=(2025, 2026), external=external)
        )
        lines = lines_of(event, said(event, str(n)))
        for line in sorted(lines, key=lambda line: line.line_key):
            with database.transaction() as tx:
                storage.keep(tx, line, NOW)

    assert at_once(hear, 30) == [None] * 30
    assert states(database, "h") == ["refunded", "refunded"]
    assert counted(database, external_payments) == 2


def test_names_and_numbers_are_nowhere_in_the_database(database: Database) -> None:
    event = succeeded("i", insured_name="韦秀兰", social_number="450103197806122040")
    with database.transaction() as tx:
        for line in lines_of(event, said(event)):
            ExternalStorage().keep(tx, line, NOW)
        dump = str(tx.execute(select(external_payments).with_only_columns(
            *(column.label(column.name) for column in external_payments.c
              if type(column.type).__name__ not in ("EncryptedText", "EncryptedJson", "BlindIndex"))
        )).all())  # fmt: skip
    assert "450103197806122040" not in dump and "韦" not in dump and key_of(INSURED) not in dump
    assert schema.dump(event)
