"""三方协议 (3.2.1.11): prepared, signed, cancelled, and brought to their end whatever answers are lost."""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from dataclasses import dataclass, replace
from typing import Any

from contract import schema
from contract.agreement import (
    AgreementExists,
    AgreementKeyUsed,
    AgreementNotFound,
    AgreementOfPerson,
    Agreements,
    AgreementState,
    AgreementView,
    Bank,
    Banks,
    CancelAgreement,
    DraftExpired,
    DraftOfPerson,
    ListAgreements,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
from contract.audit import Act, Action, resident
from contract.contribution import FindEnrolment
from contract.errors import Unavailable
from contract.identity import ConsentMissing
from contract.people import Person
from contract.records import AskedAs
from contract.rights import CONSENT_VERSIONS, ConsentKind
from kit.audit import JOURNAL, Acts
from kit.clock import Clock
from kit.crypto import KeyRing, Unreadable
from kit.database import Transactions
from kit.masking import mask_name
from services.contribution.adapters.base import AgreementDesk, TaxBank
from services.contribution.domain import agreements as domain
from services.contribution.domain.agreements import Agreement, Draft, Question, Report, Trigger
from services.contribution.domain.banks import BankList, check_account
from services.contribution.domain.queries import Query
from services.contribution.usecases.enrolments import Memory, find_enrolment
from services.contribution.usecases.records import Audit

AT_ONCE = 3
"""Questions to the core in one piece of work: looked up, signed, verified."""

_SEALED = "agreement"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wiring:
    """What the actions work with; `agreements` is a storage.AgreementStorage or a fake of it."""

    database: Transactions
    agreements: Any
    audit: Audit
    desk: AgreementDesk
    banks: BankList
    seal: KeyRing
    clock: Clock
    valid_for: dt.timedelta
    journal: Acts = JOURNAL


def list_banks(banks: BankList) -> Banks:
    """The banks of the settings."""
    return Banks(tuple(Bank(bank.code, bank.name, bank.hint) for bank in banks.banks))


def prepare_agreement(request: PrepareAgreement, taxbank: TaxBank, memory: Memory, w: Wiring) -> Prepared:
    """Check the account, find the authorities, seal both. Nothing is kept. Raises BankUnknown, InvalidAccount and what
    find_enrolment raises."""
    bank = w.banks.named(request.bank_code)
    number = check_account(bank, request.account_number)
    enrolment = find_enrolment(FindEnrolment(request.person), taxbank, memory)
    authorities = domain.authorities_of(enrolment.entries)
    draft = Draft(
        request.person_id, request.person, enrolment.registration_number, bank.code, number,
        authorities, w.clock.now() + w.valid_for,
    )  # fmt: skip
    return _prepared(w.seal.seal_text(json.dumps(schema.dump(draft), ensure_ascii=False), _SEALED), draft, w)


def read_draft(request: DraftOfPerson, w: Wiring) -> Prepared:
    """What was prepared, once more. Raises DraftExpired, and BankUnknown for a bank taken off the list meanwhile."""
    draft = _open(request.draft, request.person_id, w)
    if w.clock.now() >= draft.expires_at:
        raise DraftExpired()
    return _prepared(request.draft, draft, w)


def _prepared(sealed: str, draft: Draft, w: Wiring) -> Prepared:
    return Prepared(
        sealed, w.banks.named(draft.bank_code).name, domain.account_shown(draft.account_number[-4:]),
        mask_name(draft.person.name), draft.authorities, int((draft.expires_at - w.clock.now()).total_seconds()),
    )  # fmt: skip


def sign_agreement(request: SignAgreement, w: Wiring) -> AgreementView:
    """Keep the wish to sign, committed before the tax core hears of it; `check_agreement` carries it out.

    The same key, account and authority give the same agreement again. Raises ConsentMissing, DraftExpired,
    BankUnknown, AuthorityUnknown, AgreementExists, AgreementKeyUsed.
    """
    now, draft = w.clock.now(), _open(request.draft, request.person_id, w)
    kind = ConsentKind.BANK_ACCOUNT
    if request.consent_version != CONSENT_VERSIONS[kind]:
        raise ConsentMissing(f"请先阅读并勾选同意{kind.label}。", field="consent")
    agreement = _new_agreement(request, draft, w.banks, now)
    with w.database.transaction() as tx:
        fresh = now < draft.expires_at and w.agreements.add(tx, agreement, draft.person)
        if fresh:
            w.agreements.note(tx, None, agreement, "person", "wished", now)
            _audit(tx, agreement, "sign_agreement", draft.person, w)
        blocker = None if fresh else w.agreements.blocker(tx, agreement, draft.person)
    if fresh:
        return view_of(agreement)
    if blocker is not None:
        return _signed_before(blocker, agreement)
    if now >= draft.expires_at:
        raise DraftExpired()
    return sign_agreement(request, w)  # what stood in the way ended between the two looks


def _signed_before(blocker: Any, agreement: Agreement) -> AgreementView:
    known: Agreement = blocker.agreement
    own = {"agreement_id": known.agreement_id} if known.person_id == agreement.person_id else {}
    if not blocker.same_key:
        raise AgreementExists(**own)
    if not blocker.same_account or known.authority_code != agreement.authority_code:
        raise AgreementKeyUsed(**own)
    return view_of(known)


def get_agreement(request: AgreementOfPerson, w: Wiring) -> AgreementView:
    """The agreement as stored. Raises AgreementNotFound."""
    return view_of(_find(request, w))


def list_agreements(request: ListAgreements, w: Wiring) -> Agreements:
    """All of a person's, newest first."""
    with w.database.read() as connection:
        found = w.agreements.of_person(connection, request.person_id)
    return Agreements(tuple(view_of(agreement) for agreement in found))


def cancel_agreement(request: CancelAgreement, w: Wiring) -> AgreementView:
    """Keep the wish to cancel; `check_agreement` carries it out. Raises AgreementNotFound, AgreementNotActive."""
    _find(AgreementOfPerson(request.person_id, request.agreement_id), w)
    now = w.clock.now()
    with w.database.transaction() as tx:
        before = w.agreements.lock(tx, request.agreement_id)
        after = domain.wish_away(before, now)
        if after is not before:
            w.agreements.save(tx, after)
            w.agreements.note(tx, before, after, "person", Trigger.WISHED_AWAY.value, now)
            _audit(tx, after, "cancel_agreement", request.person, w)
    return view_of(after)


def check_agreement(request: AgreementOfPerson, w: Wiring) -> AgreementView:
    """Ask the tax core what is due, unless somebody is at it or just was. Raises AgreementNotFound."""
    _find(request, w)
    agreement = _claim(request.agreement_id, w)
    if agreement is not None:
        _bring_on(agreement, w)
    return view_of(_find(request, w))


def forget_person(tx: Any, person_id: str, storage: Any) -> None:
    """Keep nothing of the accounts of somebody who was erased, once their agreements are over."""
    for agreement in storage.of_person(tx, person_id):
        storage.save(tx, domain.forget(storage.lock(tx, agreement.agreement_id)))


def claim_due(w: Wiring, limit: int) -> list[AgreementOfPerson]:
    """Whose agreements are to be checked now, left alone by other replicas for a while."""
    now = w.clock.now()
    with w.database.transaction() as tx:
        due = w.agreements.claim_due(tx, now, now + domain.LEASE, limit)
    return [AgreementOfPerson(agreement.person_id, agreement.agreement_id) for agreement in due]


def _claim(agreement_id: str, w: Wiring) -> Agreement | None:
    now = w.clock.now()
    with w.database.transaction() as tx:
        agreement: Agreement = w.agreements.lock(tx, agreement_id)
        if not domain.may_ask(agreement, now):
            return None
        held = domain.hold(agreement, now)
        w.agreements.save(tx, held)
    return held


def _bring_on(agreement: Agreement, w: Wiring) -> None:
    """One question after the other, as long as each leads on. Who asks has claimed the agreement."""
    for _ in range(AT_ONCE):
        question = domain.next_question(agreement)
        if question is None:
            return
        if question is not Question.LOOK_UP:
            agreement = _intend(agreement, w)
        report = _ask(agreement, question, w)
        after = _settle(agreement, report, w)
        if not domain.goes_on(agreement, report, after):
            return
        agreement = after


def _intend(agreement: Agreement, w: Wiring) -> Agreement:
    """Committed before anything is sent: whoever finds the row after a crash looks up first."""
    with w.database.transaction() as tx:
        doubtful: Agreement = replace(w.agreements.lock(tx, agreement.agreement_id), in_doubt=True)
        w.agreements.save(tx, doubtful)
    return doubtful


def _ask(agreement: Agreement, question: Question, w: Wiring) -> Report:
    try:
        return w.desk.ask(agreement, question)
    except Unavailable:
        return Report(Trigger.UNANSWERED, question)


def _settle(asked: Agreement, report: Report, w: Wiring) -> Agreement:
    now = w.clock.now()
    with w.database.transaction() as tx:
        before: Agreement = w.agreements.lock(tx, asked.agreement_id)
        after = domain.apply(before, report, now)
        if domain.goes_on(before, report, after):
            after = domain.hold(after, now)
        w.agreements.save(tx, after)
        if after.state is not before.state:
            w.agreements.note(tx, before, after, report.question.value, report.trigger.value, now)
    if after.state is AgreementState.FAILED:
        _log.info("an agreement was not signed", extra={"agreement_id": after.agreement_id})
    return after


def _find(request: AgreementOfPerson, w: Wiring) -> Agreement:
    with w.database.read() as connection:
        found: Agreement | None = w.agreements.find(connection, request.agreement_id, request.person_id)
    if found is None:
        target = f"agreement:{request.agreement_id}"
        act = Act(resident(request.person_id), Action.FOREIGN_ASKED, target, AgreementNotFound.code)
        with w.database.transaction() as tx:
            w.journal.add(tx, act, w.clock.now())
        raise AgreementNotFound()
    return found


def _open(sealed: str, person_id: str, w: Wiring) -> Draft:
    """A draft of this person, perhaps too old. Raises DraftExpired."""
    try:
        draft = schema.load(Draft, json.loads(w.seal.open_text(sealed, _SEALED)))
    except (Unreadable, ValueError):
        raise DraftExpired() from None
    if draft.person_id != person_id:
        raise DraftExpired()
    return draft


def _audit(tx: Any, agreement: Agreement, act: str, person: Person, w: Wiring) -> None:
    """Who wished what, in the transaction that keeps the wish; what came of it is in the agreement's history."""
    query = Query(agreement.agreement_id, act, agreement.person_id, AskedAs.OWN, person)
    w.audit.add(tx, query, "wished", w.clock.now())


def _new_agreement(request: SignAgreement, draft: Draft, banks: BankList, now: dt.datetime) -> Agreement:
    bank = banks.named(draft.bank_code)
    authority = domain.choose_authority(draft.authorities, request.authority_code)
    return Agreement(
        agreement_id=uuid.uuid4().hex, person_id=draft.person_id, idempotency_key=request.idempotency_key,
        registration_number=draft.registration_number, bank_code=bank.code, bank_name=bank.name,
        clearing_number=bank.clearing_number, account_tail=draft.account_number[-4:],
        account_number=draft.account_number, holder=draft.person.name, agency_name=authority.agency_name,
        authority_code=authority.code, consent_version=request.consent_version, state=AgreementState.SIGNING,
        created_at=now, next_action_at=now,
    )  # fmt: skip


def view_of(agreement: Agreement) -> AgreementView:
    """An agreement as its person sees it."""
    return AgreementView(
        agreement_id=agreement.agreement_id, state=agreement.state, bank_name=agreement.bank_name,
        account=domain.account_shown(agreement.account_tail), agency_name=agreement.agency_name,
        authority_code=agreement.authority_code, signed_at=agreement.created_at,
        active_at=agreement.active_at, ended_at=agreement.ended_at, words=agreement.words,
    )  # fmt: skip
