"""One function per action of a resident. Nothing here is in a transaction while another service is asked."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from contract import contribution, identity, payment
from contract.contribution import AgencyChoiceNeeded
from contract.errors import ContractError, InvalidInput
from contract.payment import OrderPlaced, QuoteExpired, QuoteForged, QuoteUsed
from contract.rpc import Method
from kit.clock import Clock, china
from kit.database import Transactions
from services.gateway import domain
from services.gateway.domain import (
    AgencyChoice,
    Draft,
    Journey,
    JourneyState,
    LoggedInPayer,
    Options,
    Selection,
    Session,
)  # fmt: skip
from services.gateway.errors import StalePage

Request = TypeVar("Request")
Answer = TypeVar("Answer")

QUOTE_LEFT = dt.timedelta(minutes=2)
"""A quote with less time than this is asked for anew rather than offered."""


class Peers(Protocol):
    """The other services."""

    def call(self, method: Method[Request, Answer], request: Request) -> Answer: ...


class SessionStorage(Protocol):
    def add(self, tx: Any, session: Session) -> None: ...
    def save(self, tx: Any, session: Session) -> None: ...
    def touch(self, tx: Any, token_hash: bytes, now: dt.datetime) -> None: ...
    def remove(self, tx: Any, token_hash: bytes) -> bool: ...
    def prune(self, tx: Any, seen_before: dt.datetime, created_before: dt.datetime) -> int: ...


class JourneyStorage(Protocol):
    def find_open(self, tx: Any, payer_id: str, updated_since: dt.datetime) -> Journey | None: ...
    def leave_open(self, tx: Any, payer_id: str, now: dt.datetime) -> None: ...
    def add(self, tx: Any, journey: Journey) -> bool: ...
    def save(self, tx: Any, journey: Journey) -> Journey | None: ...
    def prune(self, tx: Any, updated_before: dt.datetime) -> int: ...


@dataclass(frozen=True)
class Ports:
    """What every action may use of the world."""

    transactions: Transactions
    sessions: SessionStorage
    journeys: JourneyStorage
    peers: Peers
    clock: Clock


@dataclass(frozen=True)
class Applicant:
    """What was typed on 用户认证, as typed; identity judges it."""

    name: str
    document_number: str
    phone: str
    client_ip: str


def _open_session(openid: str, now: dt.datetime, **more: Any) -> tuple[str, Session]:
    token = secrets.token_urlsafe(32)
    return token, Session(domain.hash_of(token), openid, secrets.token_urlsafe(32), now, now, **more)


def enter(openid: str, ports: Ports) -> str:
    """A new visitor's session for a WeChat user; returns its token."""
    token, session = _open_session(openid, ports.clock.now())
    with ports.transactions.transaction() as tx:
        ports.sessions.add(tx, session)
    return token


def request_login_code(
    session: Session, who: Applicant, consent: str, ports: Ports
) -> identity.LoginCodeSent:
    """Send a code; the challenge stays in the session. Raises InvalidInput without consent, and what
    identity.request_login_code raises."""
    if consent != domain.CONSENT_VERSION:
        raise InvalidInput("请先阅读并勾选同意《个人信息保护与授权说明》。", field="consent")
    request = identity.RequestLoginCode(
        session.openid, who.name, who.document_number, who.phone, who.client_ip
    )
    sent = ports.peers.call(identity.request_login_code, request)
    now = ports.clock.now()
    kept = replace(
        session, challenge_id=sent.challenge_id, resend_at=now + dt.timedelta(seconds=sent.resend_after),
        consent_version=consent, consented_at=now, last_seen_at=now,
    )  # fmt: skip
    with ports.transactions.transaction() as tx:
        ports.sessions.save(tx, kept)
    return sent


def log_in(session: Session, who: Applicant, code: str, ports: Ports) -> tuple[str, Session]:
    """A new session for the person, with a new token; the old one is dead (security.md 3).

    Raises InvalidInput when no code was asked for or typed, and what identity.log_in raises.
    """
    if session.challenge_id is None or session.consent_version != domain.CONSENT_VERSION:
        raise InvalidInput("请先点“获取验证码”，再填写短信里的验证码。", field="code")
    if not code.strip():
        raise InvalidInput("请输入短信里的验证码。", field="code")
    request = identity.LogIn(
        session.openid, session.challenge_id, who.name, who.document_number, who.phone, code, who.client_ip
    )
    known = ports.peers.call(identity.log_in, request)
    token, newer = _open_session(
        session.openid, ports.clock.now(), payer=LoggedInPayer(known.person_id, known.person, known.phone),
        consent_version=session.consent_version, consented_at=session.consented_at,
    )  # fmt: skip
    with ports.transactions.transaction() as tx:
        ports.sessions.remove(tx, session.token_hash)
        ports.sessions.add(tx, newer)
    return token, newer


