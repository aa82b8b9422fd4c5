"""对账命令行：python -m services.payment.reconcile 命令 …

YYYY-MM-DD                             对这一天的账（立即进行，并显示结果）
due                                    办理所有到期的对账任务（定时任务使用）
runs                                   最近的对账任务
breaks [--day DAY] [--kind KIND] …     查看差异
show ID                                一条差异及其处理经过
assign ID --to NAME --as NAME          分派
resolve ID ACTION [--note TEXT] --as NAME
close ID --reason TEXT --as NAME       关闭（必须写明原因）
report DAY [--html FILE] [--xlsx FILE] 生成对账报告
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contract.errors import ContractError
from contract.money import yuan_text
from contract.reconciliation import (
    AssignBreak,
    BreakAction,
    BreakKind,
    BreakState,
    BreakView,
    CloseBreak,
    ListBreaks,
    ListRuns,
    Party,
    ReconciliationRun,
    ResolveBreak,
    RunReconciliation,
    RunState,
)
from kit.audit import command_line
from kit.clock import china_text
from kit.config import ConfigurationError, read
from kit.crypto import KeyRing
from kit.database import Database
from kit.outbox import Outbox
from kit.telemetry import configure_logging
from services.payment.adapters.daily import CoreRecords
from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.models import outbox
from services.payment.reconciliation import handling
from services.payment.reconciliation.report import html_report
from services.payment.reconciliation.running import Desk, run_due
from services.payment.reconciliation.spreadsheet import write_spreadsheet
from services.payment.reconciliation.summary import summarise
from services.payment.storage.books import Books
from services.payment.storage.breaks import BreakStorage
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.storage.runs import RunStorage
from services.payment.usecases.wiring import Wiring

_LOOK_AGAIN = 1.0
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and _DAY.fullmatch(given[0]):
        given.insert(0, "day")
    chosen = _parser().parse_args(given)
    try:
        config = read(Config)
    except ConfigurationError as error:
        print("设置有误：", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    configure_logging(config.log_level if chosen.command == "due" else "ERROR")
    database = Database(config.database_url, pool_size=2)
    unionpay = connect(config)
    desk = Desk(
        database, Books(), RunStorage(), BreakStorage(), unionpay, CoreRecords(config), config.clock, config
    )
    events = Outbox(outbox, "payment")
    seal = KeyRing.parse(config.quote_keys)
    payment = Wiring(
        database,
        OrderStorage(),
        RefundStorage(),
        ExternalStorage(),
        unionpay,
        events,
        seal,
        config.clock,
        config,
    )
    try:
        return _COMMANDS[chosen.command](chosen, desk, payment)
    except ContractError as error:
        print(error.message, file=sys.stderr)
        return 1


def _reconcile_day(chosen: Any, desk: Desk, payment: Wiring) -> int:
    asked = handling.run_reconciliation(RunReconciliation(chosen.day, chosen.operator), desk)
    _reconcile_due(chosen, desk, payment)
    while (run := _run_now(asked.run_id, desk)).state is RunState.RUNNING:
        time.sleep(_LOOK_AGAIN)  # a service has taken it up
        _reconcile_due(chosen, desk, payment)
    print(_run_text(run))
    print(*run.problems, sep="\n") if run.problems else None
    return 0 if run.state is RunState.DONE else 1


def _run_now(run_id: int, desk: Desk) -> ReconciliationRun:
    return next(run for run in handling.list_runs(ListRuns(500), desk).runs if run.run_id == run_id)


def _reconcile_due(chosen: Any, desk: Desk, payment: Wiring) -> int:
    run_due(desk, lambda: tempfile.TemporaryDirectory(prefix="reconciliation-"))
    return 0


def _print_runs(chosen: Any, desk: Desk, payment: Wiring) -> int:
    for run in handling.list_runs(ListRuns(), desk).runs:
        print(_run_text(run))
    return 0


def _print_breaks(chosen: Any, desk: Desk, payment: Wiring) -> int:
    wanted = ListBreaks(chosen.day, chosen.kind, chosen.party, chosen.state, chosen.owner, chosen.after, 200)
    listed = handling.list_breaks(wanted, desk)
    for one in listed.breaks:
        print(_break_text(one))
    print(f"共{listed.total}条" + ("，还有下一页：--after 最后的编号" if len(listed.breaks) == 200 else ""))
    return 0


def _show_break(chosen: Any, desk: Desk, payment: Wiring) -> int:
    print(_break_text(handling.get_break(chosen.break_id, desk)))
    with desk.database.read() as connection:
        lines = desk.breaks.history(connection, chosen.break_id)
    for line in lines:
        print(" ", china_text(line.at), line.operator or "系统", handling.HISTORY[line.what], line.detail)
    return 0


def _assign(chosen: Any, desk: Desk, payment: Wiring) -> int:
    print(
        _break_text(handling.assign_break(AssignBreak(chosen.break_id, chosen.operator, chosen.owner), desk))
    )
    return 0


def _resolve(chosen: Any, desk: Desk, payment: Wiring) -> int:
    request = ResolveBreak(chosen.break_id, chosen.operator, chosen.action, chosen.note)
    print(_break_text(handling.resolve_break(request, desk, payment)))
    return 0


def _close(chosen: Any, desk: Desk, payment: Wiring) -> int:
    print(
        _break_text(handling.close_break(CloseBreak(chosen.break_id, chosen.operator, chosen.reason), desk))
    )
    return 0


def _report(chosen: Any, desk: Desk, payment: Wiring) -> int:
    summary = summarise(chosen.day, desk)
    page = chosen.html or Path(f"对账报告-{chosen.day}.html")
    page.write_text(html_report(summary), encoding="utf-8")
    sheet = chosen.xlsx or page.with_suffix(".xlsx")
    write_spreadsheet(summary, desk, sheet)
    print(f"已生成 {page}、{sheet}")
    return 0


def _run_text(run: ReconciliationRun) -> str:
    counts = f"我方{run.ours}笔、银联{run.unionpay}笔、征收子系统{run.core}笔"
    done = f"{counts}，差异{run.found}条（新{run.new}，自动关闭{run.closed}）"
    told = done if run.state is RunState.DONE else run.reason
    return f"#{run.run_id} {run.day} {run.state.label} {run.requested_by or '定时'} {told}"


def _break_text(one: BreakView) -> str:
    amounts = " / ".join(
        "—" if fen is None else f"{yuan_text(fen)}元" for fen in (one.our_amount, one.their_amount)
    )
    owner = f" 经办：{one.owner}" if one.owner else ""
    told = f" {one.outcome or one.reason}" if one.outcome or one.reason else ""
    return (
        f"{one.break_id} {one.day} {one.party.label} {one.kind.label} 订单{one.order_number} {one.item} "
        f"我方/对方：{amounts} {one.age_days}天 {one.state.label}{owner}{told}"
    )


_COMMANDS: dict[str, Callable[[Any, Desk, Wiring], int]] = {
    "day": _reconcile_day, "due": _reconcile_due, "runs": _print_runs, "breaks": _print_breaks, "show": _show_break,
    "assign": _assign, "resolve": _resolve, "close": _close, "report": _report,
}  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.payment.reconcile", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="命令")
    day = commands.add_parser("day", help="对一天的账")
    day.add_argument("day", type=dt.date.fromisoformat)
    day.add_argument("--as", dest="operator", default="命令行")
    commands.add_parser("due", help="办理到期的任务")
    commands.add_parser("runs", help="最近的任务")
    breaks = commands.add_parser("breaks", help="查看差异")
    breaks.add_argument("--day", type=dt.date.fromisoformat)
    breaks.add_argument("--kind", type=BreakKind, choices=list(BreakKind))
    breaks.add_argument("--party", type=Party, choices=list(Party))
    breaks.add_argument("--state", type=BreakState, choices=list(BreakState))
    breaks.add_argument("--owner")
    breaks.add_argument("--after", type=int, default=0)
    for name, text in (("show", "处理经过"), ("assign", "分派"), ("resolve", "处理"), ("close", "关闭")):
        one = commands.add_parser(name, help=text)
        one.add_argument("break_id", type=int)
        if name == "assign":
            one.add_argument("--to", dest="owner", required=True)
        if name == "resolve":
            one.add_argument("action", type=BreakAction, choices=list(BreakAction))
            one.add_argument("--note", default="")
        if name == "close":
            one.add_argument("--reason", required=True)
        if name != "show":
            one.add_argument("--as", dest="operator", required=True)
    report = commands.add_parser("report", help="生成报告")
    report.add_argument("day", type=dt.date.fromisoformat)
    report.add_argument("--html", type=Path)
    report.add_argument("--xlsx", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
