"""The audit: what must be true of the books whatever was killed, lost or doubled (design.md §5, §6).

Each rule is a function over a snapshot that yields what violates it, with the ids to look at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.snapshot import KIND_OF_EVENT, PAID_ONCE, MessageRow, OrderRow, RefundRow, Sms, Snapshot

_SUCCEEDED, _FAILED = "payment.succeeded.v1", "payment.failed.v1"
_REFUNDED, _RETURNED = "payment.refunded.v1", "payment.returned.v1"
_EVENT_OF_STATE = {**dict.fromkeys(PAID_ONCE, _SUCCEEDED), "closed": _FAILED, "failed": _FAILED}
_FINAL = frozenset({"paid", "closed", "failed", "refunded"})
_TOLD_NOTHING = "closed_by_payer"
_LOGIN_CODE = "login_code"


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold, and where to look."""

    rule: str
    what: str
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}: {self.what} [{', '.join(self.ids)}]"


Found = Iterator[tuple[str, tuple[str, ...]]]


def audit(books: Snapshot) -> list[Violation]:
    """Every violation of every rule."""
    return [
        Violation((rule.__doc__ or "").rstrip("."), what, ids) for rule in RULES for what, ids in rule(books)
    ]


def money_has_its_order(books: Snapshot) -> Found:
    """All money UnionPay took belongs to one paid order of the same amount, or to a refund case."""
    orders = {order.number: order for order in books.orders}
    cases = {(case.order_id, case.transaction): case for case in books.cases}
    for entry in books.ledger:
        if not entry.paid:
            continue
        order = orders.get(entry.number)
        if order is None:
            yield "paid at UnionPay, unknown to us", (entry.number,)
        elif order.state in PAID_ONCE and order.transaction == entry.transaction:
            if order.amount != entry.amount:
                yield (
                    f"{entry.amount} fen taken for an order of {order.amount}",
                    (order.order_id, entry.number),
                )
        elif case := cases.get((order.order_id, entry.transaction or "")):
            if case.amount != entry.amount:
                yield (
                    f"refund case of {case.amount} fen for {entry.amount} taken",
                    (order.order_id, entry.number),
                )
        elif not (books.waiting_allowed and order.state == "closed" and order.next_action_at):
            yield f"money taken, the order is {order.state}, no refund case", (order.order_id, entry.number)


def amounts_add_up(books: Snapshot) -> Found:
    """Every order asks for the sum of its lines, and has lines."""
    for order in books.orders:
        if order.amount != order.lines_amount or not order.person_numbers:
            yield f"{order.amount} fen for lines of {order.lines_amount}", (order.order_id, order.number)


def paid_orders_have_money(books: Snapshot) -> Found:
    """No order is paid, and no refund case open, without UnionPay's money."""
    taken = {entry.number: entry for entry in books.ledger if entry.paid}
    transactions = {entry.transaction for entry in taken.values()}
    for order in books.orders:
        if order.state in PAID_ONCE and order.number not in taken:
            yield "paid here, not at UnionPay", (order.order_id, order.number)
    for case in books.cases:
        if case.transaction not in transactions:
            yield "refund case for money never taken", (case.order_id, case.transaction)


def nobody_pays_twice(books: Snapshot) -> Found:
    """Nobody's year of an insurance type is paid twice without a refund case."""
    returned = {case.order_id for case in books.cases}
    paid: defaultdict[str, list[OrderRow]] = defaultdict(list)
    for order in books.orders:
        if order.state in PAID_ONCE and order.order_id not in returned:
            for subject in order.subjects:
                paid[subject].append(order)
    for orders in paid.values():
        if len(orders) > 1:
            yield f"paid {len(orders)} times", tuple(order.order_id for order in orders)
    cases = {case.transaction for case in books.cases}
    kept = [entry for entry in books.ledger if entry.paid and entry.transaction not in cases]
    for line, count in Counter(line for entry in kept for line in entry.lines).items():
        if count > 1:
            yield (
                f"the tax side got {' '.join(line)} {count} times",
                tuple(e.number for e in kept if line in e.lines),
            )


