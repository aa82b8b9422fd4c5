"""What must be true of every order's book at any time, whatever was killed, lost or doubled. Nothing here is stored."""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract.money import yuan_text
from contract.payment import OrderPlacedEvent, OrderState
from contract.refunds import PaymentRefunded, PaymentReturned, RefundState
from services.payment.domain.books import Book, Case, Step
from services.payment.domain.orders import EDGES, LIVE
from services.payment.domain.refunds import REFUND_EDGES, Refund


class Kind(enum.StrEnum):
    """What can be wrong, in an operator's words as `label`."""

    UNREADABLE = "unreadable"
    ALTERED = "altered"
    AMOUNT = "amount"
    LIVE = "live"
    DOUBLE_LIVE = "double_live"
    STATE = "state"
    HISTORY = "history"
    EVENT = "event"
    STRAY_EVENT = "stray_event"
    REFUND = "refund"
    CASE = "case"
    UNBOOKED = "unbooked"
    STRAY_NOTIFY = "stray_notify"
    NO_NEXT_ACTION = "no_next_action"
    IMBALANCE = "imbalance"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Kind.UNREADABLE: "记录无法读取",
    Kind.ALTERED: "记录与封印不符",
    Kind.AMOUNT: "订单金额不等于明细合计",
    Kind.LIVE: "占用标志与状态不符",
    Kind.DOUBLE_LIVE: "同一人同一险种同一年度有两笔有效缴费",
    Kind.STATE: "订单状态与付款、退费不符",
    Kind.HISTORY: "状态与历史记录不符",
    Kind.EVENT: "事件缺失或多出",
    Kind.STRAY_EVENT: "事件没有对应的订单",
    Kind.REFUND: "退费与付款不符",
    Kind.CASE: "应退款项与退费不符",
    Kind.UNBOOKED: "银联通知的付款没有入账",
    Kind.STRAY_NOTIFY: "银联通知的订单不存在",
    Kind.NO_NEXT_ACTION: "没有下一步处理时间",
    Kind.IMBALANCE: "收到的钱与去向不等",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and of which order; `subject` is the order's id, or a day and channel."""

    kind: Kind
    subject: str
    detail: str


def broken(book: Book, kept_since: dt.datetime) -> Iterator[Finding]:
    """What is wrong with an order. Events published before `kept_since` may have been pruned from the outbox."""
    rules = (_seals, _amount, _live, _state, _history, _refunds, _cases, _notices, _next_action)
    for kind, detail in (one for rule in rules for one in rule(book)):
        yield Finding(kind, book.order.order_id, detail)
    for detail in _events(book, kept_since):
        yield Finding(Kind.EVENT, book.order.order_id, detail)


Broken = Iterator[tuple[Kind, str]]


def _seals(book: Book) -> Broken:
    for row in book.altered:
        yield Kind.ALTERED, row


def _amount(book: Book) -> Broken:
    lines = sum(book.lines.values())
    if book.order.amount != lines:
        yield Kind.AMOUNT, f"订单{yuan_text(book.order.amount)}元，明细合计{yuan_text(lines)}元"


def _live(book: Book) -> Broken:
    """A line keeps others away while its order may be or is paid, and until its own money went back (§5 rule 3)."""
    for line, live in book.live.items():
        refund = book.refunded_lines.get(line)
        gone = refund is not None and refund.state is RefundState.REFUNDED
        if live is not (book.order.state in LIVE and not gone):
            yield (
                Kind.LIVE,
                f"明细{_number(line)}{'占用' if live else '未占用'}，订单状态{book.order.state.value}",
            )


def _state(book: Book) -> Broken:
    order, taken = book.order, book.refunded_lines
    if book.paid is not (order.paid_at is not None and order.transaction_id is not None):
        yield Kind.STATE, f"状态{order.state.value}，付款时间{order.paid_at}，交易号{order.transaction_id}"
    if not book.paid:
        if taken:
            yield Kind.STATE, f"状态{order.state.value}，没有付款却有退费"
        return
    under_way = any(refund.state is not RefundState.REFUNDED for refund in taken.values())
    all_gone = not under_way and set(taken) == set(book.lines)
    expected = OrderState.REFUNDED if all_gone else OrderState.REFUNDING if under_way else OrderState.PAID
    if order.state is not expected:
        yield Kind.STATE, f"状态{order.state.value}，按退费应为{expected.value}"


def _history(book: Book) -> Broken:
    edges = {(state.value, trigger.value): edge.to.value for (state, trigger), edge in EDGES.items()}
    if wrong := _path(OrderState.PLACED.value, book.steps, edges, book.order.state.value):
        yield Kind.HISTORY, wrong
    edges = {(state.value, status.value): edge.to.value for (state, status), edge in REFUND_EDGES.items()}
    for refund in book.refunds:
        steps = book.refund_steps.get(refund.refund_id, ())
        if wrong := _path(RefundState.REQUESTED.value, steps, edges, refund.state.value):
            yield Kind.HISTORY, f"退费{refund.refund_id}：{wrong}"


