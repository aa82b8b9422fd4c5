"""Whose tables an operator keeps, and what an import changes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.contribution import BaseRule, Tier, Tiers
from contract.insurance import InsuranceType, PayerKind
from contract.tiers import ImportState, TierChange
from services.contribution.domain import tables as domain
from services.contribution.domain.tables import KeptImport, SheetTable

LOW, HIGH, NEW = (
    Tier("100", "100元档", 10_000),
    Tier("200", "200元档", 20_000),
    Tier("300", "300元档", 30_000),
)
TABLE = SheetTable(PayerKind.RESIDENT, InsuranceType.PENSION, 2026, None, (LOW, HIGH))
BEFORE = Tiers((LOW, HIGH), None, "南宁市税务局", 2021, "450100")
KEPT = KeptImport(
    "import", "450100", "hash", ImportState.SUBMITTED, (TABLE,), {TABLE.key: "version"}, (), "依据", "a", None,
    dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("level", "reached", "not_reached"),
    [
        ("450000", ["450000", "450100", "450103", "451481"], ["440100"]),
        ("450100", ["450100", "450103"], ["450000", "450200", "450202"]),
        ("450103", ["450103"], ["450100", "450102", "450000"]),
        ("451000", ["451000", "451002"], ["450000", "450100", "451102"]),
    ],
)
def test_a_level_reaches_itself_and_what_is_below(
    level: str, reached: list[str], not_reached: list[str]
) -> None:
    assert all(domain.reaches(level, code) for code in reached)
    assert not any(domain.reaches(level, code) for code in not_reached)


def test_added_changed_and_ended_tiers_are_told_with_old_and_new() -> None:
    dearer = replace(HIGH, code="new code", amount=25_000)
    change = domain.compare(replace(TABLE, tiers=(NEW, dearer)), BEFORE)
    assert change.tiers == (TierChange(None, NEW), TierChange(HIGH, dearer), TierChange(LOW, None))
    assert (change.before, change.unchanged) == (BEFORE, 0)
    assert domain.changes_anything(change)


def test_the_same_table_changes_nothing() -> None:
    change = domain.compare(replace(TABLE, tiers=(replace(LOW, code="100元档"), HIGH)), BEFORE)
    assert (change.tiers, change.unchanged) == ((), 2)
    assert not domain.changes_anything(change)


def test_other_bounds_are_a_change_even_if_no_tier_is() -> None:
    assert domain.changes_anything(domain.compare(replace(TABLE, rule=BaseRule(1, 2, 2_000, 12)), BEFORE))


def test_where_there_was_no_table_everything_is_new() -> None:
    assert domain.compare(TABLE, None).tiers == (TierChange(None, LOW), TierChange(None, HIGH))


@pytest.mark.parametrize(
    ("in_force", "year", "overtaken"),
    [("version", 2026, False), ("another", 2026, True), ("", 2026, True), ("version", 2027, True)],
    ids=["as previewed", "changed", "gone", "a year later"],
)
def test_an_import_is_overtaken_by_a_change_and_by_the_new_year(
    in_force: str, year: int, overtaken: bool
) -> None:
    assert domain.is_overtaken(KEPT, {TABLE.key: in_force}, dt.date(year, 1, 1)) is overtaken
