"""One function per step of a journey. Nothing here is in a transaction while another service is asked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from contract import contribution, payment
from contract.contribution import AgencyChoiceNeeded
from contract.errors import ContractError
from contract.household import Insured
from contract.payment import OrderPlaced, QuoteExpired, QuoteForged, QuoteUsed
from kit.clock import china
from services.gateway.domain import drafts, others
from services.gateway.domain.drafts import AgencyChoice, Draft, Journey, JourneyState, Options, Selection
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.errors import StalePage
from services.gateway.usecases.ports import Ports

QUOTE_LEFT = dt.timedelta(minutes=2)
"""A quote with less time than this is asked for anew rather than offered."""

_STARTS = 3
"""How often a journey is begun again when another tap opened one at the same moment, perhaps for somebody else."""


def start_journey(
    payer: LoggedInPayer, life: dt.timedelta, ports: Ports, insured: Insured | None = None
) -> Journey:
    """A new journey, for the payer or for somebody else, in place of the payer's open one; one for the same person on
    which nothing was asked yet is used again, so that a double tap starts one. Raises StalePage."""
    now = ports.clock.now()
    journey = Journey(
        str(uuid.uuid4()), payer.person_id, JourneyState.OPEN, _draft_for(payer, insured),
        version=1, created_at=now, updated_at=now,
    )  # fmt: skip
    for _ in range(_STARTS):
        with ports.transactions.transaction() as tx:
            current = ports.journeys.find_open(tx, payer.person_id, now - life)
            if current is not None and current.draft == journey.draft:
                return current
            ports.journeys.leave_open(tx, payer.person_id, now)
            if ports.journeys.add(tx, journey):
                return journey
    raise StalePage


def _draft_for(payer: LoggedInPayer, insured: Insured | None) -> Draft:
    own = Draft(payer.person, reminder_phone=payer.phone)
    if insured is None:
        return own
    return replace(
        own, insured=insured.person, insured_relation_id=insured.relation_id, insured_phone=insured.phone
    )


def keep(journey: Journey, ports: Ports) -> Journey:
    """Save what changed. Raises StalePage when another tab was quicker."""
    with ports.transactions.transaction() as tx:
        saved = ports.journeys.save(tx, replace(journey, updated_at=ports.clock.now()))
    if saved is None:
        raise StalePage
    return saved


def keep_draft(journey: Journey, draft: Draft, ports: Ports) -> Journey:
    """Save a changed draft; an unchanged one costs nothing. Raises StalePage."""
    if journey.state is not JourneyState.OPEN:
        raise StalePage
    return journey if draft == journey.draft else keep(replace(journey, draft=draft), ports)


def find_enrolment(journey: Journey, ports: Ports) -> Journey:
    """The journey with its enrolment, asked for once per person and journey (3.2.1.5).

    Who asks first writes so down; another tap meanwhile gets the journey as it is. Raises what
    contribution.find_enrolment raises, after which it may be asked again.
    """
    if journey.draft.enrolment is not None or journey.is_asking(ports.clock.now()):
        return journey
    try:
        asking = keep(replace(journey, enrolment_asked_at=ports.clock.now()), ports)
    except StalePage:
        return journey  # another tap was quicker by a moment, and asks
    try:
        with _in_words_for_payer(journey.draft):
            enrolment = ports.peers.call(
                contribution.find_enrolment, contribution.FindEnrolment(journey.draft.insured)
            )
    except ContractError:
        keep(replace(asking, enrolment_asked_at=None), ports)
        raise
    draft = replace(asking.draft, enrolment=enrolment)
    draft = replace(draft, selection=drafts.settle(draft, Selection(), china(ports.clock.now()).date()))
    return keep(replace(asking, draft=draft), ports)


def list_options(draft: Draft, ports: Ports) -> Options:
    """What 缴费信息选择 offers, with the tiers once type, agency and year are known."""
    selection = draft.selection
    options = drafts.options_for(draft, selection, china(ports.clock.now()).date())
    if options.entry is None or selection.insurance_type is None or selection.year is None:
        return options
    assert draft.enrolment is not None
    asked = contribution.ListTiers(
        draft.enrolment.payer_kind, selection.insurance_type, options.entry.division_code, selection.year
    )
    return replace(options, table=ports.peers.call(contribution.list_tiers, asked))


def select(journey: Journey, wanted: Selection, ports: Ports) -> tuple[Journey, Options]:
    """Keep a selection with its defaults; a quote for another one is dropped."""
    draft, before = journey.draft, journey.draft.selection
    settled = drafts.settle(draft, wanted, china(ports.clock.now()).date())
    same_question = (settled.insurance_type, settled.year) == (before.insurance_type, before.year)
    if not same_question:
        settled = replace(settled, agency_code="")
    draft = replace(draft, selection=settled, agencies=draft.agencies if same_question else ())
    options = list_options(draft, ports)
    chosen = drafts.with_tier(settled, options.tiers or ())
    quoted = draft.quoted if chosen == before else None
    return keep_draft(journey, replace(draft, selection=chosen, quoted=quoted), ports), options


def confirm_agency(journey: Journey, ports: Ports) -> Journey:
    """核实无误: the sole agency is where the insured wants to be covered this year (3.2.1.15(二))."""
    selection = journey.draft.selection
    confirmed = replace(selection, confirmed=selection.to_confirm)
    return keep_draft(journey, replace(journey.draft, selection=confirmed), ports)


def quote_payable(journey: Journey, ports: Ports) -> Journey:
    """The journey with a quote for its selection and the idempotency key that belongs to it.

    A quote still good is used again. Raises what contribution.quote_payable raises; AgencyChoiceNeeded leaves the
    agencies in the journey.
    """
    draft, now = journey.draft, ports.clock.now()
    if draft.quoted and draft.quote_expires_at and draft.quote_expires_at - now > QUOTE_LEFT:
        return journey
    try:
        with _in_words_for_payer(draft):
            quoted = ports.peers.call(contribution.quote_payable, drafts.question_of(draft))
    except AgencyChoiceNeeded as error:
        offered = tuple(AgencyChoice(a["code"], a["name"]) for a in error.detail.get("agencies", ()))
        keep_draft(journey, replace(draft, agencies=offered, quoted=None), ports)
        raise
    expires = now + dt.timedelta(seconds=quoted.expires_in)
    fresh = replace(draft, quoted=quoted, quote_expires_at=expires, idempotency_key=uuid.uuid4().hex)
    return keep_draft(journey, fresh, ports)


def place_order(payer: LoggedInPayer, journey: Journey, key: str, ports: Ports) -> OrderPlaced:
    """Turn the journey into an order, once: the key of the quote makes repeats harmless, and a journey that has
    its order goes on paying that one.

    Raises StalePage when the page was made for another quote, and what payment.place_order raises.
    """
    draft = journey.draft
    if journey.order_id is not None:
        return ports.peers.call(
            payment.resume_payment, payment.OrderOfPayer(payer.person_id, journey.order_id)
        )
    if journey.state is not JourneyState.OPEN or draft.quoted is None or key != draft.idempotency_key:
        raise StalePage
    operator = payment.Payer(payer.person_id, payer.person.name, draft.reminder_phone or "")
    order = payment.PlaceOrder(
        operator, draft.quoted.quote, key, insured_phone=draft.insured_phone or None,
        relation_id=draft.insured_relation_id,
    )  # fmt: skip
    try:
        placed = ports.peers.call(payment.place_order, order)
    except (QuoteExpired, QuoteForged):
        keep_draft(journey, replace(draft, quoted=None), ports)
        raise
    except QuoteUsed as error:
        if own := error.detail.get("order_id"):
            _become_order(journey, own, ports)
        raise
    _become_order(journey, placed.order_id, ports)
    return placed


@contextmanager
def _in_words_for_payer(draft: Draft) -> Iterator[None]:
    """Prompts speak to the insured; who pays for somebody else reads them about that person."""
    try:
        yield
    except ContractError as error:
        if not draft.for_other:
            raise
        raise others.said_of_another(error) from error


def _become_order(journey: Journey, order_id: str, ports: Ports) -> None:
    """A double tap that comes second finds it written already, with the same order."""
    done = replace(journey, state=JourneyState.PLACED, order_id=order_id, updated_at=ports.clock.now())
    with ports.transactions.transaction() as tx:
        ports.journeys.save(tx, done)
