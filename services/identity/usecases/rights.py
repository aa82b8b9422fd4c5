"""What a person may ask for about their own data (security.md 15, 个人信息保护法 44-47)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from contract.audit import Act, Action, resident, system
from contract.household import Kinship
from contract.identity import ConsentMissing, PersonNotFound
from contract.rights import (
    CONSENT_VERSIONS,
    Account,
    ConsentKind,
    ConsentNoted,
    Consents,
    Deletion,
    DeletionCancelled,
    ExportedPerson,
    GiveConsent,
    PersonErased,
    PersonExport,
    PersonNamed,
)
from kit.masking import mask_name, mask_number, mask_phone
from services.identity.domain.household import Profile, document_of
from services.identity.domain.rights import KnownPerson
from services.identity.usecases.wiring import Wiring

ERASED_AT_ONCE: Final = 50
_GIVEN_ALONE: Final = frozenset({ConsentKind.BANK_ACCOUNT, ConsentKind.CARD_PHOTO})


def get_account(request: PersonNamed, w: Wiring) -> Account:
    """The person as kept, masked. Raises PersonNotFound."""
    with w.database.read() as tx:
        return _account(w.accounts.find(tx, request.person_id))


def list_consents(request: PersonNamed, w: Wiring) -> Consents:
    """Everything the person agreed to, newest first, withdrawn or not."""
    with w.database.read() as tx:
        return Consents(tuple(w.consents.of(tx, request.person_id)))


def give_consent(request: GiveConsent, w: Wiring) -> ConsentNoted:
    """Record a consent given on its own; a repeat changes nothing. Raises ConsentMissing, PersonNotFound."""
    kind, version = request.kind, request.version
    if kind not in _GIVEN_ALONE:
        raise ConsentMissing(f"{kind.label}需要在登录或者添加家庭成员时同意。", field="consent")
    if version != CONSENT_VERSIONS[kind]:
        raise ConsentMissing(f"请先阅读并勾选同意{kind.label}。", field="consent")
    with w.database.transaction() as tx:
        if w.accounts.find(tx, request.person_id) is None:
            raise PersonNotFound
        w.consents.give(tx, request.person_id, kind, version, w.clock.now())
    return ConsentNoted(kind, version)


def export_person(request: PersonNamed, w: Wiring) -> PersonExport:
    """Everything identity keeps about a person, masked. Raises PersonNotFound."""
    person_id = request.person_id
    with w.database.read() as tx:
        account = _account(w.accounts.find(tx, person_id))
        members = w.members.all_of(tx, person_id)
        relations = w.relations.all_of(tx, person_id)
        consents = tuple(w.consents.of(tx, person_id))
        wechat_users = w.accounts.wechat_users(tx, person_id)
    with w.database.transaction() as tx:
        w.journal.add(
            tx, Act(resident(person_id), Action.PERSON_EXPORTED, f"person:{person_id}"), w.clock.now()
        )
    paid = {document_of(r.profile.person): r.paid_at for r in relations}
    return PersonExport(
        account,
        tuple(_exported(m.profile, m.kinship, paid.get(document_of(m.profile.person))) for m in members),
        tuple(_exported(r.profile, None, r.paid_at) for r in relations),
        consents,
        wechat_users,
    )


def request_deletion(request: PersonNamed, w: Wiring) -> Deletion:
    """Note the wish to be forgotten; a repeat changes nothing. Raises PersonNotFound."""
    now = w.clock.now()
    with w.database.transaction() as tx:
        deletion = w.accounts.request_deletion(tx, request.person_id, Deletion(now, now + w.deletion_after))
    if deletion is None:
        raise PersonNotFound
    return deletion


def cancel_deletion(request: PersonNamed, w: Wiring) -> DeletionCancelled:
    """Take the wish back; also where there was none. Raises PersonNotFound."""
    with w.database.transaction() as tx:
        if not w.accounts.cancel_deletion(tx, request.person_id):
            raise PersonNotFound
    return DeletionCancelled(request.person_id)


def carry_out_deletions(w: Wiring) -> int:
    """Forget everybody whose time has come; returns how many. What other replicas are at is left to them."""
    erased = 0
    while batch := _erase_batch(w):
        erased += batch
    return erased


def _erase_batch(w: Wiring) -> int:
    now = w.clock.now()
    with w.database.transaction() as tx:
        persons = w.accounts.erase_due(tx, now, ERASED_AT_ONCE)
        for person_id, rows in persons.items():
            w.outbox.add(tx, PersonErased(person_id), person_id, now)
            act = Act(system("identity"), Action.PERSON_ERASED, f"person:{person_id}")
            w.journal.add(tx, act, now, rows)
    return len(persons)


def _account(known: KnownPerson | None) -> Account:
    if known is None:
        raise PersonNotFound
    of = known.person
    return Account(
        mask_name(of.name), of.document_type, mask_number(of.document_number), mask_phone(known.phone),
        known.created_at, known.last_login_at, known.deletion,
    )  # fmt: skip


def _exported(profile: Profile, kinship: Kinship | None, paid_at: dt.datetime | None) -> ExportedPerson:
    of, place = profile.person, profile.place
    return ExportedPerson(
        mask_name(of.name), of.document_type, mask_number(of.document_number),
        mask_phone(profile.phone) if profile.phone else "", place.text if place else "", kinship, paid_at,
    )  # fmt: skip
