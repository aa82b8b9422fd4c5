"""What a sheet of tiers may say, and that all that is wrong with it is told at once."""

from __future__ import annotations

import string
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.contribution import BaseRule, Tier
from contract.insurance import InsuranceType, PayerKind
from contract.money import yuan_text
from services.contribution.divisions import pooling_names
from services.contribution.domain.bases import amount_of
from services.contribution.domain.cells import SheetRow
from services.contribution.domain.sheets import Sheet, read_sheet
from services.contribution.domain.tables import SheetTable
from services.identity.divisions import Gazetteer
from tests.factories.contribution_sheets import HEAD, flexible, resident, rows

YEARS = (2026, 2027)
RULE = BaseRule(405_360, 2_026_800, 2_000, 12)


def read(*lines: Any) -> Sheet:
    return read_sheet(rows(*lines), pooling_names(), YEARS)


def faults(*lines: Any) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column[:1], fault.text) for fault in read(*lines).faults]


def test_lines_of_a_kind_type_and_year_are_one_table_in_their_order() -> None:
    sheet = read(
        resident("200元档", "200", insurance_type="养老保险"), flexible(), resident(),
        resident("100元档", "100.50", insurance_type="养老保险"), flexible("100%基数档", "6756"),
    )  # fmt: skip
    assert (sheet.pooling_code, sheet.faults) == ("450100", ())
    assert sheet.tables == (
        SheetTable(
            PayerKind.RESIDENT, InsuranceType.PENSION, 2026, None,
            (Tier("200元档", "200元档", 20_000), Tier("100元档", "100元档", 10_050)),
        ),
        SheetTable(
            PayerKind.FLEXIBLE, InsuranceType.PENSION, 2026, RULE,
            (
                Tier("60%基数档", "60%基数档", 972_864, 405_360),
                Tier("100%基数档", "100%基数档", 1_621_440, 675_600),
            ),
        ),
        SheetTable(
            PayerKind.RESIDENT, InsuranceType.MEDICAL, 2026, None,
            (Tier("个人缴费标准", "个人缴费标准", 40_000),),
        ),
    )  # fmt: skip


