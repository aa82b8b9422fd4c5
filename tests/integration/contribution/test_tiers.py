"""The authorities' tables: nearest pooling level first, newest year in force, theirs before ours."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from contract.contribution import ListTiers, Tier
from contract.insurance import InsuranceType, PayerKind
from services.contribution import demonstration
from services.contribution.models import tiers
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import payables as usecases

RESIDENT, FLEXIBLE = PayerKind.RESIDENT, PayerKind.FLEXIBLE
PENSION, MEDICAL = InsuranceType.PENSION, InsuranceType.MEDICAL


def enter(tx: Connection, pooling_code: str, code: str, from_year: int = 2021, **changed: object) -> None:
    """A row of an authority's table."""
    row = {
        "payer_kind": "0", "insurance_type": "medical", "position": 1, "label": f"{code}档", "amount": 40000,
        "source": "南宁市税务局",
    }  # fmt: skip
    tx.execute(
        tiers.insert(), row | {"pooling_code": pooling_code, "from_year": from_year, "code": code} | changed
    )


def listed(
    tx: Connection,
    division: str = "450103",
    year: int = 2026,
    kind: PayerKind = RESIDENT,
    insurance_type: InsuranceType = MEDICAL,
) -> tuple[Tier, ...]:
    return usecases.list_tiers(ListTiers(kind, insurance_type, division, year), tx, TierTable()).tiers


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
    enter(tx, "450103", "old", 2021)
    enter(tx, "450103", "new", 2025)
    assert codes(tx, year=year) == in_force


def test_a_county_whose_table_begins_later_uses_its_citys_until_then(tx: Connection) -> None:
    enter(tx, "450100", "city")
    enter(tx, "450103", "county", 2027)
    assert (codes(tx, year=2026), codes(tx, year=2027)) == (["city"], ["county"])


def test_tables_of_other_kinds_and_types_are_not_mixed(tx: Connection) -> None:
    enter(tx, "450103", "resident medical")
    enter(tx, "450103", "resident pension", insurance_type="pension")
    enter(tx, "450103", "flexible pension", insurance_type="pension", payer_kind="1")
    assert [tier.code for tier in listed(tx)] == ["resident medical"]
    assert [tier.code for tier in listed(tx, insurance_type=PENSION)] == ["resident pension"]
    assert [tier.code for tier in listed(tx, kind=FLEXIBLE, insurance_type=PENSION)] == ["flexible pension"]
    assert listed(tx, kind=FLEXIBLE) == ()


def test_tiers_come_in_the_authoritys_order(tx: Connection) -> None:
    for position, code in [(3, "a"), (1, "c"), (2, "b")]:
        enter(tx, "450103", code, position=position)
    assert codes(tx) == ["c", "b", "a"]


def test_a_tier_is_entered_once_per_place_and_year(tx: Connection) -> None:
    enter(tx, "450103", "a")
    with pytest.raises(IntegrityError), tx.begin_nested():
        enter(tx, "450103", "a")


def count(tx: Connection) -> int:
    return int(tx.execute(select(func.count()).select_from(tiers)).scalar_one())


def test_loading_the_demonstration_again_changes_nothing(tx: Connection) -> None:
    demonstration.load(tx)
    loaded = tx.execute(select(tiers).order_by(tiers.c.id)).all()
    demonstration.load(tx)
    assert tx.execute(select(tiers).order_by(tiers.c.id)).all() == loaded
    assert {row.source for row in loaded} == {"演示数据"}


def test_what_an_authority_entered_stays(tx: Connection) -> None:
    enter(tx, "450000", "standard", 2025, amount=45000)
    enter(tx, "450103", "county", 2025, amount=46000)
    demonstration.load(tx)
    assert listed(tx, "450202") == (Tier("standard", "standard档", 45000),)
    assert listed(tx, "450103") == (Tier("county", "county档", 46000),)
    before = count(tx)
    demonstration.load(tx)
    assert count(tx) == before


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
    assert flexible[2].amount == 675_600 * 12 * 20 // 100
