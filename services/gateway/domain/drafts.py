"""Journeys, and what may be chosen when (requirements 3.2.1.5, 3.2.1.6)."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from contract.contribution import (
    Enrolment,
    EnrolmentEntry,
    QuoteBackPayment,
    Quoted,
    QuotePayable,
    Tier,
    Tiers,
)
from contract.errors import InvalidInput
from contract.insurance import InsuranceType, PaymentKind
from contract.payment import ItemWanted
from contract.people import Person
from contract.places import Place
from services.gateway.domain.refusals import Refusal
from services.gateway.domain.waiting import ASKING, QUOTING


class JourneyState(enum.StrEnum):
    """open → placed (became an order) | left (a newer journey took its place)."""

    OPEN = "open"
    PLACED = "placed"
    LEFT = "left"


class Step(enum.StrEnum):
    """The pages of a journey, in order; values are the last part of their URLs. 补缴 has nothing to choose."""

    PAYER = "payer"
    CHOICE = "choice"
    CHECK = "check"


@dataclass(frozen=True)
class AgencyChoice:
    """An agency contribution asks to choose between (AgencyChoiceNeeded)."""

    code: str
    name: str


@dataclass(frozen=True)
class Selection:
    """What the payer chose on 缴费信息选择.

    `agency_code` answers AgencyChoiceNeeded, else empty. `confirmed` is the entry and year whose sole agency was
    confirmed.
    """

    insurance_type: InsuranceType | None = None
    entry_id: str | None = None
    year: int | None = None
    tier_code: str | None = None
    agency_code: str = ""
    confirmed: str | None = None

    @property
    def to_confirm(self) -> str:
        return f"{self.entry_id} {self.year}"


@dataclass(frozen=True)
class Draft:
    """What a journey collected so far. `kind` is what the quote is for; `agencies` are those contribution asked to
    choose between; the idempotency key belongs to the quote. An insured who is not the payer has a relation, and
    perhaps a phone and a place of their own. `refused` is how the last question ended where it was refused."""

    insured: Person
    enrolment: Enrolment | None = None
    kind: PaymentKind = PaymentKind.NORMAL
    selection: Selection = field(default_factory=Selection)
    agencies: tuple[AgencyChoice, ...] = ()
    quoted: Quoted | None = None
    quote_expires_at: dt.datetime | None = None
    quote_asked_at: dt.datetime | None = None
    idempotency_key: str | None = None
    refused: Refusal | None = None
    reminder_phone: str | None = None
    insured_relation_id: str | None = None
    insured_phone: str = ""
    insured_place: Place | None = None

    @property
    def for_other(self) -> bool:
        """Whether somebody else is paid for (代他人缴费)."""
        return self.insured_relation_id is not None


@dataclass(frozen=True)
class Journey:
    """One person's way to one order, resumable until it is placed or left."""

    journey_id: str
    payer_id: str
    state: JourneyState
    draft: Draft
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    order_id: str | None = None
    enrolment_asked_at: dt.datetime | None = None

    def is_asking(self, now: dt.datetime) -> bool:
        """Whether the enrolment is being asked for right now."""
        return self.enrolment_asked_at is not None and now - self.enrolment_asked_at < ASKING

    def is_quoting(self, now: dt.datetime) -> bool:
        """Whether the amount is being asked for right now."""
        asked_at = self.draft.quote_asked_at
        return asked_at is not None and now - asked_at < QUOTING

    @property
    def step(self) -> Step:
        """Where 继续上次缴费 goes on."""
        if self.draft.enrolment is None:
            return Step.PAYER
        if self.draft.quoted is not None:
            return Step.CHECK
        return Step.PAYER if self.draft.kind is PaymentKind.BACK else Step.CHOICE

    @property
    def first_page(self) -> Step:
        """The page after 缴费人信息."""
        return Step.CHECK if self.draft.kind is PaymentKind.BACK else Step.CHOICE


@dataclass(frozen=True)
class Options:
    """What 缴费信息选择 offers for the present selection. `table` is None until type, agency and year are known."""

    types: tuple[InsuranceType, ...]
    entries: tuple[EnrolmentEntry, ...]
    entry: EnrolmentEntry | None
    years: tuple[int, ...]
    table: Tiers | None = None

    @property
    def tiers(self) -> tuple[Tier, ...] | None:
        """None while nobody knows whether there are any."""
        return self.table.tiers if self.table else None

    def tier(self, code: str | None) -> Tier | None:
        return next((tier for tier in self.tiers or () if tier.code == code), None)


def types_of(enrolment: Enrolment) -> tuple[InsuranceType, ...]:
    """The insurance types a person is enrolled in, pension first."""
    enrolled = {entry.insurance_type for entry in enrolment.entries}
    return tuple(kind for kind in InsuranceType if kind in enrolled)


def years_of(insurance_type: InsuranceType | None, today: dt.date) -> tuple[int, ...]:
    """养老保险 is paid for this year only, 医疗保险 for this or the next (3.2.1.6)."""
    if insurance_type is None:
        return ()
    return (today.year, today.year + 1) if insurance_type is InsuranceType.MEDICAL else (today.year,)


def of_kind(draft: Draft, kind: PaymentKind, wanted: Selection, today: dt.date) -> Draft:
    """The draft for another 缴费类型, begun with this selection; what was asked for the other kind is dropped."""
    anew = replace(draft, kind=kind, selection=wanted, agencies=(), quoted=None)
    return anew if draft.enrolment is None else replace(anew, selection=settle(anew, wanted, today))


