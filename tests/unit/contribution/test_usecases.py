"""Enrolment and quotes, without an upstream."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from contract import schema
from contract.contribution import (
    AgencyChoiceNeeded,
    AllPaid,
    AlreadyDeclared,
    Enrolment,
    EnrolmentEntry,
    ListTiers,
    NothingPayable,
    PensionMissing,
    QuoteBackPayment,
    Quoted,
    QuotePayable,
    Tier,
    TierAmountDiffers,
    TierUnknown,
    UpstreamUnavailable,
    YearNotOffered,
)
from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import DocumentType, Person
from contract.quote import Quote, QuoteLine
from kit.clock import SetClock
from kit.crypto import KeyRing, Unreadable
from services.contribution.domain.payables import Payable
from services.contribution.usecases import payables as usecases
from services.contribution.usecases.payables import Sealer
from tests.factories.keys import QUOTE_KEYS, ring
from tests.fakes.contribution_taxbank import FakeTaxBank, FakeTierTable

NOW = dt.datetime(2026, 12, 31, 15, 59, tzinfo=dt.UTC)
"""One minute before midnight in Guangxi."""

PERSON = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
HOME = EnrolmentEntry(
    "1", InsuranceType.MEDICAL, "450902", "玉州中心", "number at home", "14509020000", "450902", "102120001"
)
AWAY = EnrolmentEntry(
    "2", InsuranceType.MEDICAL, "450702", "钦南中心", "number away", "14507020000", "450702", "102120001"
)
PENSION = EnrolmentEntry(
    "3", InsuranceType.PENSION, "450902", "玉州中心", "number at home", "14509020000", "450902", "102100100"
)
ENROLMENT = Enrolment("registration-1", PayerKind.RESIDENT, (HOME, AWAY, PENSION))
SEAL = KeyRing.parse(QUOTE_KEYS)
STANDARD = Tier("standard", "个人缴费标准", 40000)
ASKED = QuotePayable(PERSON, ENROLMENT, "1", 2026, "standard")


def payable(year: int = 2026, amount: int = 40000, **changed: object) -> Payable:
    return replace(Payable(year, "", amount, paid=False), **changed)  # type: ignore[arg-type]


def paid(year: int) -> Payable:
    return payable(year, paid=True, paid_at="2026年10月09日10时23分", paid_channel="银行柜台")


def quote(
    taxbank: FakeTaxBank,
    asked: QuotePayable = ASKED,
    tiers: tuple[Tier, ...] = (STANDARD,),
    now: dt.datetime = NOW,
) -> Quoted:
    return usecases.quote_payable(asked, tiers, taxbank, Sealer(SEAL, SetClock(now), valid_for=900))


def quote_arrears(taxbank: FakeTaxBank, enrolment: Enrolment = ENROLMENT, agency_code: str = "") -> Quoted:
    asked = QuoteBackPayment(PERSON, enrolment, agency_code)
    return usecases.quote_back_payment(asked, taxbank, Sealer(SEAL, SetClock(NOW), valid_for=900))


def opened(quoted: Quoted) -> Quote:
    return schema.load(Quote, json.loads(SEAL.open_text(quoted.quote, "quote")))


def test_a_quote_seals_the_confirmed_payable() -> None:
    quoted = quote(FakeTaxBank(payables={2026: [payable()]}))
    sealed = opened(quoted)
    assert (sealed.amount, quoted.amount) == (40000, 40000)
    assert (sealed.insured, sealed.registration_number) == (PERSON, "registration-1")
    assert (sealed.person_number, sealed.agency_name, sealed.authority_code, sealed.product_code) == (
        "number at home", "玉州中心", "14509020000", "102120001",
    )  # fmt: skip
    assert (sealed.kind, sealed.lines) == (PaymentKind.NORMAL, (QuoteLine(2026, "个人缴费标准", 40000),))
    assert (quoted.kind, quoted.lines) == (sealed.kind, sealed.lines)
    assert (sealed.expires_at - NOW, quoted.expires_in) == (dt.timedelta(seconds=900), 900)


@pytest.mark.parametrize("theirs", [39999, 40001, 38050])
def test_what_the_authority_and_the_upstream_say_differently_is_not_charged(
    theirs: int, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TierAmountDiffers, match="没有扣款") as refused:
        quote(FakeTaxBank(payables={2026: [payable(amount=theirs)]}))
    assert refused.value.detail == {"ours": 40000, "theirs": theirs}
    assert "公布的金额是400.00元" in refused.value.message
    assert "12366" in refused.value.message
    assert "the authority's amount is not the upstream's" in caplog.text, "somebody must mend the table"
    assert PERSON.document_number not in str(vars(caplog.records[-1]))


def test_without_a_table_the_upstreams_amount_counts() -> None:
    taxbank = FakeTaxBank(payables={2026: [payable(amount=38050)]})
    assert opened(quote(taxbank, replace(ASKED, tier_code=""), tiers=())).amount == 38050


def test_two_quotes_of_the_same_payable_are_two() -> None:
    taxbank = FakeTaxBank(payables={2026: [payable()]})
    assert opened(quote(taxbank)).quote_id != opened(quote(taxbank)).quote_id


def test_a_quote_opens_with_no_other_key() -> None:
    quoted = quote(FakeTaxBank(payables={2026: [payable()]}))
    assert PERSON.document_number not in quoted.quote
    with pytest.raises(Unreadable):
        KeyRing.parse(ring()).open_text(quoted.quote, "quote")


def test_the_upstreams_name_of_a_tier_counts() -> None:
    tiers = (Tier("100", "100元档", 10000), Tier("200", "200元档", 20000))
    taxbank = FakeTaxBank(payables={2026: [payable(tier_label="200元档", amount=20000)]})
    quoted = quote(taxbank, replace(ASKED, entry_id="3", tier_code="200"), tiers)
    assert (quoted.lines, quoted.entry) == ((QuoteLine(2026, "200元档", 20000),), PENSION)


def test_without_tiers_there_is_nothing_to_choose() -> None:
    quoted = quote(FakeTaxBank(payables={2026: [payable()]}), replace(ASKED, tier_code=""), tiers=())
    assert quoted.lines[0].tier_label == ""


def test_the_agency_chosen_is_shown_and_charged_by_its_own_number() -> None:
    places = [
        payable(agency_code="450902", agency_name="玉州中心"),
        payable(agency_code="450702", agency_name="钦南中心"),
    ]
    taxbank = FakeTaxBank(payables={2026: places})
    with pytest.raises(AgencyChoiceNeeded):
        quote(taxbank)
    quoted = quote(taxbank, replace(ASKED, agency_code="450702"))
    assert quoted.entry == AWAY
    sealed = opened(quoted)
    assert (sealed.agency_code, sealed.agency_name, sealed.person_number) == (
        "450702",
        "钦南中心",
        "number away",
    )
    assert (sealed.authority_code, sealed.division_code) == ("14507020000", "450702")


def test_both_years_paid_need_nothing_more() -> None:
    taxbank = FakeTaxBank(payables={2026: [paid(2026)], 2027: [paid(2027)]})
    for year in (2026, 2027):
        with pytest.raises(AllPaid, match="您已完成本年度及次年度城乡居民医疗保险的缴费，无需再次申报缴费"):
            quote(taxbank, replace(ASKED, year=year))


@pytest.mark.parametrize(
    "next_year", [{2027: [payable(2027)]}, {2027: []}, {}], ids=["unpaid", "none", "silent"]
)
def test_one_year_paid_says_when_even_if_the_other_cannot_be_asked(
    next_year: dict[int | None, list[Payable]],
) -> None:
    with pytest.raises(AlreadyDeclared, match="该缴费已于2026年10月09日10时23分，通过银行柜台已进行缴费"):
        quote(FakeTaxBank(payables={2026: [paid(2026)], **next_year}))


def test_a_paid_pension_asks_nothing_more() -> None:
    taxbank = FakeTaxBank(payables={2026: [paid(2026)]})
    with pytest.raises(AlreadyDeclared):
        quote(taxbank, replace(ASKED, entry_id="3"))
    assert taxbank.asked == [("3", 2026)]


def test_an_upstream_that_does_not_answer_costs_nothing() -> None:
    with pytest.raises(UpstreamUnavailable, match="没有扣款"):
        quote(FakeTaxBank())


def test_the_upstream_is_asked_once_for_a_quote() -> None:
    taxbank = FakeTaxBank(payables={2026: [payable()]})
    quote(taxbank)
    assert taxbank.asked == [("1", 2026)]


@pytest.mark.parametrize("changed", [{"year": 2025}, {"year": 2028}, {"year": 2027, "entry_id": "3"}])
def test_a_year_that_is_not_offered_is_refused_before_the_upstream_is_asked(
    changed: dict[str, object],
) -> None:
    taxbank = FakeTaxBank(payables={})
    with pytest.raises(YearNotOffered):
        quote(taxbank, replace(ASKED, **changed))  # type: ignore[arg-type]
    assert taxbank.asked == []


def test_years_change_at_midnight_in_guangxi() -> None:
    taxbank = FakeTaxBank(payables={2028: [payable(2028)]})
    asked = replace(ASKED, year=2028)
    with pytest.raises(YearNotOffered):
        quote(taxbank, asked)
    assert quote(taxbank, asked, now=NOW + dt.timedelta(minutes=1)).lines[0].year == 2028


@pytest.mark.parametrize("entry_id", ["", "4", "medical"])
def test_an_entry_that_is_not_the_persons_is_refused(entry_id: str) -> None:
    with pytest.raises(TierUnknown, match=r"请选择缴费险种\.\.\."):
        quote(FakeTaxBank(), replace(ASKED, entry_id=entry_id))
    with pytest.raises(TierUnknown):
        usecases.tiers_asked(replace(ASKED, entry_id=entry_id))


def test_a_tier_of_another_place_is_refused_before_the_upstream_is_asked() -> None:
    taxbank = FakeTaxBank(payables={2026: [payable()]})
    with pytest.raises(TierUnknown):
        quote(taxbank, replace(ASKED, tier_code="of another county"))
    assert taxbank.asked == []


def test_the_tiers_of_a_quote_are_those_of_its_entry() -> None:
    assert usecases.tiers_asked(replace(ASKED, entry_id="2")) == ListTiers(
        PayerKind.RESIDENT, InsuranceType.MEDICAL, "450702", 2026
    )


@pytest.mark.parametrize(
    ("division", "code"), [("450902", "county"), ("450981", "city"), ("450103", "province")]
)
def test_tiers_are_those_of_the_nearest_pooling_level(division: str, code: str) -> None:
    levels = {"450902": "county", "450900": "city", "450000": "province"}
    table = FakeTierTable({pooling: (Tier(name, name, 1),) for pooling, name in levels.items()})
    asked = ListTiers(PayerKind.RESIDENT, InsuranceType.MEDICAL, division, 2026)
    assert [tier.code for tier in usecases.list_tiers(asked, None, table).tiers] == [code]


def test_a_back_payment_seals_every_unpaid_year_oldest_first() -> None:
    years = [payable(2025, 20000, tier_label="200元档"), payable(2023, 10000), paid(2024)]
    taxbank = FakeTaxBank(payables={None: years})
    quoted = quote_arrears(taxbank)
    lines = (QuoteLine(2023, "", 10000), QuoteLine(2025, "200元档", 20000))
    assert (quoted.kind, quoted.lines, quoted.amount) == (PaymentKind.BACK, lines, 30000)
    sealed = opened(quoted)
    assert (sealed.kind, sealed.lines, sealed.amount) == (PaymentKind.BACK, lines, 30000)
    assert (sealed.insurance_type, sealed.person_number) == (InsuranceType.PENSION, "number at home")
    assert taxbank.asked == [("3", None)], "the pension is asked about, once"


def test_without_a_pension_nothing_is_asked() -> None:
    taxbank = FakeTaxBank(payables={None: [payable(2025)]})
    with pytest.raises(PensionMissing, match="只有养老保险允许补缴"):
        quote_arrears(taxbank, replace(ENROLMENT, entries=(HOME, AWAY)))
    assert taxbank.asked == []


@pytest.mark.parametrize("years", [[], [paid(2024), paid(2025)]], ids=["none", "all paid"])
def test_no_year_behind_is_nothing_payable(years: list[Payable]) -> None:
    with pytest.raises(NothingPayable, match="查询不到您的待缴费信息，无需进行缴费"):
        quote_arrears(FakeTaxBank(payables={None: years}))


def test_the_agency_of_several_pensions_is_chosen_before_the_upstream_is_asked() -> None:
    elsewhere = replace(AWAY, entry_id="4", insurance_type=InsuranceType.PENSION)
    several = replace(ENROLMENT, entries=(HOME, PENSION, elsewhere))
    taxbank = FakeTaxBank(payables={None: [payable(2025)]})
    for code in ("", "450103"):
        with pytest.raises(AgencyChoiceNeeded) as needed:
            quote_arrears(taxbank, several, code)
    assert needed.value.detail["agencies"] == [
        {"code": "450902", "name": "玉州中心"}, {"code": "450702", "name": "钦南中心"},
    ]  # fmt: skip
    assert taxbank.asked == []
    quoted = quote_arrears(taxbank, several, "450702")
    assert (quoted.entry, taxbank.asked) == (elsewhere, [("4", None)])


def test_agencies_in_the_answer_are_chosen_from_and_all_years_are_of_the_one_chosen() -> None:
    elsewhere = replace(AWAY, entry_id="4", insurance_type=InsuranceType.PENSION)
    several = replace(ENROLMENT, entries=(PENSION, elsewhere))
    home = [payable(year, agency_code="450902", agency_name="玉州中心") for year in (2024, 2025)]
    away = [payable(2024, agency_code="450702", agency_name="钦南中心")]
    taxbank = FakeTaxBank(payables={None: home + away})
    quoted = quote_arrears(taxbank, several, "450902")
    assert ([line.year for line in quoted.lines], quoted.entry) == ([2024, 2025], PENSION)
    with pytest.raises(AgencyChoiceNeeded):
        quote_arrears(taxbank)
    with pytest.raises(UpstreamUnavailable):
        quote_arrears(taxbank, agency_code="450702")


def test_an_upstream_that_does_not_answer_back_pays_nothing() -> None:
    with pytest.raises(UpstreamUnavailable, match="没有扣款"):
        quote_arrears(FakeTaxBank())
