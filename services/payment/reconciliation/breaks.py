"""What may be done about a break, and what others see of it. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from contract.insurance import Channel
from contract.reconciliation import BreakAction, BreakKind, BreakState, BreakView, Party
from kit.clock import china
from kit.masking import mask_name, mask_number
from services.payment.reconciliation.comparing import POSTED

ACTIONS: dict[BreakKind, tuple[BreakAction, ...]] = {
    BreakKind.MISSING_WITH_US: (BreakAction.ASK_UNIONPAY, BreakAction.HAND_OVER),
    BreakKind.MISSING_WITH_UNIONPAY: (BreakAction.ASK_UNIONPAY, BreakAction.HAND_OVER),
    BreakKind.MISSING_WITH_CORE: (BreakAction.HAND_OVER,),
    BreakKind.AMOUNT: (BreakAction.OPEN_REFUND_CASE, BreakAction.HAND_OVER),
    BreakKind.STATE: (BreakAction.ASK_UNIONPAY, BreakAction.HAND_OVER, BreakAction.ACCEPT),
    BreakKind.DATE_CUT: (BreakAction.ASK_UNIONPAY, BreakAction.ACCEPT),
    BreakKind.UNKNOWN_MERCHANT: (BreakAction.HAND_OVER, BreakAction.ACCEPT),
    BreakKind.DUPLICATE: (BreakAction.OPEN_REFUND_CASE, BreakAction.HAND_OVER),
}
"""What fits a kind. None of them edits a record: they ask, open a case, or put on record what a person did."""

WITH_NOTE = frozenset({BreakAction.HAND_OVER, BreakAction.ACCEPT})
"""Nothing but the note says what was done."""

WAITING = frozenset({BreakState.OPEN, BreakState.ASSIGNED})

ORDER_STATES = {
    "placed": "已下单", "submitted": "待支付", "unknown": "待银联确认", "paid": "已支付", "failed": "支付失败",
    "closed": "已关闭", "refunding": "退费中", "refunded": "已退费",
}  # fmt: skip
"""How an order stands with us, as an operator reads it."""

STATES = {**ORDER_STATES, POSTED: "已入库", "0": "已申报未缴费", "2": "已作废"}
"""The words of both sides for how an order or a line stands: ours, and the tax core's JFBS."""

_INSURANCE = {
    "10210": "居民养老保险",
    "10212": "居民医疗保险",
    "10201": "职工养老保险",
    "10203": "职工医疗保险",
}
"""XZLX_DM of a line as an operator reads it."""

AGES = ((1, "1天以内"), (3, "2至3天"), (7, "4至7天"), (30, "8至30天"))
OLDEST = "30天以上"


def age_days(first_seen: dt.datetime, now: dt.datetime) -> int:
    """Calendar days in China since a break was first seen."""
    return (china(now).date() - china(first_seen).date()).days


def age_label(days: int) -> str:
    """The class an age belongs to."""
    return next((label for most, label in AGES if days <= most), OLDEST)


def surplus(row: Any) -> int:
    """What UnionPay took more than the order's, in fen: 0 or less when there is nothing to give back."""
    if row.party != Party.UNIONPAY.value or not row.reference or row.our_amount is None:
        return 0
    theirs, ours = int(row.their_amount or 0), int(row.our_amount)
    return theirs if row.kind == BreakKind.DUPLICATE.value else theirs - ours


def view(row: Any, now: dt.datetime) -> BreakView:
    """A break as a console shows it; names and person numbers are masked."""
    kind, state = BreakKind(row.kind), BreakState(row.state)
    return BreakView(
        break_id=row.break_id, day=row.day, party=Party(row.party), kind=kind, order_number=row.mer_order_id,
        item=item_text(row.item), merchant=row.mid, channel=Channel(row.channel) if row.channel else None,
        our_amount=row.our_amount, their_amount=row.their_amount,
        our_state=STATES.get(row.our_state, row.our_state), their_state=STATES.get(row.their_state, row.their_state),
        at=row.at, payer=mask_name(row.payer_name) if row.payer_name else "",
        insured=mask_name(row.insured_name) if row.insured_name else "", first_seen=row.first_seen,
        age_days=age_days(row.first_seen, now), state=state, owner=row.owner,
        action=BreakAction(row.action) if row.action else None, outcome=row.outcome, reason=row.reason,
        actions=fitting(row) if state in WAITING else (),
    )  # fmt: skip


def fitting(row: Any) -> tuple[BreakAction, ...]:
    """What may be done about a break: nobody is asked about an order that is not ours, and a refund case is only for
    what UnionPay took too much."""
    hopeless = set()
    if row.payer_name is None:
        hopeless.add(BreakAction.ASK_UNIONPAY)
    if row.payer_name is None or surplus(row) <= 0:
        hopeless.add(BreakAction.OPEN_REFUND_CASE)
    return tuple(action for action in ACTIONS[BreakKind(row.kind)] if action not in hopeless)


def item_text(item: str) -> str:
    """A line by insurance type, year and masked person number, and the reference of one that is there twice; a refund's
    number as it is."""
    line, _, reference = item.partition("#")
    parts = line.split(" ")
    if len(parts) == len(("person number", "type", "year")):
        insurance = _INSURANCE.get(parts[1], f"险种{parts[1]}")
        line = f"{insurance} {parts[2]}年 社保编号{mask_number(parts[0])}"
    return " ".join(filter(None, (line, reference and f"流水号{reference}")))