def settle(draft: Draft, wanted: Selection, today: dt.date) -> Selection:
    """The wanted selection with the defaults of 3.2.1.6: one choice is chosen, an impossible one is dropped."""
    options = options_for(draft, wanted, today)
    if wanted.insurance_type not in options.types:
        kind = options.types[0] if len(options.types) == 1 else None
        if kind is not None:
            return settle(draft, replace(wanted, insurance_type=kind), today)
        return Selection()
    year = wanted.year if wanted.year in options.years else options.years[0]
    return replace(wanted, entry_id=options.entry.entry_id if options.entry else None, year=year)


def options_for(draft: Draft, selection: Selection, today: dt.date) -> Options:
    """What may be chosen beside the selection; the tiers are not known here."""
    assert draft.enrolment is not None, "the enrolment is found before anything is chosen"
    entries = tuple(e for e in draft.enrolment.entries if e.insurance_type == selection.insurance_type)
    chosen = next((e for e in entries if e.entry_id == selection.entry_id), None)
    entry = entries[0] if len(entries) == 1 else chosen
    return Options(types_of(draft.enrolment), entries, entry, years_of(selection.insurance_type, today))


def choose_agency(draft: Draft, code: str) -> Draft:
    """The draft with the tapped agency, by its code. Raises InvalidInput when it was not offered."""
    selection = draft.selection
    entries = draft.enrolment.entries if draft.enrolment else ()
    own = [e for e in entries if e.insurance_type == selection.insurance_type and e.agency_code == code]
    if not own and code not in {agency.code for agency in draft.agencies}:
        raise InvalidInput("请选择社保经办机构...", field="agency_code")
    entry_id = own[0].entry_id if own else selection.entry_id
    again = code if draft.agencies or draft.kind is PaymentKind.BACK else ""
    tier_code = selection.tier_code if entry_id == selection.entry_id else None
    chosen = replace(selection, entry_id=entry_id, agency_code=again, tier_code=tier_code)
    return replace(draft, selection=chosen, quoted=None)


def choose_entry(draft: Draft, entry_id: str, year: int, today: dt.date) -> Draft:
    """The draft with one 参保信息 and year chosen outright. Raises InvalidInput for what is not offered."""
    entries = draft.enrolment.entries if draft.enrolment else ()
    entry = next((e for e in entries if e.entry_id == entry_id), None)
    if entry is None:
        raise InvalidInput("没有这条参保信息。", field="entry_id")
    if year not in years_of(entry.insurance_type, today):
        raise InvalidInput("请选择可以缴费的年度。", field="year")
    return replace(draft, selection=Selection(entry.insurance_type, entry_id, year))


def agency_name(draft: Draft) -> str:
    """The agency as chosen on 缴费信息选择, for the pages before the quote names it; empty before one is chosen."""
    names = {agency.code: agency.name for agency in draft.agencies}
    entries = draft.enrolment.entries if draft.enrolment else ()
    own = next((e.agency_name for e in entries if e.entry_id == draft.selection.entry_id), "")
    return names.get(draft.selection.agency_code, own)


def with_tier(selection: Selection, tiers: Sequence[Tier]) -> Selection:
    """The selection with a tier that exists: the chosen one, or the only one."""
    codes = [tier.code for tier in tiers]
    if selection.tier_code in codes:
        return selection
    return replace(selection, tier_code=codes[0] if len(codes) == 1 else None)


def check_selection(selection: Selection, options: Options) -> None:
    """The checks of 【下一步】 in the order of 3.2.1.6. Raises InvalidInput with its prompt."""
    if selection.insurance_type is None:
        raise InvalidInput("请选择缴费险种...", field="insurance_type")
    if selection.entry_id is None:
        raise InvalidInput("请选择社保经办机构...", field="agency")
    if options.tiers and selection.tier_code is None:
        raise InvalidInput("请选择缴费档次...", field="tier_code")


def needs_confirmation(selection: Selection, options: Options) -> bool:
    """Medical insurance with one enrolment: the place is confirmed once per year chosen (3.2.1.15(二))."""
    sole = selection.insurance_type is InsuranceType.MEDICAL and len(options.entries) == 1
    return sole and selection.confirmed != selection.to_confirm


def back_payment_of(draft: Draft, ticket: str) -> QuoteBackPayment:
    """What contribution is asked for 补缴."""
    assert draft.enrolment is not None
    return QuoteBackPayment(draft.insured, draft.enrolment, draft.selection.agency_code, ticket)


def question_of(draft: Draft, ticket: str) -> QuotePayable:
    """What contribution is asked about a checked selection."""
    selection = draft.selection
    assert draft.enrolment is not None
    assert selection.entry_id is not None
    assert selection.year is not None
    return QuotePayable(
        draft.insured, draft.enrolment, selection.entry_id, selection.year, selection.tier_code or "",
        selection.agency_code, ticket,
    )  # fmt: skip


def item_of(draft: Draft) -> ItemWanted:
    """What an order is asked to pay for: the quote, and what the journey knows of an insured who is not the payer."""
    assert draft.quoted is not None
    return ItemWanted(
        draft.quoted.quote, draft.insured_phone or None, draft.insured_relation_id, draft.insured_place
    )


def place_of(agency_name: str) -> str:
    """The 市（县） an agency serves: 南宁市青秀区社会保险经办中心 → 南宁市青秀区."""
    found = re.match(r"[^市]+市(?:[^市县区]+[市县区])?|[^县区]+[县区]", agency_name)
    return found.group() if found else agency_name


_PHONE = re.compile(r"1[3-9]\d{9}")


def reminder_phone(typed: str) -> str | None:
    """An optional phone as typed, without spaces and country code; None when left empty. Raises InvalidInput."""
    phone = re.sub(r"[\s-]", "", typed).removeprefix("+86")
    if not phone:
        return None
    if not _PHONE.fullmatch(phone):
        raise InvalidInput("提醒手机号码有误，请输入11位手机号码，或者留空。", field="reminder_phone")
    return phone