def log_out(session: Session, ports: Ports) -> None:
    """Kill the session."""
    with ports.transactions.transaction() as tx:
        ports.sessions.remove(tx, session.token_hash)


def start_journey(payer: LoggedInPayer, life: dt.timedelta, ports: Ports) -> Journey:
    """A new journey in place of the payer's open one; one on which nothing was asked yet is used again, so that
    a double tap starts one."""
    now = ports.clock.now()
    journey = Journey(
        str(uuid.uuid4()), payer.person_id, JourneyState.OPEN, Draft(payer.person, reminder_phone=payer.phone),
        version=1, created_at=now, updated_at=now,
    )  # fmt: skip
    with ports.transactions.transaction() as tx:
        current = ports.journeys.find_open(tx, payer.person_id, now - life)
        if current is not None and current.draft.enrolment is None:
            return current
        ports.journeys.leave_open(tx, payer.person_id, now)
        if ports.journeys.add(tx, journey):
            return journey
    with ports.transactions.transaction() as tx:
        current = ports.journeys.find_open(tx, payer.person_id, now - life)
    if current is None:
        raise StalePage
    return current


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
        enrolment = ports.peers.call(
            contribution.find_enrolment, contribution.FindEnrolment(journey.draft.insured)
        )
    except ContractError:
        keep(replace(asking, enrolment_asked_at=None), ports)
        raise
    draft = replace(asking.draft, enrolment=enrolment)
    draft = replace(draft, selection=domain.settle(draft, Selection(), china(ports.clock.now()).date()))
    return keep(replace(asking, draft=draft), ports)


def list_options(draft: Draft, ports: Ports) -> Options:
    """What 缴费信息选择 offers, with the tiers once type, agency and year are known."""
    selection = draft.selection
    options = domain.options_for(draft, selection, china(ports.clock.now()).date())
    if options.entry is None or selection.insurance_type is None or selection.year is None:
        return options
    assert draft.enrolment is not None
    asked = contribution.ListTiers(
        draft.enrolment.payer_kind, selection.insurance_type, options.entry.division_code, selection.year
    )
    return replace(options, tiers=ports.peers.call(contribution.list_tiers, asked).tiers)


def select(journey: Journey, wanted: Selection, ports: Ports) -> tuple[Journey, Options]:
    """Keep a selection with its defaults; a quote for another one is dropped."""
    draft, before = journey.draft, journey.draft.selection
    settled = domain.settle(draft, wanted, china(ports.clock.now()).date())
    same_question = (settled.insurance_type, settled.year) == (before.insurance_type, before.year)
    if not same_question:
        settled = replace(settled, agency_code="")
    draft = replace(draft, selection=settled, agencies=draft.agencies if same_question else ())
    options = list_options(draft, ports)
    chosen = domain.with_tier(settled, options.tiers or ())
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
        quoted = ports.peers.call(contribution.quote_payable, domain.question_of(draft))
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
    try:
        placed = ports.peers.call(payment.place_order, payment.PlaceOrder(operator, draft.quoted.quote, key))
    except (QuoteExpired, QuoteForged):
        keep_draft(journey, replace(draft, quoted=None), ports)
        raise
    except QuoteUsed as error:
        if own := error.detail.get("order_id"):
            _become_order(journey, own, ports)
        raise
    _become_order(journey, placed.order_id, ports)
    return placed


def _become_order(journey: Journey, order_id: str, ports: Ports) -> None:
    """A double tap that comes second finds it written already, with the same order."""
    done = replace(journey, state=JourneyState.PLACED, order_id=order_id, updated_at=ports.clock.now())
    with ports.transactions.transaction() as tx:
        ports.journeys.save(tx, done)


def prune(idle: dt.timedelta, absolute: dt.timedelta, journey_life: dt.timedelta, ports: Ports) -> None:
    """Forget dead sessions and old journeys, and the personal data in them."""
    now = ports.clock.now()
    with ports.transactions.transaction() as tx:
        ports.sessions.prune(tx, now - idle, now - absolute)
        ports.journeys.prune(tx, now - journey_life)
