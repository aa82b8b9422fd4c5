"""The authorities' tables: nearest pooling level first, newest year in force, theirs before ours."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from contract.contribution import DEMONSTRATION, BaseRule, ListTiers, Tier, Tiers
from contract.insurance import InsuranceType, PayerKind
from services.contribution import demonstration
from services.contribution.domain.tables import SheetTable
from services.contribution.models import tier_tables, tiers
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import payables as usecases

RESIDENT, FLEXIBLE = PayerKind.RESIDENT, PayerKind.FLEXIBLE
PENSION, MEDICAL = InsuranceType.PENSION, InsuranceType.MEDICAL


def enter(
    tx: Connection, pooling_code: str, *codes: str, from_year: int = 2021, kind: PayerKind = RESIDENT,
    insurance_type: InsuranceType = MEDICAL, amount: int = 40000, version: int | None = None,
) -> bool:  # fmt: skip
    """An authority's table."""
    kept = tuple(Tier(code, f"{code}档", amount + n) for n, code in enumerate(codes))
    table = SheetTable(kind, insurance_type, from_year, None, kept)
    storage = TierTable()
    version = version or storage.next_version(tx, pooling_code, table)
    return storage.add(tx, pooling_code, table, version, "南宁市税务局")


def listed(
    tx: Connection,
    division: str = "450103",
    year: int = 2026,
    kind: PayerKind = RESIDENT,
    insurance_type: InsuranceType = MEDICAL,
) -> tuple[Tier, ...]:
    return in_force(tx, division, year, kind, insurance_type).tiers


def in_force(
    tx: Connection,
    division: str = "450103",
    year: int = 2026,
    kind: PayerKind = RESIDENT,
    insurance_type: InsuranceType = MEDICAL,
) -> Tiers:
    return usecases.list_tiers(ListTiers(kind, insurance_type, division, year), tx, TierTable())


def codes(tx: Connection, division: str = "450103", year: int = 2026) -> list[str]:
    return [tier.code for tier in listed(tx, division, year)]


def test_a_county_goes_before_its_city_and_a_city_before_the_province(tx: Connection) -> None:
    assert codes(tx) == []
    for pooling_code in ("450000", "450100", "450103"):
        enter(tx, pooling_code, f"of {pooling_code}")
        assert codes(tx) == [f"of {pooling_code}"]
    assert codes(tx, "450102") == ["of 450100"], "a county without a table of its own"
    assert codes(tx, "450202") == ["of 450000"], "a city without one"
    assert codes(tx, "450103001002") == ["of 450103"], "a village belongs to its county"


@pytest.mark.parametrize(
    ("year", "in_force"), [(2020, []), (2021, ["old"]), (2024, ["old"]), (2025, ["new"]), (2030, ["new"])]
)
def test_the_table_in_force_is_the_newest_that_has_begun(
    tx: Connection, year: int, in_force: list[str]
) -> None:
    enter(tx, "450103", "old", from_year=2021)
    enter(tx, "450103", "new", from_year=2025)
    assert codes(tx, year=year) == in_force


def test_a_county_whose_table_begins_later_uses_its_citys_until_then(tx: Connection) -> None:
    enter(tx, "450100", "city")
    enter(tx, "450103", "county", from_year=2027)
    assert (codes(tx, year=2026), codes(tx, year=2027)) == (["city"], ["county"])


def test_tables_of_other_kinds_and_types_are_not_mixed(tx: Connection) -> None:
    enter(tx, "450103", "resident medical")
    enter(tx, "450103", "resident pension", insurance_type=PENSION)
    enter(tx, "450103", "flexible pension", insurance_type=PENSION, kind=FLEXIBLE)
    assert [tier.code for tier in listed(tx)] == ["resident medical"]
    assert [tier.code for tier in listed(tx, insurance_type=PENSION)] == ["resident pension"]
    assert [tier.code for tier in listed(tx, kind=FLEXIBLE, insurance_type=PENSION)] == ["flexible pension"]
    assert listed(tx, kind=FLEXIBLE) == ()


def test_tiers_come_in_the_authoritys_order(tx: Connection) -> None:
    enter(tx, "450103", "c", "b", "a")
    assert codes(tx) == ["c", "b", "a"]


def test_a_tier_is_entered_once_per_place_and_year(tx: Connection) -> None:
    with pytest.raises(IntegrityError), tx.begin_nested():
        enter(tx, "450103", "a", "a")


def test_a_tier_costs_something(tx: Connection) -> None:
    with pytest.raises(IntegrityError), tx.begin_nested():
        enter(tx, "450103", "a", amount=0)


def test_of_one_year_the_newest_version_is_in_force_and_the_older_are_kept(tx: Connection) -> None:
    for code in ("first", "second"):
        assert enter(tx, "450103", code)
    assert codes(tx) == ["second"]
    versions = TierTable().history(tx, "450103", RESIDENT, MEDICAL, 50)
    assert [(v.version, v.table.tiers[0].code) for v in versions] == [(2, "second"), (1, "first")]
    assert not enter(tx, "450103", "third", version=2), "a version is written once"
    assert codes(tx) == ["second"]


def content(tx: Connection) -> list[object]:
    return [
        *tx.execute(select(tier_tables).order_by(tier_tables.c.table_id)),
        *tx.execute(select(tiers).order_by(tiers.c.table_id, tiers.c.position)),
    ]


def test_loading_the_demonstration_again_changes_nothing(tx: Connection) -> None:
    demonstration.load(tx)
    loaded = content(tx)
    demonstration.load(tx)
    assert content(tx) == loaded
    assert listed(tx)[0].amount == 40000
    assert in_force(tx).source == DEMONSTRATION


def test_what_an_authority_entered_stays(tx: Connection) -> None:
    demonstration.load(tx)
    enter(tx, "450000", "standard", from_year=2025, amount=45000)
    enter(tx, "450103", "county", from_year=2025, amount=46000)
    demonstration.load(tx)
    assert listed(tx, "450202") == (Tier("standard", "standard档", 45000),)
    assert listed(tx, "450103") == (Tier("county", "county档", 46000),)
    before = content(tx)
    demonstration.load(tx)
    assert content(tx) == before


@pytest.mark.parametrize(
    ("year", "amount"),
    [(2021, 28000), (2022, 32000), (2023, 35000), (2024, 38000), (2025, 40000), (2027, 40000)],
)
def test_the_demonstrations_medical_fee_is_the_published_one(tx: Connection, year: int, amount: int) -> None:
    demonstration.load(tx)
    assert [tier.amount for tier in listed(tx, year=year)] == [amount]


def test_the_demonstrations_pension_tiers(tx: Connection) -> None:
    demonstration.load(tx)
    resident = listed(tx, insurance_type=PENSION)
    assert [tier.amount // 100 for tier in resident] == [*range(100, 1001, 100), 1500, 2000]
    assert [tier.label for tier in resident][:2] == ["100元档", "200元档"]
    flexible = listed(tx, kind=FLEXIBLE, insurance_type=PENSION)
    assert [tier.code for tier in flexible] == ["60%", "80%", "100%", "150%", "200%", "250%", "300%"]
    assert (flexible[2].base, flexible[2].amount) == (675_600, 675_600 * 12 * 20 // 100)
    table = in_force(tx, kind=FLEXIBLE, insurance_type=PENSION)
    assert (table.rule, table.from_year, table.pooling_code) == (
        BaseRule(405_360, 2_026_800, 2_000, 12), 2021, "450000",
    )  # fmt: skip
