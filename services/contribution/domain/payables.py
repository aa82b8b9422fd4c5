"""Rules of contribution: which years may be paid, which payable the payer chose, and what stands in the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contract.contribution import (
    AgencyChoiceNeeded,
    AlreadyDeclared,
    EnrolmentEntry,
    NothingPayable,
    PensionMissing,
    Tier,
    TierAmountDiffers,
    TierNotPayable,
    TierUnknown,
    UpstreamUnavailable,
    YearNotOffered,
)
from contract.insurance import InsuranceType, PayerKind
from contract.money import yuan_text
from contract.quote import QuoteLine

PROVINCE = "450000"


@dataclass(frozen=True)
class Payable:
    """One 待缴费记录 as the upstream answered it; `amount` in fen.

    `agency_code` is empty unless the answer itself spreads over several agencies. `paid_at` and `paid_channel` are
    set once it is declared and paid. `from_month` and `to_month` are yyyyMM, empty where the upstream names none.
    """

    year: int
    tier_label: str
    amount: int
    paid: bool
    paid_at: str = ""
    paid_channel: str = ""
    agency_code: str = ""
    agency_name: str = ""
    from_month: str = ""
    to_month: str = ""

    @property
    def period(self) -> tuple[str, str]:
        """First and last month; the whole year where the upstream names none."""
        return self.from_month or f"{self.year}01", self.to_month or f"{self.year}12"

    def overlaps(self, other: Payable) -> bool:
        """Whether a month is in both."""
        return self.period[0] <= other.period[1] and other.period[0] <= self.period[1]


def offered_years(insurance_type: InsuranceType, today: dt.date) -> tuple[int, ...]:
    """Pension: this year. Medical: this year and the next (3.2.1.6)."""
    if insurance_type is InsuranceType.MEDICAL:
        return today.year, today.year + 1
    return (today.year,)


def check_year(insurance_type: InsuranceType, year: int, today: dt.date) -> None:
    """Raises YearNotOffered."""
    if year not in offered_years(insurance_type, today):
        raise YearNotOffered(field="year")


def pooling_levels(division_code: str) -> tuple[str, ...]:
    """The pooling levels whose tables may hold for a division, nearest first: county, city, province."""
    return tuple(dict.fromkeys((division_code[:6], division_code[:4] + "00", PROVINCE)))


def choose_tier(tiers: Sequence[Tier], code: str) -> Tier | None:
    """The tier the payer chose; None where there are none to choose from. Raises TierUnknown."""
    if not tiers:
        return None
    for tier in tiers:
        if tier.code == code:
            return tier
    raise TierUnknown(field="tier_code")


def choose_payable(
    payables: Sequence[Payable], year: int, tier: Tier | None, agency_code: str, insurance_type: InsuranceType
) -> Payable:
    """The payable the payer chose.

    Raises NothingPayable, AgencyChoiceNeeded, AlreadyDeclared (paid already), TierNotPayable, TierAmountDiffers.
    """
    of_year = [payable for payable in payables if payable.year == year]
    if not of_year:
        raise NothingPayable()
    of_agency = _of_agency(of_year, agency_code)
    paid = next((payable for payable in of_agency if payable.paid), None)
    if paid is not None:
        raise already_declared(paid, insurance_type)
    fitting = [p for p in of_agency if not p.tier_label or tier is None or p.tier_label == tier.label]
    if len(fitting) != 1 or fitting[0].amount <= 0:
        raise TierNotPayable()
    if tier is not None and fitting[0].amount != tier.amount:
        raise amount_differs(tier, fitting[0].amount)
    return fitting[0]


def _of_agency(payables: Sequence[Payable], agency_code: str) -> list[Payable]:
    agencies = {payable.agency_code: payable.agency_name for payable in payables}
    if len(agencies) > 1 and agency_code not in agencies:
        raise agency_choice(agencies)
    if len(agencies) > 1:
        return [payable for payable in payables if payable.agency_code == agency_code]
    return list(payables)


def agency_choice(agencies: Mapping[str, str]) -> AgencyChoiceNeeded:
    """Choose one of these agencies, given as names by code."""
    return AgencyChoiceNeeded(agencies=[{"code": code, "name": name} for code, name in agencies.items()])


def pension_asked(entries: Sequence[EnrolmentEntry], agency_code: str) -> EnrolmentEntry:
    """The pension enrolment whose 补缴 is asked for: the only one, or the one of the agency chosen.

    Raises PensionMissing, AgencyChoiceNeeded.
    """
    pensions = [entry for entry in entries if entry.insurance_type is InsuranceType.PENSION]
    if not pensions:
        raise PensionMissing()
    if len(pensions) == 1:
        return pensions[0]
    for entry in pensions:
        if entry.agency_code == agency_code:
            return entry
    raise agency_choice({entry.agency_code: entry.agency_name for entry in pensions})


def choose_arrears(payables: Sequence[Payable], agency_code: str) -> tuple[Payable, ...]:
    """All that is unpaid, oldest first: 补缴 is for every year or none (3.2.1.6).

    What is paid already is not charged, nor is anything else for its months. Raises NothingPayable,
    AgencyChoiceNeeded, and UpstreamUnavailable for an answer that charges a month twice or charges nothing for it:
    what is owed is not guessed.
    """
    of_agency = _of_agency(payables, agency_code)
    paid = [payable for payable in of_agency if payable.paid]
    unpaid = [p for p in of_agency if not p.paid and not any(p.overlaps(done) for done in paid)]
    if not unpaid:
        raise NothingPayable()
    arrears = sorted(unpaid, key=lambda payable: payable.period)
    if any(payable.amount <= 0 for payable in arrears) or any(a.overlaps(b) for a, b in pairwise(arrears)):
        raise UpstreamUnavailable()
    return tuple(arrears)


def lines_of(arrears: Sequence[Payable]) -> tuple[QuoteLine, ...]:
    """One line per year, in the order given; a year that comes in parts is the sum of them."""
    lines = []
    for year in dict.fromkeys(payable.year for payable in arrears):
        parts = [payable for payable in arrears if payable.year == year]
        labels = dict.fromkeys(payable.tier_label for payable in parts if payable.tier_label)
        lines.append(QuoteLine(year, "、".join(labels), sum(payable.amount for payable in parts)))
    return tuple(lines)


def entry_charged(
    entries: Sequence[EnrolmentEntry], asked: EnrolmentEntry, agency_code: str
) -> EnrolmentEntry:
    """The entry a payable of an agency belongs to: each agency knows the person by another number.

    Raises UpstreamUnavailable for an agency at which the person is not enrolled.
    """
    if agency_code in ("", asked.agency_code):
        return asked
    for entry in entries:
        if (entry.insurance_type, entry.agency_code) == (asked.insurance_type, agency_code):
            return entry
    raise UpstreamUnavailable()


def already_declared(payable: Payable, insurance_type: InsuranceType) -> AlreadyDeclared:
    """已申报缴费, with time, channel, insurance type, year and amount (3.2.1.15(四)3(3))."""
    amount = yuan_text(payable.amount)
    return AlreadyDeclared(
        f"该缴费已于{payable.paid_at}，通过{payable.paid_channel}已进行缴费。"
        f"缴费险种：{insurance_type.label}；缴费年度：{payable.year}年；缴费金额：{amount}元。",
        insurance_type=insurance_type.value,
        year=payable.year,
        amount=payable.amount,
    )


def amount_differs(tier: Tier, theirs: int) -> TierAmountDiffers:
    """What the authority's table says and what the upstream says, for the payer to quote to 12366."""
    return TierAmountDiffers(
        f"您选择的“{tier.label}”，税务机关公布的金额是{yuan_text(tier.amount)}元，社保系统核定的金额是{yuan_text(theirs)}元，"
        "两边不一致，暂时不能缴费，没有扣款。请稍后再试，或拨打12366。",
        ours=tier.amount,
        theirs=theirs,
    )


def other_medical_year(year: int, today: dt.date) -> int:
    """Of this year and the next, the one that was not asked for."""
    this, following = offered_years(InsuranceType.MEDICAL, today)
    return following if year == this else this


def covers_both_years(payer_kind: PayerKind, insurance_type: InsuranceType) -> bool:
    """Whether “both years are paid” is a case of its own (3.2.1.15(四)2: resident medical)."""
    return payer_kind is PayerKind.RESIDENT and insurance_type is InsuranceType.MEDICAL
