"""The audit finds what it is for: every violation is planted once into books that agree, and must be reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import audit as rules
from tests.chaos.audit import RULES, audit
from tests.chaos.journeys import Travelled
from tests.chaos.person import Diary
from tests.chaos.plan import Journey, Kind, Way
from tests.chaos.snapshot import (
    EventRow,
    InboxRow,
    LedgerEntry,
    MessageRow,
    OrderRow,
    RefundCase,
    RefundRow,
    Sms,
    Snapshot,
)

_PHONE, _OTHER = "13900000000", "13900000001"
_LINE = ("reg-1", "10212", "2026")


def agreeing_books() -> Snapshot:
    """One order that was paid, one that expired, one that its payer closed, one closed and paid late, one refunded."""
    events = [
        _event("e-paid", "payment.succeeded.v1", "o-paid"), _event("e-expired", "payment.failed.v1", "o-expired"),
        _event("e-given-up", "payment.failed.v1", "o-given-up", "closed_by_payer"),
        _event("e-late", "payment.failed.v1", "o-late"),
        _event("e-back", "payment.succeeded.v1", "o-back"),
        _event("e-returned", "payment.returned.v1", "o-late", refund_id="r-late"),
        _event("e-refunded", "payment.refunded.v1", "o-back", refund_id="r-back"),
        _event("e-placed", "order.placed.v1", "o-paid"),
    ]  # fmt: skip
    messages = [
        MessageRow("m-paid", "e-paid", "payment_succeeded", _PHONE, "sent"),
        MessageRow("m-expired", "e-expired", "payment_failed", _PHONE, "sent"),
        MessageRow("m-late", "e-late", "payment_failed", _PHONE, "sent"),
        MessageRow("m-back", "e-back", "payment_succeeded", _PHONE, "sent"),
        MessageRow("m-returned", "e-returned", "payment_returned", _PHONE, "sent"),
        MessageRow("m-refunded", "e-refunded", "payment_refunded", _PHONE, "sent"),
    ]
    diary = Diary(orders={"o-paid"}, pressed={"o-paid"}, seen={"o-paid": "paid"})
    return Snapshot(
        ledger=[
            LedgerEntry("n-paid", "TRADE_SUCCESS", 40000, True, "t-paid", (_LINE,)),
            LedgerEntry("n-expired", "TRADE_CLOSED", 40000, False, None),
            LedgerEntry("n-late", "TRADE_REFUND", 40000, True, "t-late", (), 40000),
            LedgerEntry("n-back", "TRADE_REFUND", 40000, True, "t-back", (), 40000),
        ],
        orders=[
            _order("paid", "paid", transaction="t-paid"), _order("expired", "closed"), _order("given-up", "closed"),
            _order("late", "closed"), _order("back", "refunded", transaction="t-back"),
        ],
        cases=[RefundCase("o-late", "t-late", 40000, closed=True)],
        refunds=[
            RefundRow("r-late", "o-late", "t-late", 40000, "refunded", of_case=True),
            RefundRow("r-back", "o-back", "t-back", 40000, "refunded", items=1),
        ],
        events=events, messages=messages,
        inbox=[InboxRow("notify", event.event_id, "done") for event in events[:-1]],
        sms=[
            Sms("m-paid", _PHONE, "payment_succeeded", "成功 p-paid"),
            Sms("m-expired", _PHONE, "payment_failed", "失败 1"), Sms("m-late", _PHONE, "payment_failed", "失败 2"),
            Sms("m-back", _PHONE, "payment_succeeded", "成功 p-back"),
            Sms("m-returned", _PHONE, "payment_returned", "退回"),
            Sms("m-refunded", _PHONE, "payment_refunded", "已退费"),
            Sms("", _PHONE, "login_code", "123456"),
        ],
        journeys=[Travelled(Journey(0, Kind.PAYS, Way.API), diary)],
    )  # fmt: skip


def _order(name: str, state: str, transaction: str | None = None) -> OrderRow:
    return OrderRow(
        f"o-{name}", f"n-{name}", state, 40000, (f"somebody {name}",), (f"p-{name}",), 40000, transaction
    )


def _event(event_id: str, type_: str, order_id: str, reason: str = "", refund_id: str = "") -> EventRow:
    return EventRow(event_id, type_, order_id, True, frozenset({_PHONE}), reason, refund_id, 40000)


def _with(books: Snapshot, name: str, index: int, **changes: Any) -> Snapshot:
    """Books with one row changed."""
    rows = list(getattr(books, name))
    rows[index] = replace(rows[index], **changes)
    return _replaced(books, name, rows)


def _without(books: Snapshot, name: str, index: int) -> Snapshot:
    rows = list(getattr(books, name))
    del rows[index]
    return _replaced(books, name, rows)


def _and(books: Snapshot, name: str, *rows: Any) -> Snapshot:
    return _replaced(books, name, [*getattr(books, name), *rows])


def _replaced(books: Snapshot, name: str, rows: list[Any]) -> Snapshot:
    changes: dict[str, Any] = {name: rows}
    return replace(books, **changes)


def _journey(books: Snapshot, failure: str = "", **diary: Any) -> Snapshot:
    kept = replace(books.journeys[0].diary, **diary)
    return replace(books, journeys=[replace(books.journeys[0], diary=kept, failure=failure)])


_SOON = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

PLANTED: Sequence[tuple[Callable[..., Any], str, Callable[[Snapshot], Snapshot], str]] = [
    (rules.money_has_its_order, "unknown to us",
     lambda b: _and(b, "ledger", LedgerEntry("n-lost", "TRADE_SUCCESS", 1, True, "t")), "n-lost"),
    (rules.money_has_its_order, "fen taken for an order", lambda b: _with(b, "ledger", 0, amount=1), "o-paid"),
    (rules.money_has_its_order, "no refund case", lambda b: _without(b, "cases", 0), "o-late"),
    (rules.money_has_its_order, "no refund case", lambda b: _with(b, "ledger", 0, transaction="t-2"), "o-paid"),
    (rules.amounts_add_up, "for lines of", lambda b: _with(b, "orders", 0, lines_amount=1), "o-paid"),
    (rules.one_event_per_outcome, "announced",
     lambda b: _with(b, "orders", 0, person_numbers=("p-paid", "p-other")), "o-paid"),
    (rules.money_has_its_order, "refund case of", lambda b: _with(b, "cases", 0, amount=1), "o-late"),
    (rules.money_has_its_order, "is submitted", lambda b: _with(b, "orders", 0, state="submitted"), "o-paid"),
    (rules.paid_orders_have_money, "not at UnionPay", lambda b: _with(b, "ledger", 0, paid=False), "o-paid"),
    (rules.paid_orders_have_money, "never taken", lambda b: _with(b, "ledger", 2, paid=False), "o-late"),
    (rules.nobody_pays_twice, "paid 2 times",
     lambda b: _and(b, "orders", replace(b.orders[0], order_id="o-again", number="n-again")), "o-again"),
    (rules.nobody_pays_twice, "the tax side got",
     lambda b: _and(b, "ledger", LedgerEntry("n-again", "TRADE_SUCCESS", 1, True, "t-again", (_LINE,))), "n-again"),
    (rules.orders_end, "nobody will look", lambda b: _with(b, "orders", 1, state="unknown"), "o-expired"),
    (rules.orders_end, "still closed", lambda b: _with(b, "orders", 1, next_action_at=_SOON), "o-expired"),
    (rules.orders_end, "still submitted",
     lambda b: _with(b, "orders", 1, state="submitted", next_action_at=_SOON), "o-expired"),
    (rules.one_event_per_outcome, "announced nothing", lambda b: _without(b, "events", 0), "o-paid"),
    (rules.one_event_per_outcome, "announced nothing", lambda b: _without(b, "events", 1), "o-expired"),
    (rules.one_event_per_outcome, "paid, announced",
     lambda b: _and(b, "events", _event("e-2", "payment.succeeded.v1", "o-paid")), "o-paid"),
    (rules.one_event_per_outcome, "closed, announced",
     lambda b: _and(b, "events", _event("e-2", "payment.failed.v1", "o-expired")), "o-expired"),
    (rules.one_event_per_outcome, "closed, announced",
     lambda b: _with(b, "events", 1, type="payment.succeeded.v1"), "o-expired"),
    (rules.one_event_per_outcome, "does not exist", lambda b: _with(b, "events", 0, order_id="o-9"), "o-9"),
    (rules.orders_end, "still refunding", lambda b: _with(b, "orders", 4, state="refunding"), "o-back"),
    (rules.refunds_agree, "a refund is unknown", lambda b: _with(b, "refunds", 1, state="unknown"), "r-back"),
    (rules.refunds_agree, "UnionPay gave back 0 fen", lambda b: _with(b, "ledger", 3, refunded=0), "n-back"),
    (rules.refunds_agree, "UnionPay gave back 80000 fen", lambda b: _with(b, "ledger", 3, refunded=80000), "n-back"),
    (rules.refunds_agree, "UnionPay gave back 40000 fen, we 0", lambda b: _without(b, "refunds", 1), "n-back"),
    (rules.refunds_agree, "UnionPay does not know", lambda b: _without(b, "ledger", 3), "n-back"),
    (rules.refunds_agree, "announced nothing", lambda b: _without(b, "events", 6), "r-back"),
    (rules.refunds_agree, "announced", lambda b: _and(b, "events", b.events[6]), "r-back"),
    (rules.refunds_agree, "announced", lambda b: _with(b, "events", 6, amount=1), "r-back"),
    (rules.refunds_agree, "does not exist", lambda b: _with(b, "events", 6, refund_id="r-9"), "r-9"),
    (rules.refunds_agree, "a refund case is open", lambda b: _with(b, "cases", 0, closed=False), "o-late"),
    (rules.refunds_agree, "nobody gives", lambda b: _with(b, "refunds", 0, of_case=False), "o-late"),
    (rules.events_arrive, "was not published", lambda b: _with(b, "events", 0, published=False), "e-paid"),
    (rules.events_arrive, "did not reach notify", lambda b: _without(b, "inbox", 0), "e-paid"),
    (rules.events_arrive, "parked in the inbox", lambda b: _with(b, "inbox", 0, state="parked"), "e-paid"),
    (rules.events_arrive, "retry in the inbox", lambda b: _with(b, "inbox", 0, state="retry"), "e-paid"),
    (rules.events_arrive, "notify was not processed", lambda b: replace(b, kept_notifies=["n-paid"]), "n-paid"),
    (rules.events_arrive, "left in a queue", lambda b: replace(b, queues=["notify.x: 1"]), "notify.x: 1"),
    (rules.one_reminder_each, "is sending", lambda b: _with(b, "messages", 0, state="sending"), "m-paid"),
    (rules.one_reminder_each, "is undelivered", lambda b: _with(b, "messages", 0, state="undelivered"), "m-paid"),
    (rules.one_reminder_each, "0 reminders", lambda b: _without(b, "messages", 0), "e-paid"),
    (rules.one_reminder_each, "2 reminders",
     lambda b: _and(b, "messages", replace(b.messages[0], message_id="m-2")), "e-paid"),
    (rules.one_reminder_each, "where 2 are due",
     lambda b: _with(b, "events", 0, phones=frozenset({_PHONE, _OTHER})), "e-paid"),
    (rules.one_reminder_each, "where 0 are due",
     lambda b: _and(b, "messages", MessageRow("m-2", "e-given-up", "payment_failed", _PHONE, "sent")), "e-given-up"),
    (rules.one_reminder_each, "does not exist", lambda b: _with(b, "messages", 0, event_id="e-9"), "e-9"),
    (rules.one_sms_per_reminder, "arrived 0 times", lambda b: _without(b, "sms", 0), "m-paid"),
    (rules.one_sms_per_reminder, "arrived 2 times", lambda b: _and(b, "sms", b.sms[0]), "m-paid"),
    (rules.one_sms_per_reminder, "arrived 1 times", lambda b: _with(b, "sms", 0, phone=_OTHER), "m-paid"),
    (rules.one_sms_per_reminder, "nobody wrote",
     lambda b: _and(b, "sms", Sms("m-9", _OTHER, "payment_succeeded", "成功")), "m-9"),
    (rules.one_sms_per_reminder, "the same text",
     lambda b: _and(b, "sms", replace(b.sms[0], message_id="m-9")), _PHONE),
    (rules.success_only_when_paid, "the order is closed", lambda b: _with(b, "orders", 0, state="closed"), "o-paid"),
    (rules.success_only_when_paid, "the order is paid", lambda b: _with(b, "sms", 0, text="成功"), "m-paid"),
    (rules.success_only_when_paid, "is unknown", lambda b: _with(b, "sms", 0, message_id="m-9"), "m-9"),
    (rules.people_saw_the_truth, "ended with", lambda b: _journey(b, failure="GaveUp"), "o-paid"),
    (rules.people_saw_the_truth, "does not exist", lambda b: _journey(b, orders={"o-paid", "o-9"}), "o-9"),
    (rules.people_saw_the_truth, "was shown paid",
     lambda b: _journey(b, seen={"o-paid": "paid", "o-expired": "paid"}), "o-expired"),
    (rules.people_saw_the_truth, "last saw submitted", lambda b: _journey(b, seen={"o-paid": "submitted"}), "o-paid"),
    (rules.people_saw_the_truth, "last saw None", lambda b: _journey(b, seen={}), "o-paid"),
    (rules.people_saw_the_truth, "UnionPay has no money",
     lambda b: _journey(b, pressed={"o-paid", "o-expired"}), "o-expired"),
]  # fmt: skip


def test_books_that_agree_have_no_violation() -> None:
    assert audit(agreeing_books()) == []


def test_orders_may_wait_for_their_payers_before_their_time_is_over() -> None:
    books = _with(agreeing_books(), "orders", 1, state="submitted", next_action_at=_SOON)
    waiting = replace(_without(_without(books, "sms", 1), "messages", 1), waiting_allowed=True)
    assert audit(_without(_without(waiting, "inbox", 1), "events", 1)) == []


@pytest.mark.parametrize(
    ("rule", "what", "plant", "where"), PLANTED, ids=lambda value: value if isinstance(value, str) else None
)
def test_planted_violation_is_reported_by_its_rule(
    rule: Callable[..., Any], what: str, plant: Callable[[Snapshot], Snapshot], where: str
) -> None:
    found = list(rule(plant(agreeing_books())))
    assert any(what in text and where in ids for text, ids in found), found
    assert audit(plant(agreeing_books())), "the whole audit runs this rule"


def test_money_of_a_closed_order_may_be_found_at_the_end_of_its_time_but_not_later() -> None:
    books = _without(_with(agreeing_books(), "orders", 3, next_action_at=_SOON), "cases", 0)
    assert list(rules.money_has_its_order(replace(books, waiting_allowed=True))) == []
    assert list(rules.money_has_its_order(books))


def test_every_rule_has_planted_violations() -> None:
    assert {rule for rule, *_ in PLANTED} == set(RULES)
