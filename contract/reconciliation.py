"""Reconciliation (对账) as a staff console sees it (design.md §5 rule 7). Served by payment."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from contract.insurance import Channel
from contract.rpc import Method


class Party(enum.StrEnum):
    """With whom our books are compared."""

    UNIONPAY = "unionpay"
    CORE = "core"

    @property
    def label(self) -> str:
        return {"unionpay": "银联", "core": "社保征收子系统"}[self.value]


class BreakKind(enum.StrEnum):
    """差异类型: how the two sides differ."""

    MISSING_WITH_US = "missing_with_us"
    MISSING_WITH_UNIONPAY = "missing_with_unionpay"
    MISSING_WITH_CORE = "missing_with_core"
    AMOUNT = "amount"
    STATE = "state"
    DATE_CUT = "date_cut"
    UNKNOWN_MERCHANT = "unknown_merchant"
    DUPLICATE = "duplicate"

    @property
    def label(self) -> str:
        return _KINDS[self.value]


_KINDS = {
    "missing_with_us": "对方有、我方无",
    "missing_with_unionpay": "我方有、银联无",
    "missing_with_core": "我方有、征收子系统无",
    "amount": "金额不一致",
    "state": "状态不一致",
    "date_cut": "跨日清算",
    "unknown_merchant": "商户不符",
    "duplicate": "重复记录",
}


class BreakState(enum.StrEnum):
    """处理状态. A break is closed only with a reason."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return {"open": "待处理", "assigned": "处理中", "resolved": "已处理", "closed": "已关闭"}[self.value]


class BreakAction(enum.StrEnum):
    """处理办法: what may be done about a break. Which of them fit a kind is payment's rule."""

    ASK_UNIONPAY = "ask_unionpay"
    OPEN_REFUND_CASE = "open_refund_case"
    HAND_OVER = "hand_over"
    ACCEPT = "accept"

    @property
    def label(self) -> str:
        return {
            "ask_unionpay": "向银联查询，并按查询结果处理订单",
            "open_refund_case": "为多收的款项立退费单",
            "hand_over": "移交对方核实",
            "accept": "核实无误，认可差异",
        }[self.value]


class RunState(enum.StrEnum):
    """对账任务的状态. A failed run is tried again by itself."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"

    @property
    def label(self) -> str:
        return {"waiting": "等待中", "running": "正在对账", "done": "已完成"}[self.value]


class DayNotOver(Refused):
    """The day is not over, or lies ahead: nobody's file of it is whole."""

    code = "day_not_over"
    text = "当天还没有结束，账单尚未生成，请于次日对账。"


class BreakNotFound(NotFound):
    """No such break."""

    code = "break_not_found"
    text = "没有找到这条对账差异。"


class BreakClosed(Conflict):
    """The break is closed or resolved, so that this cannot be done any more."""

    code = "break_closed"
    text = "这条对账差异已经处理或关闭，请刷新后查看。"


class ActionUnfit(Refused):
    """The action does not fit the break's kind, or there is nothing it could be done to."""

    code = "action_unfit"
    text = "这种差异不能用所选的办法处理，请选择其他办法。"


class ActionUnanswered(Unavailable):
    """UnionPay was asked and did not answer: nothing has changed."""

    code = "action_unanswered"
    text = "银联暂时没有答复，差异没有变化，请稍后再试。"


class ExplanationMissing(InvalidInput):
    """Whoever closes, assigns, hands over or accepts says why or to whom, and who they are."""

    code = "explanation_missing"
    text = "请写明经办人和原因（或移交、分派的对象）。没有办理。"


@dataclass(frozen=True)
class RunReconciliation:
    """Reconcile a day (China's calendar) that is over, now. `operator` is who asks."""

    day: dt.date
    operator: str


@dataclass(frozen=True)
class ReconciliationRun:
    """One reconciliation of one day. `ours` and `unionpay` count payments and refunds, `core` lines; `problems` are
    Chinese sentences that name lines nobody could read; `reason` is why it waits, empty otherwise."""

    run_id: int
    day: dt.date
    state: RunState
    requested_by: str
    requested_at: dt.datetime
    finished_at: dt.datetime | None
    ours: int
    unionpay: int
    core: int
    found: int
    new: int
    closed: int
    problems: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ListRuns:
    """The latest runs, newest first."""

    limit: int = 31


@dataclass(frozen=True)
class ReconciliationRuns:
    """Newest first."""

    runs: tuple[ReconciliationRun, ...]


@dataclass(frozen=True)
class ListBreaks:
    """Breaks by what is given, oldest first; `after` is the `break_id` the page before ended with. Without `state`
    those that are not closed."""

    day: dt.date | None = None
    kind: BreakKind | None = None
    party: Party | None = None
    state: BreakState | None = None
    owner: str | None = None
    after: int = 0
    limit: int = 50


@dataclass(frozen=True)
class BreakView:
    """One break. Amounts in fen, None where that side has nothing; how it stands with either in Chinese, empty where
    that side does not say; `item` is a refund's number, or tells a line by type, year and masked person number; `payer`
    and `insured` are masked, empty for an order we do not have; `at` is when the money moved, in China's time;
    `age_days` since it was first seen."""

    break_id: int
    day: dt.date
    party: Party
    kind: BreakKind
    order_number: str
    item: str
    merchant: str
    channel: Channel | None
    our_amount: int | None
    their_amount: int | None
    our_state: str
    their_state: str
    at: str
    payer: str
    insured: str
    first_seen: dt.datetime
    age_days: int
    state: BreakState
    owner: str
    action: BreakAction | None
    outcome: str
    reason: str
    actions: tuple[BreakAction, ...]


@dataclass(frozen=True)
class Breaks:
    """One page of them; `total` is how many there are on all pages."""

    breaks: tuple[BreakView, ...]
    total: int


@dataclass(frozen=True)
class AssignBreak:
    """Give a break an owner, who looks into it."""

    break_id: int
    operator: str
    owner: str


@dataclass(frozen=True)
class ResolveBreak:
    """Do something about a break. `note` is needed to hand over and to accept."""

    break_id: int
    operator: str
    action: BreakAction
    note: str = ""


@dataclass(frozen=True)
class CloseBreak:
    """Close a break for a reason."""

    break_id: int
    operator: str
    reason: str


run_reconciliation = Method(
    "payment", "run_reconciliation", RunReconciliation, ReconciliationRun, errors=(DayNotOver, ExplanationMissing),
    command=True,
)  # fmt: skip
list_runs = Method("payment", "list_runs", ListRuns, ReconciliationRuns)
list_breaks = Method("payment", "list_breaks", ListBreaks, Breaks)
assign_break = Method(
    "payment", "assign_break", AssignBreak, BreakView, errors=(BreakNotFound, BreakClosed, ExplanationMissing),
    command=True,
)  # fmt: skip
resolve_break = Method(
    "payment", "resolve_break", ResolveBreak, BreakView,
    errors=(BreakNotFound, BreakClosed, ExplanationMissing, ActionUnfit, ActionUnanswered), deadline=10.0,
    command=True,
)  # fmt: skip
close_break = Method(
    "payment", "close_break", CloseBreak, BreakView, errors=(BreakNotFound, BreakClosed, ExplanationMissing),
    command=True,
)  # fmt: skip