def _path(state: str, steps: Iterable[Step], edges: Mapping[tuple[str, str], str], end: str) -> str:
    """What is wrong with a history; a step that stays is a note, and any other is an edge of the graph."""
    for step in steps:
        stays = step.from_state == step.to_state
        if step.from_state != state or not (
            stays or edges.get((step.from_state, step.trigger)) == step.to_state
        ):
            return f"历史从{state}到{step.from_state}→{step.to_state}（{step.trigger}）不连续"
        state = step.to_state
    return "" if state == end else f"历史止于{state}，记录为{end}"


def _events(book: Book, kept_since: dt.datetime) -> Iterator[str]:
    """Every change that announces something has its events: one of the order, one per item of its end, and those of
    its refunds."""
    due, recent = Counter[str](), Counter[str]()
    for type_, count, at in _announced(book):
        due[type_] += count
        recent[type_] += count if at >= kept_since else 0
    for type_ in sorted({*due, *book.events}):
        found = book.events.get(type_, 0)
        if not recent[type_] <= found <= due[type_]:
            yield f"{type_}应有{due[type_]}条，实有{found}条"


def _announced(book: Book) -> Iterator[tuple[str, int, dt.datetime]]:
    yield OrderPlacedEvent.type, 1, book.order.created_at
    edges = {(state.value, trigger.value): edge for (state, trigger), edge in EDGES.items()}
    for step in book.steps:
        edge = edges.get((step.from_state, step.trigger))
        if edge is not None and edge.event is not None and step.to_state == edge.to.value:
            yield edge.event.type, len(book.order.items), step.at
    for refund in book.refunds:
        if refund.state is RefundState.REFUNDED and refund.refunded_at is not None:
            if refund.case:
                yield PaymentReturned.type, 1, refund.refunded_at
            else:
                yield PaymentRefunded.type, len({item for item, _ in refund.lines}), refund.refunded_at


def _refunds(book: Book) -> Broken:
    """Never more back than was paid, and each refund for what it names."""
    lines, back = book.lines, Counter[str]()
    for refund in book.refunds:
        back[refund.transaction_id] += refund.amount
        name = f"退费{refund.refund_id}"
        if (refund.state is RefundState.REFUNDED) is not (refund.refunded_at is not None):
            yield Kind.REFUND, f"{name}状态{refund.state.value}，退费时间{refund.refunded_at}"
        if not refund.case:
            wanted = sum(lines.get(line, 0) for line in refund.lines)
            if refund.amount != wanted:
                yield Kind.REFUND, f"{name}{yuan_text(refund.amount)}元，所退明细合计{yuan_text(wanted)}元"
            if refund.transaction_id != book.order.transaction_id:
                yield Kind.REFUND, f"{name}不是本订单付款的退费"
    paid = {case.transaction_id: case.amount for case in book.cases}
    if book.paid and book.order.transaction_id is not None:
        paid[book.order.transaction_id] = book.order.amount
    for transaction, amount in back.items():
        if amount > paid.get(transaction, 0):
            yield (
                Kind.REFUND,
                f"付款{transaction}退费{yuan_text(amount)}元，超过所付{yuan_text(paid.get(transaction, 0))}元",
            )


def _cases(book: Book) -> Broken:
    """Money that is not the order's goes back by one refund, which closes its case."""
    returns = [refund for refund in book.refunds if refund.case]
    for case in book.cases:
        own = [refund for refund in returns if refund.transaction_id == case.transaction_id]
        if wrong := _case(case, own):
            yield Kind.CASE, f"付款{case.transaction_id}：{wrong}"
    due = any(case.closed_at is None for case in book.cases)
    if book.order.refund_due is not due:
        yield (
            Kind.CASE,
            f"待退标志为{'是' if book.order.refund_due else '否'}，未了结的应退款项{'有' if due else '没有'}",
        )


def _case(case: Case, own: list[Refund]) -> str:
    if len(own) != 1:
        return f"应有1笔退费，实有{len(own)}笔"
    if own[0].amount != case.amount:
        return f"应退{yuan_text(case.amount)}元，退费{yuan_text(own[0].amount)}元"
    done = own[0].state is RefundState.REFUNDED
    return "" if done is (case.closed_at is not None) else "了结与退费完成不一致"


def _notices(book: Book) -> Broken:
    for transaction, notice in book.unbooked.items():
        if notice.processed:
            yield Kind.UNBOOKED, f"付款{transaction}，{yuan_text(notice.report.amount)}元"


def _next_action(book: Book) -> Broken:
    if book.order.waiting and book.order.next_action_at is None:
        yield Kind.NO_NEXT_ACTION, f"订单状态{book.order.state.value}"
    for refund in book.refunds:
        if refund.state is not RefundState.REFUNDED and refund.next_action_at is None:
            yield Kind.NO_NEXT_ACTION, f"退费{refund.refund_id}状态{refund.state.value}"


def _number(line: Any) -> str:
    return f"{line[0] + 1}-{line[1] + 1}"