def test_blank_lines_and_blanks_around_words_mean_nothing() -> None:
    line = tuple(f" {cell} " if cell else cell for cell in map(str, resident()))
    assert read(("",) * 11, line).tables == read(resident()).tables


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (resident(pooling="459999"), "A", "没有这个统筹区代码"),
        (resident(pooling="4501"), "A", "没有这个统筹区代码"),
        (resident(insurance_type="工伤保险"), "C", "只能填：养老保险、医疗保险"),
        (resident(year=2025), "D", "应为2026到2027的整数，以往年度的标准不能修改"),
        (resident(year="明年"), "D", "应为2026到2027的整数"),
        (resident(label=""), "E", "没有填写"),
        (resident(label="档" * 33), "E", "最多32个字"),
        (resident(label="一\n二"), "E", "换行"),
        (resident(amount=""), "F", "没有填写"),
        (resident(amount="四百"), "F", "不是金额"),
        (resident(amount="1,000"), "F", "不是金额"),
        (resident(amount="４００"), "F", "不是金额"),
        (resident(amount="1e5"), "F", "不是金额"),
        (resident(amount="nan"), "F", "不是金额"),
        (resident(amount="400.005"), "F", "金额最多两位小数"),
        (resident(amount="0"), "F", "金额应大于0"),
        (resident(amount="1000000.01"), "F", "不超过1000000元"),
        (resident(amount="-5"), "F", "不能是公式"),
        (resident(amount="=公式"), "F", "不能是公式"),
        (resident(label="@SUM(A1)"), "E", "不能以 = + - @ 开头"),
        (resident(label="＝1"), "E", "不能以 = + - @ 开头"),
        (flexible(base="4053.59"), "G", "月缴费基数不在下限和上限之间"),
        (flexible(base="20268.01"), "G", "月缴费基数不在下限和上限之间"),
        (flexible(bounds=("20268", "4053.60")), "I", "基数上限必须大于下限"),
        (flexible(bounds=("5000", "5000")), "I", "基数上限必须大于下限"),
        (flexible(ratio="0.2"), "J", "比例应在1到50之间"),
        (flexible(ratio="50.01"), "J", "比例应在1到50之间"),
        (flexible(ratio="8.505"), "J", "最多两位小数"),
        (flexible(months=13), "K", "应为1到12的整数"),
        ((*resident()[:6], "4053.60", "", "", "", ""), "G", "城乡居民按金额缴费，这一格不填"),
        ((*flexible()[:5], "972.86", *flexible()[6:]), "F", "由系统按基数计算，这一格不填"),
        ((*resident(), "备注"), "", "右边不能再有内容"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_named_with_row_and_column(line: Any, column: str, words: str) -> None:
    found = faults(resident("好的一行", "1"), line)
    assert [(row, where) for row, where, _ in found] == [(3, column)]
    assert words in found[0][2]


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_sheet() -> None:
    found = faults(resident(pooling="1", amount="x"), ("",) * 11, flexible(ratio="200", months="x"))
    assert [(row, column) for row, column, _ in found] == [(2, "A"), (2, "F"), (4, "J"), (4, "K")]


def test_tiers_of_a_table_differ_in_name_and_in_amount() -> None:
    found = faults(resident("一档", "100"), resident("一档", "200"), resident("三档", "100"))
    assert found == [(3, "E", "档次重复，与第2行相同"), (4, "F", "应缴金额与第2行相同")]
    assert faults(resident("一档"), resident("一档", year=2027)) == []


def test_a_table_is_short_enough_to_choose_from() -> None:
    lines = [resident(f"第{n}档", n) for n in range(1, 62)]
    assert faults(*lines[:60]) == []
    assert faults(*lines) == [(62, "E", "一张标准表最多60个档次")]


def test_the_bounds_of_a_table_are_the_same_on_every_line() -> None:
    found = faults(flexible(), flexible("100%基数档", "6756", bounds=("4053.60", "20000")))
    assert found == [(3, "H", "同一年度的基数下限、上限、比例、月数要一致，与第2行不同")]


def test_a_file_is_of_one_pooling_level() -> None:
    assert faults(resident(), resident("二档", "500", pooling="450103")) == [
        (3, "A", "一个文件只能填一个统筹区，第2行不同")
    ]


def test_a_sheet_without_lines_or_with_another_heading_says_so() -> None:
    assert faults() == [(0, "", "没有填写任何档次")]
    swapped = read_sheet(rows(resident(), head=HEAD[::-1]), pooling_names(), YEARS)
    assert [(fault.row, fault.text) for fault in swapped.faults] == [
        (1, "第一行的表头与模板不一致，请使用模板填写")
    ]
    assert read_sheet([], pooling_names(), YEARS).faults


@given(st.lists(st.lists(st.text(max_size=20), max_size=14), max_size=8))
def test_no_text_whatever_breaks_the_reading(lines: list[list[str]]) -> None:
    """Whatever is in the cells: a list of faults, or tables that hold what a table may."""
    given_rows = [SheetRow(1, HEAD), *(SheetRow(n, tuple(line)) for n, line in enumerate(lines, 2))]
    sheet = read_sheet(given_rows, pooling_names(), YEARS)
    assert bool(sheet.faults) or all(tier.amount > 0 for table in sheet.tables for tier in table.tiers)


@given(st.text(string.digits + ".+-=@eE％%元, ", max_size=12))
def test_a_typed_amount_is_exact_or_refused(typed: str) -> None:
    sheet = read(resident(amount=typed))
    if not sheet.faults:
        assert Decimal(yuan_text(sheet.tables[0].tiers[0].amount)) == Decimal(typed.strip())


@given(st.integers(1, 100_000_000), st.integers(100, 5_000), st.integers(1, 12))
def test_a_bases_amount_is_exact_and_rounded_once_halves_up(base: int, ratio: int, months: int) -> None:
    exact = Decimal(base) * ratio * months / 10_000
    amount = amount_of(base, BaseRule(1, 100_000_000, ratio, months))
    assert amount == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def test_amounts_agree_with_those_that_are_published() -> None:
    assert amount_of(405_360, RULE) == 972_864
    assert amount_of(405_360, BaseRule(1, 2, 850, 12)) == 413_467, "413467.2 fen"
    assert amount_of(125, BaseRule(1, 2, 200, 1)) == 3, "2.5 fen"


def test_the_pooling_levels_are_identitys_cities_and_counties() -> None:
    gazetteer, names = Gazetteer(), pooling_names()
    expected = {"450000": "广西壮族自治区"}
    for city in gazetteer.within("45"):
        expected[f"{city.code}00"] = city.name
        expected |= {county.code: city.name + county.name for county in gazetteer.within(city.code)}
    assert names == expected
    assert names["450103"] == "南宁市青秀区"
