"""What the tax side answers about a person: enrolment, payables and what was already paid.

Field names are those of protocols section 2. Years are computed from the day of the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import fees
from sandbox.clock import SHANGHAI, moment
from sandbox.fees import Tier, yuan
from sandbox.people import Enrolment, Person
from sandbox.store import Store

BACK_PAYMENT = "0000"
OWN_CHANNEL = "广西税务12366微信公众号"


@dataclass(frozen=True)
class Paid:
    """One contribution the tax side holds, from an order or from before the sandbox began."""

    record: str
    insurance_type: str
    year: str
    amount: int
    at: datetime
    channel: str
    person_number: str
    tier: str = ""


def insured_answer(person: Person) -> dict[str, Any]:
    """参保查询: the data of a known person; cbdjxxlist is empty when there is no insurance type."""
    return {
        "djxh": person.djxh,
        "xm": person.name,
        "zjhm": person.id_number,
        "jflxDm": person.kind,
        "cbdjxxlist": [_enrolment_fields(enrolment) for enrolment in person.enrolments],
    }


def _enrolment_fields(enrolment: Enrolment) -> dict[str, str]:
    return {
        "sbjbjgdm": enrolment.agency.code,
        "sbjbjgmc": enrolment.agency.name,
        "rybm": enrolment.person_number,
        "zgswjgdm": enrolment.agency.authority,
        "xzqhdm": enrolment.agency.division,
        "zsxmdm": enrolment.insurance_type,
        "zspmdm": fees.ITEM_CODES[enrolment.insurance_type],
        "xzlx": enrolment.insurance_type,
    }


def paid_by(store: Store, person: Person, now: float) -> list[Paid]:
    """Everything paid for that person that the tax side can see at ``now``, oldest first."""
    rows = store.all(
        "SELECT * FROM postings WHERE djxh = ? AND due_at <= ? AND reversed_at IS NULL", (person.djxh, now)
    )
    posted = [
        Paid(
            f"{row['mer_order_id']}-{row['line']}",
            row["xzlx"],
            row["jfnd"],
            row["amount"],
            moment(row["paid_at"]),
            OWN_CHANNEL,
            row["rybm"],
            _tier_name(row["xzlx"], row["amount"]),
        )
        for row in rows
    ]
    return sorted(_prior(person, now) + posted, key=lambda paid: paid.at)


def _prior(person: Person, now: float) -> list[Paid]:
    today = moment(now)
    payments = []
    for index, prior in enumerate(person.prior_payments):
        year = today.year + prior.year
        numbers = [e.person_number for e in person.enrolments if e.insurance_type == prior.insurance_type]
        tier = tier_of(prior.insurance_type, year, prior.tier)
        at = datetime(today.year, today.month, today.day, 10, 23, tzinfo=SHANGHAI) - timedelta(
            days=prior.days_ago
        )
        payments.append(
            Paid(
                f"PRIOR{person.djxh}-{index}",
                prior.insurance_type,
                str(year),
                tier.amount,
                at,
                prior.channel,
                numbers[0],
                tier.name,
            )
        )
    return payments


def tier_of(insurance_type: str, year: int, name: str) -> Tier:
    """The tier of that name, else the lowest."""
    choices = fees.tiers(insurance_type, year)
    return next((tier for tier in choices if tier.name == name), choices[0])


def _tier_name(insurance_type: str, amount: int) -> str:
    if insurance_type not in fees.PENSION_TYPES:
        return ""
    return next((tier.name for tier in fees.tiers(insurance_type, 0) if tier.amount == amount), "")


def payable_answer(
    store: Store, person: Person, asked: Enrolment, year: str, now: float, *, show_agencies: bool
) -> dict[str, Any]:
    """城乡居民查询 / 灵活就业查询 for one insurance type of one person.

    ``year`` is four digits, ``0000`` for back-payment or empty for every year that can be paid now.
    A year already paid comes as one line with jfzt 1, the time and the channel.
    """
    if person.nothing_due:
        return {"jfmx": []}
    paid = {p.year: p for p in paid_by(store, person, now) if p.insurance_type == asked.insurance_type}
    lines: list[dict[str, Any]] = []
    if year == BACK_PAYMENT:
        lines = _arrears(person, asked, moment(now).year, paid)
    else:
        for payable_year in _open_years(asked.insurance_type, moment(now).year):
            if year in ("", payable_year):
                lines += _year_lines(asked, payable_year, paid.get(payable_year))
    if not show_agencies:
        return {"jfmx": lines}
    places = [e for e in person.enrolments if e.insurance_type == asked.insurance_type]
    return {"jfmx": [line | _place(place) for place in places for line in lines]}


def _place(enrolment: Enrolment) -> dict[str, str]:
    fields = _enrolment_fields(enrolment)
    return {name: fields[name] for name in ("sbjbjgdm", "sbjbjgmc", "rybm", "xzqhdm")}


def _open_years(insurance_type: str, this_year: int) -> list[str]:
    """Pension this year only, resident medical this and next year (requirement 3.2.1.6)."""
    return (
        [str(this_year), str(this_year + 1)] if insurance_type == fees.RESIDENT_MEDICAL else [str(this_year)]
    )


def _year_lines(asked: Enrolment, year: str, paid: Paid | None) -> list[dict[str, Any]]:
    if paid is not None:
        return [_line(year, Tier(paid.tier, paid.amount), paid)]
    return [_line(year, tier, None) for tier in fees.tiers(asked.insurance_type, int(year))]


def _arrears(person: Person, asked: Enrolment, this_year: int, paid: dict[str, Paid]) -> list[dict[str, Any]]:
    """Unpaid years before this one, oldest first, each at the lowest tier. Pension only."""
    if asked.insurance_type not in fees.PENSION_TYPES:
        return []
    years = [str(year) for year in range(this_year - person.arrears_years, this_year)]
    return [_line(y, fees.tiers(asked.insurance_type, int(y))[0], None) for y in years if y not in paid]


def _line(year: str, tier: Tier, paid: Paid | None) -> dict[str, Any]:
    return {
        "jfnd": year,
        "ssqq": f"{year}01",
        "ssqz": f"{year}12",
        "dc": tier.name,
        "je": yuan(tier.amount),
        "jfzt": "1" if paid else "0",
        "yjsj": paid.at.strftime("%Y-%m-%d %H:%M:%S") if paid else "",
        "yjqd": paid.channel if paid else "",
    }
