"""One function per step of a journey. Nothing here is in a transaction while another service is asked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from contract import contribution, payment
from contract.contribution import AgencyChoiceNeeded, GetQueuePlace, QueuePlace, Quoted
from contract.errors import ContractError, Unavailable
from contract.household import Insured
from contract.insurance import PaymentKind
from contract.payment import OrderPlaced, QuoteExpired, QuoteForged, QuoteUsed
from kit.clock import china
from services.gateway.domain import drafts, others
from services.gateway.domain.drafts import AgencyChoice, Draft, Journey, JourneyState, Options, Selection
from services.gateway.domain.refusals import Refusal
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.errors import StalePage
from services.gateway.usecases.ports import Ports

QUOTE_LEFT = dt.timedelta(minutes=2)
"""A quote with less time than this is asked for anew rather than offered."""

NOTHING_CHOSEN = Selection()

_STARTS = 3
"""How often a journey is begun again when another tap opened one at the same moment, perhaps for somebody else."""


def start_journey(
    payer: LoggedInPayer, life: dt.timedelta, ports: Ports, insured: Insured | None = None
) -> Journey:
    """A new journey, for the payer or for somebody else, in place of the payer's open one; one for the same person on
    which nothing was asked yet is used again, so that a double tap starts one. Raises StalePage."""
    now = ports.clock.now()
    journey = Journey(
        str(uuid.uuid4()), payer.person_id, JourneyState.OPEN, draft_for(payer, insured),
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


def draft_for(payer: LoggedInPayer, insured: Insured | None) -> Draft:
    """Where a journey, or a line of a batch, begins: the payer's own, or somebody else's."""
    own = Draft(payer.person, reminder_phone=payer.phone)
    if insured is None:
        return own
    return replace(
        own, insured=insured.person, insured_relation_id=insured.relation_id, insured_phone=insured.phone,
        insured_place=insured.place,
    )  # fmt: skip


def keep(journey: Journey, ports: Ports) -> Journey:
    """Save what changed. Raises StalePage when another tab was quicker."""
    with ports.transactions.transaction() as tx:
        saved = ports.journeys.save(tx, replace(journey, updated_at=ports.clock.now()))
    if saved is None:
        raise StalePage
    return saved


def keep_draft(journey: Journey, draft: Draft, ports: Ports) -> Journey:
    """Save a changed draft; an unchanged one costs nothing. Raises StalePage.

    A question under way was about the draft as it was: its answer is dropped, and so it counts as asked no more.
    """
    if journey.state is not JourneyState.OPEN:
        raise StalePage
    if draft == journey.draft:
        return journey
    return keep(replace(journey, draft=replace(draft, quote_asked_at=None), enrolment_asked_at=None), ports)


def choose_kind(
    journey: Journey, kind: PaymentKind, ports: Ports, wanted: Selection = NOTHING_CHOSEN
) -> Journey:
    """The journey for 正常缴费 or 补缴; another kind than before begins with the wanted selection and without a quote.

    Raises StalePage, also while the enrolment is asked for, which would not find the journey as it left it.
    """
    if journey.state is not JourneyState.OPEN:
        raise StalePage
    if kind is journey.draft.kind:
        return journey
    if journey.draft.enrolment is None and journey.is_asking(ports.clock.now()):
        raise StalePage
    draft = drafts.of_kind(journey.draft, kind, wanted, china(ports.clock.now()).date())
    return keep_draft(journey, draft, ports)


def find_enrolment(journey: Journey, ports: Ports) -> Journey:
    """The journey with its enrolment, asked for once per person and journey (3.2.1.5), or still asking for it.

    Who asks first writes so down; another tap meanwhile gets the journey as it is. Raises what
    contribution.find_enrolment raises, after which it may be asked again, as may one that is not of today.
    """
    draft, now = journey.draft, ports.clock.now()
    if (draft.enrolment is not None and draft.enrolment.as_of is None) or journey.is_asking(now):
        return journey
    asking = replace(journey, enrolment_asked_at=now, draft=replace(draft, refused=None))
    try:
        asking = keep(asking, ports)
    except StalePage:
        return asking  # another tap was quicker by a moment, and asks
    return ports.aside.run(partial(_ask_for_enrolment, asking, ports)) or asking


def _ask_for_enrolment(asking: Journey, ports: Ports) -> Journey:
    """To the end, whoever still waits; the answer, or the refusal, is in the journey."""
    draft, question = asking.draft, contribution.FindEnrolment(asking.draft.insured, asking.journey_id)
    try:
        with in_words_for_payer(draft):
            enrolment = ports.peers.call(contribution.find_enrolment, question)
    except ContractError as error:
        refused = replace(draft, refused=Refusal.of(error))
        keep(replace(asking, enrolment_asked_at=None, draft=refused), ports)
        raise
    draft = replace(draft, enrolment=enrolment, quoted=None)
    settled = drafts.settle(draft, draft.selection, china(ports.clock.now()).date())
    return keep(replace(asking, enrolment_asked_at=None, draft=replace(draft, selection=settled)), ports)


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


def answer_agency(journey: Journey, code: str, ports: Ports) -> Journey:
    """The journey with this answer to AgencyChoiceNeeded; a quote for another one is dropped. Raises StalePage."""
    draft = journey.draft
    if code == draft.selection.agency_code:
        return journey
    answered = replace(draft.selection, agency_code=code)
    return keep_draft(journey, replace(draft, selection=answered, quoted=None), ports)


def confirm_agency(journey: Journey, ports: Ports) -> Journey:
    """核实无误: the sole agency is where the insured wants to be covered this year (3.2.1.15(二))."""
    selection = journey.draft.selection
    confirmed = replace(selection, confirmed=selection.to_confirm)
    return keep_draft(journey, replace(journey.draft, selection=confirmed), ports)


def quote_payable(journey: Journey, ports: Ports) -> Journey:
    """The journey with a quote for its kind and selection and the idempotency key that belongs to it, or still asking.

    A quote still good is used again, and one that is asked for is waited for. Raises what contribution.quote_payable
    and quote_back_payment raise; AgencyChoiceNeeded leaves the agencies in the journey.
    """
    draft, now = journey.draft, ports.clock.now()
    if draft.quoted and draft.quote_expires_at and draft.quote_expires_at - now > QUOTE_LEFT:
        return journey
    if journey.is_quoting(now):
        return journey
    if journey.state is not JourneyState.OPEN:
        raise StalePage
    draft = replace(draft, quoted=None, quote_asked_at=now, refused=None)
    asking = keep(replace(journey, draft=draft), ports)
    return ports.aside.run(partial(_ask_for_quote, asking, ports)) or asking


def _ask_for_quote(asking: Journey, ports: Ports) -> Journey:
    """To the end, as with the enrolment."""
    draft, now = asking.draft, ports.clock.now()
    try:
        with in_words_for_payer(draft):
            quoted = _ask_contribution(asking, ports)
    except ContractError as error:
        draft = replace(draft, refused=Refusal.of(error))
        if isinstance(error, AgencyChoiceNeeded):
            offered = tuple(AgencyChoice(a["code"], a["name"]) for a in error.detail.get("agencies", ()))
            draft = replace(draft, agencies=offered)
        keep_draft(asking, draft, ports)
        raise
    expires = now + dt.timedelta(seconds=quoted.expires_in)
    fresh = replace(draft, quoted=quoted, quote_expires_at=expires, idempotency_key=uuid.uuid4().hex)
    return keep_draft(asking, fresh, ports)


def find_place(ticket: str, ports: Ports) -> QueuePlace:
    """How many are ahead of a journey, or a line of a batch, that asks under its id; None when it is being answered,
    or nobody can say."""
    try:
        return ports.peers.call(contribution.get_queue_place, GetQueuePlace(ticket))
    except Unavailable:
        return QueuePlace(None)


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
    order = payment.PlaceOrder(operator, (drafts.item_of(draft),), key)
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


def _ask_contribution(asking: Journey, ports: Ports) -> Quoted:
    draft, ticket = asking.draft, asking.journey_id
    if draft.kind is PaymentKind.BACK:
        return ports.peers.call(contribution.quote_back_payment, drafts.back_payment_of(draft, ticket))
    return ports.peers.call(contribution.quote_payable, drafts.question_of(draft, ticket))


@contextmanager
def in_words_for_payer(draft: Draft) -> Iterator[None]:
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
