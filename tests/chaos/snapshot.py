"""All books at one moment: UnionPay's ledger, the phones' inbox, and the services' tables, read past the services."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import requests

from deploy.local.supervisor import ROOT
from kit.crypto import KeyRing, hmac_sm3, index_key
from tests.chaos.journeys import Travelled

_PAGE = 500
WAITING = "orders waiting"
"""For their payers or for the end of their time: what only time settles."""

PAID_ONCE = frozenset({"paid", "refunding", "refunded"})
"""States of an order whose payment was its own."""

KIND_OF_EVENT = {
    "payment.succeeded.v1": "payment_succeeded", "payment.failed.v1": "payment_failed",
    "payment.refunded.v1": "payment_refunded", "payment.returned.v1": "payment_returned",
}  # fmt: skip
"""The reminder each event has."""

_OUTBOXES = ("payment",)
_INBOXES = ("notify", "payment")


@dataclass(frozen=True)
class LedgerEntry:
    """An order as UnionPay has it. Amounts in fen, `refunded` what went back; `lines` are the contributions the tax
    side got and was not told to take back (who, what, year)."""

    number: str
    status: str
    amount: int
    paid: bool
    transaction: str | None
    lines: tuple[tuple[str, str, str], ...] = ()
    refunded: int = 0


@dataclass(frozen=True)
class OrderRow:
    """An order as payment has it. `subjects` tell insured person, insurance type and year of each live line from all
    others; `person_numbers` are those of its items, `lines_amount` the sum of its lines."""

    order_id: str
    number: str
    state: str
    amount: int
    subjects: Sequence[str]
    person_numbers: Sequence[str]
    lines_amount: int
    transaction: str | None = None
    next_action_at: dt.datetime | None = None


@dataclass(frozen=True)
class RefundCase:
    """Money that must go back, and whether it did."""

    order_id: str
    transaction: str
    amount: int
    closed: bool = False


@dataclass(frozen=True)
class RefundRow:
    """A refund as payment has it: of a refund case, or of `items` items of an order."""

    refund_id: str
    order_id: str
    transaction: str
    amount: int
    state: str
    of_case: bool = False
    items: int = 0


@dataclass(frozen=True)
class EventRow:
    """An event in the outbox. `phones` are those its data names, `reason` a failure's code, `amount` a refund's."""

    event_id: str
    type: str
    order_id: str
    published: bool
    phones: frozenset[str]
    reason: str = ""
    refund_id: str = ""
    amount: int = 0
    occasion: str = ""


@dataclass(frozen=True)
class MessageRow:
    """A reminder as notify has it, with the event it is about."""

    message_id: str
    event_id: str
    kind: str
    phone: str
    state: str


@dataclass(frozen=True)
class InboxRow:
    """An event as a consumer has it."""

    service: str
    event_id: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class Sms:
    """What arrived on a phone. `message_id` is the SessionContext, `kind` the template's name."""

    message_id: str
    phone: str
    kind: str
    text: str


@dataclass(frozen=True)
class Snapshot:
    """Everything that is compared. `waiting_allowed`: orders may still wait for payers who have not come back.

    `kept_notifies` and `queues` name what was not processed: merOrderIds, and queues with messages left.
    """

    ledger: Sequence[LedgerEntry] = ()
    orders: Sequence[OrderRow] = ()
    cases: Sequence[RefundCase] = ()
    refunds: Sequence[RefundRow] = ()
    events: Sequence[EventRow] = ()
    messages: Sequence[MessageRow] = ()
    inbox: Sequence[InboxRow] = ()
    sms: Sequence[Sms] = ()
    journeys: Sequence[Travelled] = ()
    kept_notifies: Sequence[str] = ()
    queues: Sequence[str] = ()
    waiting_allowed: bool = False


class Opened(Protocol):
    """A running system whose servers answer its administrator, wherever they run."""

    @property
    def env(self) -> Mapping[str, str]: ...

    @property
    def sandbox_url(self) -> str: ...

    @property
    def postgresql(self) -> Any: ...

    @property
    def rabbitmq(self) -> Any: ...