def orders_end(books: Snapshot) -> Found:
    """No order is stuck: it ends, and until then it has a time at which it is looked at."""
    for order in books.orders:
        if order.state == "refunding":
            yield "still refunding", (order.order_id, order.number)
        elif order.state not in _FINAL and order.next_action_at is None:
            yield f"{order.state}, and nobody will look at it", (order.order_id, order.number)
        elif order.next_action_at is not None and not books.waiting_allowed:
            yield f"still {order.state} and looked after", (order.order_id, order.number)


def one_event_per_outcome(books: Snapshot) -> Found:
    """Every outcome was announced once for each item, by the right event, and nothing else was."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for event in books.events:
        if event.type in (_SUCCEEDED, _FAILED):
            said[event.order_id].append(event.type)
    for order in books.orders:
        wanted = (
            [_EVENT_OF_STATE[order.state]] * len(order.person_numbers)
            if order.state in _EVENT_OF_STATE
            else []
        )
        if (events := said.pop(order.order_id, [])) != wanted:
            yield f"{order.state}, announced {events or 'nothing'}", (order.order_id,)
    for order_id, events in said.items():
        yield f"{events} about an order that does not exist", (order_id,)


def refunds_agree(books: Snapshot) -> Found:
    """Every refund ended, once, at UnionPay as with us, and was announced by its events and no other."""
    numbers = {order.order_id: order.number for order in books.orders}
    ours: Counter[str] = Counter()
    for refund in books.refunds:
        if refund.state != "refunded":
            yield f"a refund is {refund.state}", (refund.refund_id, refund.order_id)
        else:
            ours[numbers.get(refund.order_id, refund.order_id)] += refund.amount
    for entry in books.ledger:
        if (amount := ours.pop(entry.number, 0)) != entry.refunded:
            yield f"UnionPay gave back {entry.refunded} fen, we {amount}", (entry.number,)
    for number, amount in ours.items():
        yield f"{amount} fen given back of an order UnionPay does not know", (number,)
    yield from _refunds_are_told(books)
    begun = {(refund.order_id, refund.transaction) for refund in books.refunds if refund.of_case}
    for case in books.cases:
        if not case.closed or (case.order_id, case.transaction) not in begun:
            yield "a refund case is open, or nobody gives its money back", (case.order_id, case.transaction)


def _refunds_are_told(books: Snapshot) -> Found:
    told: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for event in books.events:
        if event.type in (_REFUNDED, _RETURNED):
            told[event.refund_id].append((event.type, event.amount))
    for refund in books.refunds:
        events = told.pop(refund.refund_id, [])
        types = _told_by(refund)
        if [type_ for type_, _ in events] != types or (types and sum(n for _, n in events) != refund.amount):
            yield f"{refund.state}, announced {events or 'nothing'}", (refund.refund_id, refund.order_id)
    for refund_id, events in told.items():
        yield f"{events} about a refund that does not exist", (refund_id,)


def _told_by(refund: RefundRow) -> list[str]:
    if refund.state != "refunded":
        return []
    return [_RETURNED] if refund.of_case else [_REFUNDED] * refund.items


def events_arrive(books: Snapshot) -> Found:
    """Every event is published and handled; nothing waits, is parked or is left in a queue."""
    for event in books.events:
        if not event.published:
            yield f"{event.type} was not published", (event.event_id, event.order_id)
    done = {row.event_id for row in books.inbox if row.state == "done"}
    for event in books.events:
        if event.type in KIND_OF_EVENT and event.published and event.event_id not in done:
            yield f"{event.type} did not reach notify", (event.event_id, event.order_id)
    for row in books.inbox:
        if row.state != "done":
            yield f"{row.state} in the inbox of {row.service}: {row.reason}", (row.event_id,)
    for number in books.kept_notifies:
        yield "a genuine notify was not processed", (number,)
    for queue in books.queues:
        yield "messages are left in a queue", (queue,)


def one_reminder_each(books: Snapshot) -> Found:
    """Every event has one reminder per phone it names, sent; what the payer closed has none."""
    written: defaultdict[str, list[MessageRow]] = defaultdict(list)
    for message in books.messages:
        written[message.event_id].append(message)
        if message.state not in ("sent", "delivered"):
            yield f"reminder is {message.state}", (message.message_id, message.event_id)
    for event in books.events:
        if event.type not in KIND_OF_EVENT:
            continue
        phones = () if event.reason == _TOLD_NOTHING else event.phones
        wanted = Counter((phone, KIND_OF_EVENT[event.type]) for phone in phones)
        found = Counter((message.phone, message.kind) for message in written.pop(event.event_id, []))
        if found != wanted:
            yield (
                f"{found.total()} reminders of {event.type} where {wanted.total()} are due",
                (event.event_id, event.order_id),
            )
    for event_id, messages in written.items():
        yield "reminders of an event that does not exist", (event_id, *(m.message_id for m in messages))


def one_sms_per_reminder(books: Snapshot) -> Found:
    """Every reminder reached its phone once, and no phone got any other."""
    arrived: defaultdict[str, list[Sms]] = defaultdict(list)
    reminders = [sms for sms in books.sms if sms.kind != _LOGIN_CODE]
    for sms in reminders:
        arrived[sms.message_id].append(sms)
    for message in books.messages:
        got = [(sms.phone, sms.kind) for sms in arrived.pop(message.message_id, [])]
        if got != [(message.phone, message.kind)]:
            yield f"a reminder arrived {len(got)} times", (message.message_id, message.event_id)
    for message_id, several in arrived.items():
        yield f"{len(several)} SMS nobody wrote", (message_id,)
    for (phone, _), count in Counter((sms.phone, sms.text) for sms in reminders).items():
        if count > 1:
            yield f"a phone got the same text {count} times", (phone,)


def success_only_when_paid(books: Snapshot) -> Found:
    """Nobody is told of a success that is none."""
    orders = {order.order_id: order for order in books.orders}
    order_of = {event.event_id: event.order_id for event in books.events}
    events = {message.message_id: message.event_id for message in books.messages}
    for sms in books.sms:
        if sms.kind != KIND_OF_EVENT[_SUCCEEDED]:
            continue
        order = orders.get(order_of.get(events.get(sms.message_id, ""), ""))
        if (
            order is None
            or order.state not in PAID_ONCE
            or not any(n in sms.text for n in order.person_numbers)
        ):
            state = order.state if order else "unknown"
            yield f"told of success, the order is {state}", (sms.message_id, order.order_id if order else "")


def people_saw_the_truth(books: Snapshot) -> Found:
    """Every journey came to its end; who was shown paid is paid, and who paid was shown it."""
    orders = {order.order_id: order for order in books.orders}
    money = {entry.number for entry in books.ledger if entry.paid}
    returned = {case.order_id for case in books.cases}
    for one in books.journeys:
        name = f"journey {one.journey.number} ({one.journey.kind}, {one.journey.way})"
        if one.failure:
            yield f"{name} ended with {one.failure}", tuple(sorted(one.diary.orders))
        for order_id in sorted(one.diary.orders | one.diary.seen.keys() | one.diary.pressed):
            order, seen = orders.get(order_id), one.diary.seen.get(order_id)
            if order is None:
                yield f"{name} was given an order that does not exist", (order_id,)
            elif seen in PAID_ONCE and order.state not in PAID_ONCE:
                yield f"{name} was shown paid, the order is {order.state}", (order_id,)
            elif order_id in one.diary.pressed and order.number not in money:
                yield f"{name} paid at the cashier, UnionPay has no money", (order_id, order.number)
            elif order_id in one.diary.pressed and not (
                seen in PAID_ONCE or _returns(order, seen, returned, books)
            ):
                yield f"{name} paid and last saw {seen}", (order_id, order.number)


def _returns(order: OrderRow, seen: str | None, returned: set[str], books: Snapshot) -> bool:
    """Whether the money of an order shown as closed goes back, or will be found at the end of the order's time."""
    if seen != "closed":
        return False
    return order.order_id in returned or (books.waiting_allowed and order.next_action_at is not None)


RULES: Iterable[Callable[[Snapshot], Found]] = (
    money_has_its_order, amounts_add_up, paid_orders_have_money, nobody_pays_twice, orders_end, one_event_per_outcome,
    refunds_agree, events_arrive, one_reminder_each, one_sms_per_reminder, success_only_when_paid, people_saw_the_truth,
)  # fmt: skip
