"""Years, pooling levels, tiers and payables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.contribution import (
    AgencyChoiceNeeded,
    AlreadyDeclared,
    EnrolmentEntry,
    NothingPayable,
    Tier,
    TierNotPayable,
    TierUnknown,
    UpstreamUnavailable,
    YearNotOffered,
)
from contract.insurance import InsuranceType, PayerKind
from contract.quote import QuoteLine
from services.contribution.domain import payables as domain
from services.contribution.domain.payables import Payable

PENSION, MEDICAL = InsuranceType.PENSION, InsuranceType.MEDICAL
TODAY = dt.date(2026, 11, 23)
LOW, HIGH = Tier("100", "100元档", 10000), Tier("2000", "2000元档", 200000)


def unpaid(label: str = "", amount: int = 40000, year: int = 2026, agency: str = "") -> Payable:
    return Payable(
        year, label, amount, paid=False, agency_code=agency, agency_name=agency and f"{agency}中心"
    )


@pytest.mark.parametrize(("insurance_type", "years"), [(PENSION, (2026,)), (MEDICAL, (2026, 2027))])
def test_pension_is_paid_for_this_year_and_medical_also_for_the_next(
    insurance_type: InsuranceType, years: tuple[int, ...]
) -> None:
    assert domain.offered_years(insurance_type, TODAY) == years
    for year in range(2020, 2032):
        if year in years:
            domain.check_year(insurance_type, year, TODAY)
        else:
            with pytest.raises(YearNotOffered) as refused:
                domain.check_year(insurance_type, year, TODAY)
            assert refused.value.detail == {"field": "year"}


@pytest.mark.parametrize(
    ("division", "levels"),
    [
        ("450103", ("450103", "450100", "450000")),
        ("450103001002", ("450103", "450100", "450000")),
        ("450100", ("450100", "450000")),
        ("450000", ("450000",)),
    ],
)
def test_the_nearest_pooling_level_comes_first(division: str, levels: tuple[str, ...]) -> None:
    assert domain.pooling_levels(division) == levels


def test_a_tier_is_chosen_by_its_code() -> None:
    assert domain.choose_tier([LOW, HIGH], "2000") == HIGH
    assert domain.choose_tier([], "") is None
    assert domain.choose_tier([], "100") is None


@pytest.mark.parametrize("code", ["", "300", "100元档"])
def test_a_tier_nobody_offers_is_refused(code: str) -> None:
    with pytest.raises(TierUnknown, match="请选择缴费档次"):
        domain.choose_tier([LOW, HIGH], code)


def choose(payables: list[Payable], tier: Tier | None = None, agency: str = "", year: int = 2026) -> Payable:
    return domain.choose_payable(payables, year, tier, agency, MEDICAL)


def test_the_only_payable_of_the_year_is_chosen() -> None:
    assert choose([unpaid(), unpaid(year=2027)]) == unpaid()
    assert choose([unpaid(amount=10000)], LOW) == unpaid(amount=10000), (
        "an upstream without tiers does not contradict ours"
    )


@pytest.mark.parametrize("payables", [[], [unpaid(year=2025)]])
def test_nothing_for_the_year_is_nothing_payable(payables: list[Payable]) -> None:
    with pytest.raises(NothingPayable, match="查询不到您的待缴费信息，无需进行缴费"):
        choose(payables)


def test_the_tier_chosen_picks_the_payable() -> None:
    payables = [unpaid("100元档", 10000), unpaid("2000元档", 200000)]
    assert choose(payables, HIGH) == payables[1]


@pytest.mark.parametrize("tier", [None, Tier("300", "300元档", 30000)])
def test_a_tier_the_upstream_does_not_have_is_never_guessed(tier: Tier | None) -> None:
    with pytest.raises(TierNotPayable):
        choose([unpaid("100元档", 10000), unpaid("2000元档", 200000)], tier)


def test_several_agencies_must_be_chosen_from() -> None:
    payables = [unpaid(agency="450902"), unpaid(agency="450702")]
    with pytest.raises(AgencyChoiceNeeded) as needed:
        choose(payables)
    assert needed.value.detail == {
        "agencies": [{"code": "450902", "name": "450902中心"}, {"code": "450702", "name": "450702中心"}]
    }
    assert choose(payables, agency="450702") == payables[1]
    with pytest.raises(AgencyChoiceNeeded):
        choose(payables, agency="450103")


def test_one_agency_needs_no_choice() -> None:
    assert choose([unpaid(agency="450902")], agency="450103") == unpaid(agency="450902")


def test_a_paid_year_says_when_where_and_how_much() -> None:
    paid = Payable(2026, "300元档", 30000, True, "2026年10月09日10时23分", "银行柜台")
    with pytest.raises(AlreadyDeclared) as declared:
        domain.choose_payable([paid, unpaid("100元档")], 2026, LOW, "", PENSION)
    assert declared.value.message == (
        "该缴费已于2026年10月09日10时23分，通过银行柜台已进行缴费。"
        "缴费险种：养老保险；缴费年度：2026年；缴费金额：300.00元。"
    )
    assert declared.value.detail == {"insurance_type": "pension", "year": 2026, "amount": 30000}


def test_paid_at_one_agency_leaves_the_other_payable() -> None:
    paid = replace(unpaid(agency="450902"), paid=True, paid_at="某时", paid_channel="某渠道")
    other = unpaid(agency="450702")
    assert choose([paid, other], agency="450702") == other
    with pytest.raises(AlreadyDeclared):
        choose([paid, other], agency="450902")


def entry(entry_id: str, insurance_type: InsuranceType, agency: str) -> EnrolmentEntry:
    return EnrolmentEntry(
        entry_id,
        insurance_type,
        agency,
        f"{agency}中心",
        f"number at {agency}",
        f"1{agency}0000",
        agency,
        "102120001",
    )


ENTRIES = (entry("1", MEDICAL, "450902"), entry("2", PENSION, "450702"), entry("3", MEDICAL, "450702"))


@pytest.mark.parametrize(("agency", "charged"), [("", "1"), ("450902", "1"), ("450702", "3")])
def test_the_entry_of_the_agency_is_charged(agency: str, charged: str) -> None:
    assert domain.entry_charged(ENTRIES, ENTRIES[0], agency).entry_id == charged


def test_an_agency_without_an_enrolment_is_never_charged() -> None:
    with pytest.raises(UpstreamUnavailable, match="没有扣款"):
        domain.entry_charged(ENTRIES, ENTRIES[0], "450103")


@given(st.dates())
def test_the_other_medical_year_is_the_other_of_the_two_offered(today: dt.date) -> None:
    this, following = domain.offered_years(MEDICAL, today)
    assert domain.other_medical_year(this, today) == following
    assert domain.other_medical_year(following, today) == this


def test_both_years_paid_is_a_case_of_residents_medical_alone() -> None:
    cases = [
        (kind, insurance_type)
        for kind in PayerKind
        for insurance_type in InsuranceType
        if domain.covers_both_years(kind, insurance_type)
    ]
    assert cases == [(PayerKind.RESIDENT, MEDICAL)]


def part(year: int, first: int, last: int, amount: int = 10000, paid: bool = False) -> Payable:
    months = f"{year}{first:02d}", f"{year}{last:02d}"
    return Payable(year, "60%基数档", amount, paid, from_month=months[0], to_month=months[1])


def test_a_year_in_parts_is_one_line_of_their_sum() -> None:
    arrears = domain.choose_arrears([part(2025, 1, 12), part(2024, 7, 12, 600), part(2024, 1, 6, 500)], "")
    assert domain.lines_of(arrears) == (
        QuoteLine(2024, "60%基数档", 1100), QuoteLine(2025, "60%基数档", 10000),
    )  # fmt: skip


def test_only_the_months_that_are_unpaid_are_charged() -> None:
    rest, whole = part(2024, 7, 12), unpaid(year=2023)
    answer = [part(2024, 1, 6, paid=True), rest, part(2024, 5, 6), whole, replace(whole, paid=True)]
    assert domain.choose_arrears(answer, "") == (rest,)


@pytest.mark.parametrize(
    "answer",
    [
        [unpaid("100元档", 10000), unpaid("200元档", 20000)], [part(2024, 1, 6), part(2024, 6, 12)],
        [part(2024, 1, 12), unpaid(year=2024)], [unpaid(year=2023), unpaid(amount=0)],
    ],
    ids=["two tiers", "a month twice", "a part of a whole", "for nothing"],
)  # fmt: skip
def test_what_is_owed_is_never_guessed(answer: list[Payable]) -> None:
    with pytest.raises(UpstreamUnavailable, match="没有扣款"):
        domain.choose_arrears(answer, "")


@given(st.lists(st.tuples(st.integers(2000, 2026), st.booleans()), unique_by=lambda line: line[0]))
def test_a_back_payment_is_all_unpaid_years_or_none(years: list[tuple[int, bool]]) -> None:
    answer = [replace(unpaid(year=year), paid=paid) for year, paid in years]
    owed = sorted(year for year, paid in years if not paid)
    if not owed:
        with pytest.raises(NothingPayable):
            domain.choose_arrears(answer, "")
        return
    assert [line.year for line in domain.lines_of(domain.choose_arrears(answer, ""))] == owed
