"""The report in words, tables and charts; as one HTML file, and as PDF for paper."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typst
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contract.money import yuan_text
from deploy.monthly.charts import bars, columns
from deploy.monthly.figures import Bar, Month
from kit.clock import china_text

FONTS = Path("/usr/share/fonts/opentype/noto")
_HERE = Path(__file__).parent
_environment = Environment(
    loader=FileSystemLoader(_HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Chapter:
    """A heading, what is said, a chart (SVG) and a table whose first row is its head; empty where there is none."""

    title: str
    said: str
    chart: str = ""
    table: tuple[tuple[str, ...], ...] = ()


def title(month: Month) -> str:
    return f"社保费缴费系统运维月报（{month.first.year}年{month.first.month}月）"


def chapters(month: Month) -> list[Chapter]:
    """What the bureau wants to read every month: how much, how well, what went wrong, what is left."""
    return [
        _summary(month), _days(month), *_where(month), _causes(month), _refunds(month), _sms(month),
        _incidents(month), _capacity(month),
    ]  # fmt: skip


def html(month: Month, made_at: dt.datetime) -> str:
    """One file that loads nothing."""
    page = _environment.get_template("report.html")
    return page.render(title=title(month), made_at=china_text(made_at), chapters=chapters(month))


def pdf(month: Month, made_at: dt.datetime) -> bytes:
    """A4, with page numbers. Needs the Noto fonts."""
    data = {
        "title": title(month), "made_at": china_text(made_at),
        "chapters": [
            {"title": one.title, "said": one.said, "chart": one.chart, "table": one.table} for one in chapters(month)
        ],
    }  # fmt: skip
    compiler = typst.Compiler(
        str(_HERE / "report.typ"), root=_HERE, font_paths=typst.Fonts(False, False, [str(FONTS)])
    )
    made = compiler.compile(format="pdf", sys_inputs={"data": json.dumps(data, ensure_ascii=False)})
    assert isinstance(made, bytes)
    return made


def _summary(month: Month) -> Chapter:
    success = "—" if month.success is None else f"{month.success:.1%}"
    back = sum(one.number for one in month.refunds)
    rows = (
        ("指标", "本月"),
        ("下单（笔）", f"{month.placed:,}"), ("缴费成功（笔）", f"{month.paid:,}"),
        ("缴费金额（元）", _yuan(month.amount)),
        ("被缴费人（人）", f"{month.people:,}"), ("缴费成功率", success), ("退费（笔）", f"{back:,}"),
        ("短信送达率", _delivery(month)), ("完成对账（天）", f"{month.reconciled_days}"),
        ("最忙的一小时", f"{month.peak.label}，{month.peak.number:,} 笔"),
    )  # fmt: skip
    said = f"本月缴费成功 {month.paid:,} 笔，{_yuan(month.amount)} 元，成功率 {success}。"
    problems = len(month.incidents) + len(month.breaks) + len(month.fired or ())
    said += f"记录在案的问题 {problems} 类，见“问题”一节。" if problems else "没有记录在案的问题。"
    return Chapter("运行概况", said, table=rows)


def _days(month: Month) -> Chapter:
    if not month.paid:
        return Chapter("每日缴费", "本月没有缴费。")
    best = max(month.days, key=lambda day: day.number)
    said = f"每天缴费成功的笔数。最多的是 {best.label} 日，{best.number:,} 笔，{_yuan(best.amount)} 元。"
    return Chapter("每日缴费", said, columns(month.days))


def _where(month: Month) -> list[Chapter]:
    return [
        _split("缴费渠道", "其他渠道的数据由对方系统通报。", month.channels),
        _split("险种", "一笔订单可以有多个险种和年度，此处按明细计。", month.types),
        _split("社保经办机构", "按明细计，从多到少。", month.agencies),
    ]


def _split(name: str, said: str, rows: Sequence[Bar]) -> Chapter:
    if not rows:
        return Chapter(name, "本月没有数据。")
    table = [
        (name, "笔数", "金额（元）"),
        *((row.label, f"{row.number:,}", _yuan(row.amount)) for row in rows),
    ]
    return Chapter(name, said, bars(rows), tuple(table))


def _causes(month: Month) -> Chapter:
    if not month.causes:
        return Chapter("未成功的原因", "本月下单的都没有失败或关闭。")
    failed = sum(one.number for one in month.causes)
    return Chapter("未成功的原因", f"本月下单而没有成功的 {failed:,} 笔，按原因：", bars(month.causes, 420))


def _refunds(month: Month) -> Chapter:
    if not month.refunds and not month.cases:
        return Chapter("退费", "本月没有退费。")
    table = [
        ("发起", "笔数", "金额（元）"),
        *((one.label, f"{one.number:,}", _yuan(one.amount)) for one in month.refunds),
    ]
    return Chapter(
        "退费",
        f"另有多收的款 {month.cases} 笔立案，待退回或已退回。",
        table=tuple(table) if month.refunds else (),
    )


def _sms(month: Month) -> Chapter:
    if not month.sms:
        return Chapter("短信", "本月没有发送短信。")
    head = ("服务商", "内容", "发送", "接收", "送达", "失败", "计费条数")
    rows = [
        (one.provider, one.title, f"{one.attempts:,}", f"{one.accepted:,}", f"{one.delivered:,}", f"{one.failed:,}",
         f"{one.segments:,}")
        for one in month.sms
    ]  # fmt: skip
    return Chapter("短信", f"服务商已接收的短信送达率 {_delivery(month)}。", table=(head, *rows))


def _incidents(month: Month) -> Chapter:
    rows = [("对账差异", one.label, f"{one.number:,}", "见对账报告") for one in month.breaks]
    rows += [
        (f"{one.service} {one.type}", one.reason, f"{one.number:,}",
         f"待处理 {one.waiting}" if one.waiting else "已处理")
        for one in month.incidents
    ]  # fmt: skip
    rows += [("告警", one.alert, f"{one.minutes:,} 分钟", "见运维手册") for one in month.fired or ()]
    untold = "" if month.fired is not None else "没有查询告警记录。"
    if not rows:
        return Chapter("问题", f"本月没有对账差异，也没有处理失败的事件。{untold}")
    said = f"对账差异、处理失败过的事件和告警。{untold}"
    return Chapter("问题", said, table=(("类别", "内容", "数量", "状态"), *rows))


def _capacity(month: Month) -> Chapter:
    rows = [("数据库", "大小（MB）"), *((one.label, f"{one.number / 1e6:,.1f}") for one in month.sizes)]
    said = f"系统中共有订单 {month.orders_ever:,} 笔，本月增加 {month.placed:,} 笔。"
    said += f"最忙的一小时缴费 {month.peak.number:,} 笔，平均每秒 {month.peak.number / 3600:.2f} 笔。"
    return Chapter("容量", said, table=tuple(rows))


def _delivery(month: Month) -> str:
    delivered, failed = sum(one.delivered for one in month.sms), sum(one.failed for one in month.sms)
    return f"{delivered / (delivered + failed):.1%}" if delivered + failed else "—"


def _yuan(fen: int) -> str:
    whole, part = yuan_text(fen).split(".")
    return f"{int(whole):,}.{part}"
