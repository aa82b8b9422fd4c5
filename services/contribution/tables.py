"""缴费标准维护: how operators keep the authority's tables when the staff console is away (requirement 3.2.1.9).

    python -m services.contribution.tables template 标准.xlsx        空白模板
    python -m services.contribution.tables preview 标准.xlsx 我是谁   逐行检查，与现行标准对比，存为草稿
    python -m services.contribution.tables submit  编号 --reason 依据 我是谁
    python -m services.contribution.tables approve 编号 我是谁        由另一位操作员审核，整张表立即生效
    python -m services.contribution.tables reject  编号 --reason 理由 我是谁
    python -m services.contribution.tables list 我是谁                近期的导入
    python -m services.contribution.tables show 编号 我是谁           一次导入的改动和经过
    python -m services.contribution.tables history 统筹区代码 缴费人员 险种 我是谁

我是谁: --operator 工号 --name 姓名 --pooling 本人所在统筹区代码
退出码: 0 成功，1 没有通过（原因已显示），2 用法有误，78 设置有误
"""

from __future__ import annotations

from kit.runner import read_settings  # first of all: it patches the standard library

# isort: split

import argparse
import base64
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from contract.contribution import BaseRule, Tier, Tiers
from contract.errors import ContractError
from contract.insurance import InsuranceType, PayerKind
from contract.money import percent_text, yuan_text
from contract.tiers import (
    ApproveTiers,
    GetTierImport,
    ListTierHistory,
    ListTierImports,
    Operator,
    PreviewTiers,
    RejectTiers,
    SubmitTiers,
    TableChange,
    TierChange,
    TierImport,
)
from kit.audit import cli, command_line
from kit.clock import china, china_text
from kit.config import ConfigurationError
from kit.database import Database
from services.contribution.adapters.spreadsheet import SpreadsheetReader
from services.contribution.adapters.template import template
from services.contribution.divisions import pooling_names
from services.contribution.storage.tier_imports import TierImportStorage
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import tiers as usecases
from services.contribution.usecases.tier_desk import TierDesk

