"""What operators and consoles do: ask for runs, look for breaks, and do something about them.

A break is never edited: every change goes through here, by a person who is named, and leaves a line of history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contract.audit import Act, Action, staff
from contract.reconciliation import (
    ActionUnanswered,
    ActionUnfit,
    AssignBreak,
    BreakAction,
    BreakClosed,
    BreakKind,
    BreakNotFound,
    Breaks,
    BreakState,
    BreakView,
    CloseBreak,
    DayNotOver,
    ExplanationMissing,
    ListBreaks,
    ListRuns,
    ReconciliationRun,
    ReconciliationRuns,
    ResolveBreak,
    RunReconciliation,
)
from kit.clock import china
from services.payment.domain.orders import RefundReason, Report, Trigger
from services.payment.reconciliation.breaks import ACTIONS, ORDER_STATES, WAITING, WITH_NOTE, surplus, view
from services.payment.reconciliation.running import Desk
from services.payment.usecases import ordering
from services.payment.usecases.wiring import Wiring

MOST_ROWS = 500
HISTORY = {
    "opened": "发现", "reopened": "再次发现", "assigned": "分派给", "resolved": "处理", "closed": "关闭",
}  # fmt: skip
"""What a line of a break's history tells."""


def run_reconciliation(request: RunReconciliation, d: Desk) -> ReconciliationRun:
    """Have a day reconciled now; one that waits already is the same run. Raises DayNotOver, ExplanationMissing."""
    operator, now = _said(request.operator), d.clock.now()
    if request.day >= china(now).date():
        raise DayNotOver()
    with d.database.transaction() as tx:
        run: ReconciliationRun = d.runs.ask(tx, request.day, operator, now)
        d.journal.add(tx, Act(staff(operator), Action.RECONCILIATION_RUN, f"day:{request.day}"), now)
    return run


def list_runs(request: ListRuns, d: Desk) -> ReconciliationRuns:
    """The latest runs."""
    with d.database.read() as connection:
        return ReconciliationRuns(tuple(d.runs.latest(connection, min(request.limit, MOST_ROWS))))


def list_breaks(request: ListBreaks, d: Desk, reach: str = "") -> Breaks:
    """One page of breaks, masked; with a reach those of orders within it alone."""
    wanted = replace(request, limit=min(max(request.limit, 1), MOST_ROWS))
    with d.database.read() as connection:
        rows, total = d.breaks.page(connection, wanted, reach)
    now = d.clock.now()
    return Breaks(tuple(view(row, now) for row in rows), total)


def assign_break(request: AssignBreak, d: Desk) -> BreakView:
    """Give a break an owner. Raises BreakNotFound, BreakClosed, ExplanationMissing."""
    operator, owner, now = _said(request.operator), _said(request.owner, field="owner"), d.clock.now()
    with d.database.transaction() as tx:
        _waiting(tx, request.break_id, d)
        d.breaks.change(
            tx,
            request.break_id,
            now,
            operator,
            "assigned",
            owner,
            state=BreakState.ASSIGNED.value,
            owner=owner,
        )
        told = {"owner": owner}
        d.journal.add(tx, _act(operator, Action.BREAK_ASSIGNED, request.break_id, detail=told), now)
    return get_break(request.break_id, d)


def close_break(request: CloseBreak, d: Desk) -> BreakView:
    """Close a break for a reason. Raises BreakNotFound, BreakClosed, ExplanationMissing."""
    operator, reason, now = _said(request.operator), _said(request.reason, 500, "reason"), d.clock.now()
    with d.database.transaction() as tx:
        row = _locked(tx, request.break_id, d)
        if row.closed_at is not None:
            raise BreakClosed()
        d.breaks.change(
            tx, request.break_id, now, operator, "closed", reason, state=BreakState.CLOSED.value, reason=reason,
            closed_at=now,
        )  # fmt: skip
        d.journal.add(tx, _act(operator, Action.BREAK_CLOSED, request.break_id, reason), now)
    return get_break(request.break_id, d)


