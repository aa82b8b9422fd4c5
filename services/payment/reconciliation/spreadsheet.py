"""The report of a day as a spreadsheet with every break, written row by row in little memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from contract.reconciliation import BreakView
from kit.clock import china_text
from services.payment.reconciliation.running import Desk
from services.payment.reconciliation.summary import Summary, every_break

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HEADING = (
    "编号", "账期", "对账方", "差异类型", "订单编号", "明细", "商户", "缴费渠道", "缴费人", "被缴费人",
    "我方金额（元）", "对方金额（元）", "我方状态", "对方状态", "发生时间", "发现时间", "账龄（天）", "处理状态",
    "经办人", "处理办法", "处理结果", "关闭原因",
)  # fmt: skip


def write_spreadsheet(summary: Summary, d: Desk, path: Path) -> None:
    """Sheets 汇总 and 差异明细; names and person numbers are masked."""
    book = Workbook(write_only=True)
    totals = book.create_sheet("汇总")
    for row in _totals(summary):
        totals.append(_safe(row))
    details = book.create_sheet("差异明细")
    details.append(_HEADING)
    for one in every_break(summary.day, d):
        details.append(_safe(_detail(one)))
    book.save(path)


def _totals(s: Summary) -> Iterable[tuple[Any, ...]]:
    yield "对账日期", f"{s.day}"
    yield "生成时间", china_text(s.made_at)
    if s.run:
        yield from (
            ("我方（条）", s.run.ours),
            ("银联（笔）", s.run.unionpay),
            ("征收子系统（条）", s.run.core),
        )
        yield from (("无法读取", problem) for problem in s.run.problems)
    yield ()
    yield "缴费渠道", "商户", "笔数", "金额（元）"
    yield from ((taken.channel, taken.merchant, taken.orders, _yuan(taken.amount)) for taken in s.taken)
    for title, bars in (
        ("差异类型", s.kinds), ("对账方", s.parties), ("商户", s.merchants), ("缴费渠道", s.channels), ("账龄", s.ages),
    ):  # fmt: skip
        yield ()
        yield title, "待处理", "已关闭"
        yield from ((bar.label, bar.waiting, bar.closed) for bar in bars)


def _detail(one: BreakView) -> tuple[Any, ...]:
    return (
        one.break_id, f"{one.day}", one.party.label, one.kind.label, one.order_number, one.item, one.merchant,
        one.channel.label if one.channel else "", one.payer, one.insured, _yuan(one.our_amount),
        _yuan(one.their_amount), one.our_state or "—", one.their_state or "—", one.at,
        china_text(one.first_seen), one.age_days, one.state.label, one.owner,
        one.action.label if one.action else "", one.outcome, one.reason,
    )  # fmt: skip


def _yuan(fen: int | None) -> Any:
    """A number a spreadsheet can add up."""
    return None if fen is None else fen / 100


def _safe(row: Iterable[Any]) -> list[Any]:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it; it came from outside."""
    return [f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value for value in row]