def take(system: Opened, journeys: Sequence[Travelled] = (), waiting_allowed: bool = False) -> Snapshot:
    """Read all books. Nothing may be on its way, or they do not agree."""
    books = Books(system)
    events = books.events()
    return Snapshot(
        ledger=list(books.ledger()), orders=books.orders(), cases=books.cases(), refunds=books.refunds(),
        events=events, messages=books.messages(events), inbox=books.inbox(), sms=books.sms(), journeys=journeys,
        kept_notifies=books.kept_notifies(), queues=books.queues(), waiting_allowed=waiting_allowed,
    )  # fmt: skip


class Books:
    """Reads a running system's books with plain SQL and the sandbox's API."""

    def __init__(self, system: Opened) -> None:
        self._system = system
        self._keys = KeyRing.parse(system.env["PERSONAL_DATA_KEYS"])
        self._index_key = index_key(system.env["BLIND_INDEX_KEY"])
        self._api = f"{system.sandbox_url}/sandbox/api"

    def ledger(self) -> Iterator[LedgerEntry]:
        offset = 0
        while page := self._get("/ledger", limit=_PAGE, offset=offset)["orders"]:
            for entry in page:
                lines = [p for p in entry["postings"] if not p["reversed"]]
                yield LedgerEntry(
                    entry["merOrderId"], entry["status"], entry["totalAmount"], entry["payTime"] is not None,
                    entry["targetOrderId"], tuple((p["djxh"], p["xzlx"], p["jfnd"]) for p in lines), entry["refunded"],
                )  # fmt: skip
            offset += _PAGE

    def orders(self) -> list[OrderRow]:
        rows = self._rows(
            "payment",
            "SELECT order_id, mer_order_id, state, orders.amount,"
            " coalesce(array_agg(encode(insured_index, 'hex') || ' ' || insurance_type || ' ' || year)"
            " FILTER (WHERE live), '{}'),"
            " coalesce(array_agg(person_number) FILTER (WHERE line = 0), '{}'),"
            " coalesce(sum(order_lines.amount), 0)::bigint, transaction_id, next_action_at"
            " FROM orders LEFT JOIN order_lines USING (order_id) GROUP BY order_id",
        )
        return [OrderRow(*row) for row in rows]

    def cases(self) -> list[RefundCase]:
        statement = "SELECT order_id, transaction_id, amount, closed_at IS NOT NULL FROM refund_cases"
        return [RefundCase(*row) for row in self._rows("payment", statement)]

    def refunds(self) -> list[RefundRow]:
        statement = (
            "SELECT refund_id, order_id, transaction_id, amount, state, case_reason IS NOT NULL,"
            " (SELECT count(DISTINCT item) FROM refund_lines l WHERE l.refund_id = r.refund_id) FROM refunds r"
        )
        return [RefundRow(*row) for row in self._rows("payment", statement)]

    def events(self) -> list[EventRow]:
        statement = "SELECT event_id, type, aggregate, published_at IS NOT NULL, body FROM outbox ORDER BY id"
        return [
            self._event(
                event_id, type_, order_id, published, json.loads(json.loads(self._open(body, "outbox.body")))
            )
            for service in _OUTBOXES
            for event_id, type_, order_id, published, body in self._rows(service, statement)
        ]

    def _event(
        self, event_id: str, type_: str, order_id: str, published: bool, envelope: Mapping[str, Any]
    ) -> EventRow:
        event = _event(event_id, type_, order_id, published, envelope)
        paid = envelope["data"].get("contribution")
        return replace(event, occasion=self._occasion(envelope["source"], order_id, paid)) if paid else event

    def _occasion(self, source: str, order_id: str, paid: Mapping[str, Any]) -> str:
        """What notify keeps a reminder under, so that no other event about the same sends a second one."""
        years = ",".join(map(str, sorted(paid["years"])))
        told = ("messages.occasion", source, order_id, paid["social_number"], paid["insurance_type"], years)
        return hmac_sm3(self._index_key, "\0".join(told).encode()).hex()

    def messages(self, events: Sequence[EventRow]) -> list[MessageRow]:
        rows = self._rows("notify", "SELECT message_id, event_id, kind, phone, state FROM messages")
        about = {
            (event.occasion, KIND_OF_EVENT[event.type]): event.event_id for event in events if event.occasion
        }
        return [
            MessageRow(
                message_id, about.get((key, kind), key), kind, self._open(phone, "messages.phone"), state
            )
            for message_id, key, kind, phone, state in rows
        ]

    def inbox(self) -> list[InboxRow]:
        statement = "SELECT event_id, state, coalesce(reason, '') FROM inbox"
        return [InboxRow(service, *row) for service in _INBOXES for row in self._rows(service, statement)]

    def sms(self) -> list[Sms]:
        templates = json.loads((ROOT / self._system.env["SMS_TEMPLATES"]).read_text(encoding="utf-8"))[
            "templates"
        ]
        kinds = {template[key]: template["name"] for template in templates for key in ("id", "aliyun_id")}
        arrived = self._get("/sms", limit=10**6)["messages"]
        return [Sms(m["session_context"], m["phone"], kinds[m["template_id"]], m["text"]) for m in arrived]

    def kept_notifies(self) -> list[str]:
        rows = self._rows("payment", "SELECT mer_order_id FROM notifies WHERE processed_at IS NULL")
        return [row[0] for row in rows]

    def queues(self) -> list[str]:
        """Event queues that still hold messages."""
        listed = self._system.rabbitmq.control(
            "list_queues", "name", "messages", "--no-table-headers", "-p", "contribution"
        )
        rows = [line.split("\t") for line in listed.splitlines() if "\t" in line]
        return [f"{name}: {count}" for name, count in rows if count != "0" and not name.startswith("rpc")]

    def unsettled(self) -> dict[str, int]:
        """How much of each kind is still on its way; all zero means quiet, but for orders UnionPay waits for."""
        paid = {entry.number for entry in self.ledger() if entry.paid}
        orders, cases = self.orders(), {case.order_id for case in self.cases()}
        looked_after = [order for order in orders if order.next_action_at is not None]
        known = {order.number for order in orders if order.state in PAID_ONCE or order.order_id in cases}
        later = {order.number for order in looked_after if order.state == "closed"}
        return {
            "payments not seen": len(paid - known - later),
            WAITING: sum(order.number not in paid or order.number in later for order in looked_after),
            "refunds": self._count("payment", "refunds WHERE state NOT IN ('refunded', 'failed')"),
            "events": self._count("payment", "outbox WHERE published_at IS NULL"),
            "retries": sum(self._count(service, "inbox WHERE state = 'retry'") for service in _INBOXES),
            "notifies": len(self.kept_notifies()),
            "messages": self._count("notify", "messages WHERE state IN ('queued', 'sending')"),
            "queued": len(self.queues()),
        }

    def _count(self, service: str, what: str) -> int:
        return int(self._rows(service, f"SELECT count(*) FROM {what}")[0][0])

    def _rows(self, service: str, statement: str) -> list[Any]:
        return list(self._system.postgresql.run(statement, service))

    def _open(self, sealed: Any, context: str) -> str:
        return self._keys.open(bytes(sealed), context).decode()

    def _get(self, path: str, **asked: int) -> Any:
        answer = requests.get(self._api + path, params=asked, timeout=60)
        answer.raise_for_status()
        return answer.json()


def _event(
    event_id: str, type_: str, order_id: str, published: bool, envelope: Mapping[str, Any]
) -> EventRow:
    data = envelope["data"]
    told = data.get("contributions") or [data.get("contribution", data)]
    phones = frozenset(
        filter(None, (one.get(phone) for one in told for phone in ("payer_phone", "insured_phone")))
    )
    return EventRow(
        event_id, type_, order_id, published, phones, data.get("reason_code", ""), data.get("refund_id", ""),
        sum(one["amount"] for one in told),
    )  # fmt: skip