def resolve_break(request: ResolveBreak, d: Desk, w: Wiring) -> BreakView:
    """Do what was chosen, and put on record what came of it. Raises BreakNotFound, BreakClosed, ExplanationMissing,
    ActionUnfit, ActionUnanswered."""
    operator, action = _said(request.operator), request.action
    note = _said(request.note, 500, "note") if action in WITH_NOTE else request.note.strip()[:500]
    with d.database.transaction() as tx:
        row = _waiting(tx, request.break_id, d)
    if action not in ACTIONS[BreakKind(row.kind)]:
        raise ActionUnfit()
    report = _ask(row, w) if action is BreakAction.ASK_UNIONPAY else None
    with d.database.transaction() as tx:
        row = _waiting(tx, request.break_id, d)
        outcome = note
        if report is not None:
            outcome = _act_on(tx, row, report, w)
        elif action is BreakAction.OPEN_REFUND_CASE:
            outcome = _open_refund_case(tx, row, w)
        told = {"chosen": action.value, "order": row.mer_order_id}
        act = _act(operator, Action.BREAK_RESOLVED, request.break_id, note, told)
        d.journal.add(tx, act, d.clock.now())
        d.breaks.change(
            tx, request.break_id, d.clock.now(), operator, "resolved", f"{action.label}：{outcome}",
            state=BreakState.RESOLVED.value, action=action.value, outcome=outcome,
        )  # fmt: skip
    return get_break(request.break_id, d)


def _act(
    operator: str, action: Action, break_id: int, why: str = "", detail: Mapping[str, str] | None = None
) -> Act:
    return Act(staff(operator), action, f"break:{break_id}", purpose=why, detail=detail or {})


def _ask(row: Any, w: Wiring) -> Report:
    """UnionPay's word on the order, asked for outside any transaction."""
    with w.database.transaction() as tx:
        order = w.orders.lock_by_number(tx, row.mer_order_id)
    if order is None:
        raise ActionUnfit("我方没有这笔订单，无法向银联查询，请移交银联核实。")
    report = w.unionpay.query(order) or Report(Trigger.NEVER_SEEN, "query")
    if report.trigger is Trigger.UNANSWERED:
        raise ActionUnanswered()
    return report


def _act_on(tx: Any, row: Any, report: Report, w: Wiring) -> str:
    """The order follows UnionPay's word, as it does when it is asked of its own accord; then how both stand."""
    before = w.orders.lock_by_number(tx, row.mer_order_id)
    if report.trigger is not Trigger.NEVER_SEEN or before.waiting:
        ordering.apply(tx, before, report, w)
    after = w.orders.lock_by_number(tx, row.mer_order_id)
    said = {
        Trigger.SUCCEEDED: f"已支付（交易号{report.transaction_id}）", Trigger.MISPAID: "已支付，但金额或商户不符",
        Trigger.GIVEN_BACK: "已支付，并已全部退回", Trigger.PARTLY_BACK: "已支付，并已退回一部分",
        Trigger.AWAITED: "等待支付", Trigger.SHUT: "已关闭", Trigger.NEVER_SEEN: "没有这笔订单",
    }[report.trigger]  # fmt: skip
    case = "，已立退费单" if after.refund_due else ""
    return f"银联答复：{said}；我方订单{ORDER_STATES[after.state.value]}{case}"


def _open_refund_case(tx: Any, row: Any, w: Wiring) -> str:
    """What was taken too much goes back. Raises ActionUnfit when nothing was."""
    amount = surplus(row)
    order = w.orders.lock_by_number(tx, row.mer_order_id)
    if order is None or amount <= 0:
        raise ActionUnfit("银联没有多收款项，不需要退费，请移交对方核实。")
    double = row.kind == BreakKind.DUPLICATE.value
    reason = RefundReason.DOUBLE if double else RefundReason.MISPAID
    report = Report(Trigger.MISPAID, "reconcile", row.reference, amount=amount)
    if not ordering.give_back(tx, order, reason, report, w):
        return "这笔交易已有退费单，没有重复立单"
    return f"已立退费单，金额{amount // 100}.{amount % 100:02d}元"


def _locked(tx: Any, break_id: int, d: Desk) -> Any:
    row = d.breaks.lock(tx, break_id)
    if row is None:
        raise BreakNotFound()
    return row


def _waiting(tx: Any, break_id: int, d: Desk) -> Any:
    row = _locked(tx, break_id, d)
    if BreakState(row.state) not in WAITING:
        raise BreakClosed()
    return row


def get_break(break_id: int, d: Desk) -> BreakView:
    """One break. Raises BreakNotFound."""
    with d.database.transaction() as tx:
        return view(_locked(tx, break_id, d), d.clock.now())


def _said(text: str, longest: int = 64, field: str = "operator") -> str:
    """What somebody must say, and say shortly. Raises ExplanationMissing with the field it was asked for in."""
    said = text.strip()
    if not said or len(said) > longest:
        raise ExplanationMissing(field=field)
    return said