_KINDS = {kind.label: kind for kind in PayerKind}
_TYPES = {kind.label: kind for kind in InsuranceType}


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        settings = read_settings(["contribution"])["contribution"]
    except ConfigurationError as error:
        print("设置有误:", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    database = Database(settings.database_url)
    desk = TierDesk(
        database, TierTable(), TierImportStorage(), SpreadsheetReader(), pooling_names(), settings.clock
    )
    try:
        act: Callable[[argparse.Namespace, TierDesk], int] = chosen.act
        return act(chosen, desk)
    except (ContractError, OSError) as error:
        print(
            error.message if isinstance(error, ContractError) else f"文件读写不成功：{error}", file=sys.stderr
        )
        return 1
    finally:
        database.engine.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.contribution.tables", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    who = argparse.ArgumentParser(add_help=False)
    for name, meaning in (("operator", "工号"), ("name", "姓名"), ("pooling", "本人所在统筹区代码")):
        who.add_argument(f"--{name}", required=True, help=meaning)
    acts = parser.add_subparsers(required=True, metavar="办什么")
    acts.add_parser("list", parents=[who]).set_defaults(act=_list)
    for name, act, reason in (
        ("submit", _submit, True), ("approve", _approve, False), ("reject", _reject, True), ("show", _show, False),
    ):  # fmt: skip
        added = acts.add_parser(name, parents=[who])
        added.add_argument("import_id", metavar="编号")
        if reason:
            added.add_argument("--reason", required=True, help="依据或理由")
        added.set_defaults(act=act)
    for name, act, parents in (("template", _template, []), ("preview", _preview, [who])):
        added = acts.add_parser(name, parents=parents)
        added.add_argument("file", type=Path, metavar="文件")
        added.set_defaults(act=act)
    history = acts.add_parser("history", parents=[who])
    history.add_argument("of", metavar="统筹区代码")
    history.add_argument("kind", choices=_KINDS, metavar="缴费人员")
    history.add_argument("type", choices=_TYPES, metavar="险种")
    history.set_defaults(act=_history)
    return parser


def _operator(chosen: argparse.Namespace) -> Operator:
    """Four eyes are two accounts of this machine, whatever they call themselves; the 工号 stands beside the name."""
    return Operator(cli(), f"{chosen.name}（{chosen.operator}）", chosen.pooling)


def _template(chosen: argparse.Namespace, desk: TierDesk) -> int:
    chosen.file.write_bytes(template(desk.today.year))
    print(f"模板已写到 {chosen.file}，填好“缴费标准”一页后用 preview 检查。")
    return 0


def _preview(chosen: argparse.Namespace, desk: TierDesk) -> int:
    content = base64.b64encode(chosen.file.read_bytes()).decode()
    preview = usecases.preview_tiers(PreviewTiers(_operator(chosen), content), desk)
    if preview.draft is None:
        faults = [
            (f"第{fault.row}行" if fault.row else "整个文件", fault.column, fault.text)
            for fault in preview.faults
        ]
        _print_table(("行", "列", "问题"), faults)
        print(f"共{preview.fault_count}处问题，没有存草稿，没有改动任何标准。")
        return 1
    _print_changes(preview.changes)
    _print_import(preview.draft)
    print("这是草稿，还没有生效。核对无误后用 submit 提交，由另一位操作员审核。")
    return 0


def _submit(chosen: argparse.Namespace, desk: TierDesk) -> int:
    _print_import(
        usecases.submit_tiers(SubmitTiers(_operator(chosen), chosen.import_id, chosen.reason), desk)
    )
    print("已提交，等另一位操作员审核。现在还没有生效。")
    return 0


def _approve(chosen: argparse.Namespace, desk: TierDesk) -> int:
    _print_import(usecases.approve_tiers(ApproveTiers(_operator(chosen), chosen.import_id), desk))
    print("已生效，从现在起按新标准核对缴费。")
    return 0


def _reject(chosen: argparse.Namespace, desk: TierDesk) -> int:
    _print_import(
        usecases.reject_tiers(RejectTiers(_operator(chosen), chosen.import_id, chosen.reason), desk)
    )
    print("已驳回，没有改动任何标准。")
    return 0


def _list(chosen: argparse.Namespace, desk: TierDesk) -> int:
    found = usecases.list_tier_imports(ListTierImports(_operator(chosen)), desk).imports
    rows = [
        (one.import_id, one.pooling_name, one.state.label, china_text(one.created_at), one.reason)
        for one in found
    ]
    _print_table(("编号", "统筹区", "状态", "导入时间", "依据"), rows)
    return 0


def _show(chosen: argparse.Namespace, desk: TierDesk) -> int:
    found = usecases.get_tier_import(GetTierImport(_operator(chosen), chosen.import_id), desk)
    _print_changes(found.changes)
    _print_import(found.imported)
    rows = [
        (china_text(act.at), act.act.label, f"{act.operator_name}（{act.operator_id}）", act.note)
        for act in found.acts
    ]
    _print_table(("时间", "办理", "操作员", "说明"), rows)
    return 0


def _history(chosen: argparse.Namespace, desk: TierDesk) -> int:
    kind, insurance_type = _KINDS[chosen.kind], _TYPES[chosen.type]
    asked = ListTierHistory(_operator(chosen), chosen.of, kind, insurance_type)
    for one in usecases.list_tier_history(asked, desk).versions:
        when = f"{china(one.at):%Y-%m-%d %H:%M}" if one.at else "最初"
        who = f"提交 {one.submitted_by}，审核 {one.approved_by}，依据 {one.reason}" if one.import_id else ""
        print(f"\n{one.table.from_year}年起 第{one.version}版 {one.table.source} {when} {who}")
        print(_rule_text(one.table.rule))
        _print_table(("档次", "应缴金额", "月基数"), [_tier_texts(tier) for tier in one.table.tiers])
    return 0


def _print_import(one: TierImport) -> None:
    print(f"编号 {one.import_id}  {one.pooling_name}  {one.state.label}  文件 {one.file_hash[:12]}")


def _print_changes(changes: Iterable[TableChange]) -> None:
    for change in changes:
        print(f"\n{change.payer_kind.label}{change.insurance_type.label} {change.year}年起")
        print(f"现行：{_table_text(change.before)}")
        before = change.before.rule if change.before else None
        if before != change.rule:
            print(f"基数规则：{_rule_text(before) or '无'} → {_rule_text(change.rule) or '无'}")
        _print_table(("改动", "档次", "原来", "改为"), [_change_texts(tier) for tier in change.tiers])
        print(f"另有{change.unchanged}个档次不变。")


def _change_texts(change: TierChange) -> tuple[str, str, str, str]:
    tier = change.after or change.before
    assert tier is not None, "a change is of some tier"
    word = "修改" if change.before and change.after else "新增" if change.after else "停用"
    return word, tier.label, _amount_text(change.before), _amount_text(change.after)


def _amount_text(tier: Tier | None) -> str:
    if tier is None:
        return "—"
    return f"{yuan_text(tier.amount)}元" + (f"（月基数{yuan_text(tier.base)}元）" if tier.base else "")


def _tier_texts(tier: Tier) -> tuple[str, str, str]:
    return tier.label, f"{yuan_text(tier.amount)}元", f"{yuan_text(tier.base)}元" if tier.base else "—"


def _table_text(table: Tiers | None) -> str:
    return f"{table.source} {table.from_year}年起的标准" if table else "没有标准，以社保系统核定为准"


def _rule_text(rule: BaseRule | None) -> str:
    if rule is None:
        return ""
    bounds = f"{yuan_text(rule.minimum)}至{yuan_text(rule.maximum)}元/月"
    return f"{bounds}，比例{percent_text(rule.ratio)}，{rule.months}个月"


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns in line; a Chinese character is two wide."""
    widths = [max(map(_width, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        padded = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


if __name__ == "__main__":
    sys.exit(main())
