"""A spreadsheet of tiers and bases, line by line: what it says, or all that is wrong with it (requirement 3.2.1.9).

A line is one tier. Lines of the same payer kind, insurance type and year are one table; a file is one pooling level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.contribution import BaseRule, Tier
from contract.insurance import InsuranceType, PayerKind
from contract.tiers import SheetFault
from services.contribution.domain.bases import amount_of
from services.contribution.domain.cells import Cells, Column, SheetRow
from services.contribution.domain.tables import SheetTable

_KINDS = {kind.label: kind for kind in PayerKind} | {"灵活就业": PayerKind.FLEXIBLE}
_TYPES = {kind.label: kind for kind in InsuranceType} | {
    "养老": InsuranceType.PENSION, "医疗": InsuranceType.MEDICAL,
}  # fmt: skip
_BASE_COLUMNS = (Column.BASE, Column.MINIMUM, Column.MAXIMUM, Column.RATIO, Column.MONTHS)
_FIXED, _COMPUTED = "城乡居民按金额缴费，这一格不填", "灵活就业人员的金额由系统按基数计算，这一格不填"


TIERS = 60
"""Of one table: more nobody could choose from on a phone, nor would it fit a message."""


@dataclass(frozen=True)
class Sheet:
    """What a file says. Its tables count only where there are no faults."""

    pooling_code: str
    tables: tuple[SheetTable, ...]
    faults: tuple[SheetFault, ...]


@dataclass(frozen=True)
class _Line:
    number: int
    pooling_code: str
    key: tuple[PayerKind, InsuranceType, int]
    rule: BaseRule | None
    tier: Tier


@dataclass
class _Reading:
    names: Mapping[str, str]
    years: Sequence[int]
    faults: list[SheetFault] = field(default_factory=list)


def read_sheet(rows: Sequence[SheetRow], names: Mapping[str, str], years: Sequence[int]) -> Sheet:
    """The tables of a file, in its order. `names` are the pooling levels there are, `years` those that may be kept."""
    reading = _Reading(names, years)
    if not rows or rows[0].texts != tuple(column.heading for column in Column):
        return Sheet("", (), (SheetFault(1, "", "第一行的表头与模板不一致，请使用模板填写"),))
    lines = [_line(row, reading) for row in rows[1:] if any(row.texts)]
    if not lines:
        reading.faults.append(SheetFault(0, "", "没有填写任何档次"))
    whole = [line for line in lines if line is not None]
    tables = _tables(whole, reading.faults)
    faults = tuple(sorted(reading.faults, key=lambda fault: (fault.row, fault.column)))
    return Sheet(whole[0].pooling_code if whole else "", tables, faults)


def _line(row: SheetRow, reading: _Reading) -> _Line | None:
    cells = Cells(row, reading.faults)
    pooling_code = cells.known(
        Column.POOLING, reading.names, "没有这个统筹区代码，应为6位，如450000、450100、450103"
    )
    kind = cells.one_of(Column.KIND, _KINDS)
    insurance_type = cells.one_of(Column.TYPE, _TYPES)
    year = cells.whole(Column.YEAR, reading.years[0], reading.years[-1], "以往年度的标准不能修改")
    label = cells.name(Column.LABEL)
    amount, base, rule = 0, 0, None
    if kind is PayerKind.RESIDENT:
        amount = cells.money(Column.AMOUNT)
        cells.must_be_empty(_BASE_COLUMNS, _FIXED)
    elif kind is PayerKind.FLEXIBLE:
        cells.must_be_empty((Column.AMOUNT,), _COMPUTED)
        base, rule = cells.money(Column.BASE), _rule(cells)
        amount = amount_of(base, rule) if rule else 0
    cells.nothing_beyond()
    if cells.faulty or kind is None or insurance_type is None:
        return None
    return _Line(
        row.number, pooling_code, (kind, insurance_type, year), rule, Tier(label, label, amount, base)
    )


def _rule(cells: Cells) -> BaseRule | None:
    minimum, maximum = cells.money(Column.MINIMUM), cells.money(Column.MAXIMUM)
    ratio, months = cells.ratio(Column.RATIO), cells.whole(Column.MONTHS, 1, 12)
    if minimum and maximum and minimum >= maximum:
        cells.fault(Column.MAXIMUM, "基数上限必须大于下限")
    return BaseRule(minimum, maximum, ratio, months) if not cells.faulty else None


def _tables(lines: Sequence[_Line], faults: list[SheetFault]) -> tuple[SheetTable, ...]:
    grouped: dict[tuple[PayerKind, InsuranceType, int], list[_Line]] = {}
    for line in lines:
        if line.pooling_code != lines[0].pooling_code:
            faults.append(_at(line, Column.POOLING, f"一个文件只能填一个统筹区，第{lines[0].number}行不同"))
        grouped.setdefault(line.key, []).append(line)
    for of_table in grouped.values():
        _check_table(of_table, faults)
    return tuple(
        SheetTable(*key, of_table[0].rule, tuple(line.tier for line in of_table))
        for key, of_table in grouped.items()
    )


def _check_table(lines: Sequence[_Line], faults: list[SheetFault]) -> None:
    """Tiers of one table differ in name and amount, and bases lie within bounds that are the same for all."""
    first = lines[0]
    if len(lines) > TIERS:
        faults.append(_at(lines[TIERS], Column.LABEL, f"一张标准表最多{TIERS}个档次"))
    labels: dict[str, int] = {}
    amounts: dict[int, int] = {}
    for line in lines:
        tier, rule = line.tier, line.rule
        column = Column.BASE if rule else Column.AMOUNT
        same_name, same_amount = labels.get(tier.label), amounts.get(tier.amount)
        if same_name:
            faults.append(_at(line, Column.LABEL, f"档次重复，与第{same_name}行相同"))
        elif same_amount:
            faults.append(_at(line, column, f"应缴金额与第{same_amount}行相同"))
        if not tier.amount:
            faults.append(_at(line, column, "按基数计算的应缴金额不到1分"))
        labels.setdefault(tier.label, line.number)
        amounts.setdefault(tier.amount, line.number)
        if rule is None:
            continue
        if rule != first.rule:
            text = f"同一年度的基数下限、上限、比例、月数要一致，与第{first.number}行不同"
            faults.append(_at(line, Column.MINIMUM, text))
        if not rule.minimum <= tier.base <= rule.maximum:
            faults.append(_at(line, Column.BASE, "月缴费基数不在下限和上限之间"))


def _at(line: _Line, column: Column, text: str) -> SheetFault:
    return SheetFault(line.number, column.title, text)
