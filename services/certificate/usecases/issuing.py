"""Issuing (3.2.1.16): a wish gets its number at once, and is carried out by whoever claims it.

The order of commits is what keeps one wish at one number: number and wish, then what the certificate says, then the
sealed file with its hash. Whoever dies in between leaves a row whose lease ends; the next one prints the same bytes
from what is kept, and asks the platform under the same request.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contract.audit import Act, Action, resident
from contract.certificate import (
    CertificateKeyUsed,
    CertificateNotFound,
    CertificateNotIssued,
    CertificateOfPerson,
    CertificateState,
    CertificateView,
    IssueCertificate,
    ReplaceCertificate,
    SealRefused,
    SealUnavailable,
)
from contract.errors import ContractError, Unavailable
from contract.people import Person
from contract.records import ListPaidRecords, PaidRecord, list_paid_records
from kit.clock import CHINA, Clock, china
from kit.database import Transactions
from kit.masking import mask_number
from services.certificate.domain import content as words
from services.certificate.domain import register as domain
from services.certificate.domain.authorities import Authority
from services.certificate.domain.content import Content, Line
from services.certificate.domain.register import Certificate
from services.certificate.usecases.wiring import Wiring

_NUMBERS_TRIED = 5
NOTHING_PAID = (
    "这个所属期没有查询到已经入库的缴费记录，没有开具证明。"
    "刚缴的费一般第二天入库，请核对所属期，或者稍后再开。"
)

_log = logging.getLogger(__name__)


def issue_certificate(request: IssueCertificate, w: Wiring) -> CertificateView:
    """Keep the wish under a number of its own. The same key is the same certificate; while one of the same person and
    period waits, it is that one. Raises InvalidPeriod, CertificateKeyUsed."""
    domain.check_period(request.period_from, request.period_to)
    asked = new_certificate(
        request.person_id,
        request.person,
        (request.period_from, request.period_to),
        request.idempotency_key,
        w,
    )
    return view_of(_keep(asked, w), w)


def new_certificate(
    person_id: str, person: Person, period: tuple[str, str], key: str, w: Wiring
) -> Certificate:
    """A wish of now, with a number and a check code nobody has."""
    now = w.clock.now()
    return Certificate(
        certificate_id=str(uuid.uuid4()), number=domain.new_number(china(now).date()),
        check_code=domain.new_check_code(), person_id=person_id, idempotency_key=key, person=person,
        period_from=period[0], period_to=period[1], asked_at=now, due_at=now,
    )  # fmt: skip


def _keep(asked: Certificate, w: Wiring) -> Certificate:
    for _ in range(_NUMBERS_TRIED):
        with w.database.transaction() as tx:
            if w.register.add(tx, asked):
                w.register.note(tx, asked.certificate_id, "asked", asked.person_id, asked.asked_at)
                return asked
            earlier: Certificate | None = w.register.of_key(tx, asked.person_id, asked.idempotency_key)
            waiting: Certificate | None = earlier or w.register.waiting_for(tx, asked)
        if waiting is not None:
            return _same(waiting, asked)
        asked = replace(asked, number=domain.new_number(china(asked.asked_at).date()))
    raise Unavailable


def _same(known: Certificate, asked: Certificate) -> Certificate:
    if (known.period_from, known.period_to) != (asked.period_from, asked.period_to):
        raise CertificateKeyUsed(certificate_id=known.certificate_id)
    if known.person_id != asked.person_id:  # the same person by another login
        raise Unavailable
    return known


def replace_certificate(request: ReplaceCertificate, w: Wiring) -> CertificateView:
    """作废重开: the old one is voided in the transaction that keeps the new one's number. Raises CertificateNotFound,
    CertificateNotIssued, CertificateKeyUsed, VoidReasonMissing."""
    old = find(CertificateOfPerson(request.person_id, request.certificate_id), w)
    now = w.clock.now()
    period = old.period_from, old.period_to
    asked = new_certificate(request.person_id, request.person, period, request.idempotency_key, w)
    with w.database.transaction() as tx:
        locked: Certificate = w.register.lock(tx, old.certificate_id)
        again: Certificate | None = w.register.of_key(tx, request.person_id, request.idempotency_key)
        if again is None:
            voided = domain.voided(locked, request.reason, now, asked.certificate_id)
            if not w.register.add(tx, asked):
                raise CertificateNotIssued("同一所属期的缴费证明正在开具，请等它开具以后再重新开具。")
            w.register.save(tx, voided)
            w.register.note(tx, old.certificate_id, "replaced", request.person_id, now, voided.void_reason)
            w.register.note(tx, asked.certificate_id, "asked", request.person_id, now)
    if again is not None and again.certificate_id != locked.replaced_by:
        raise CertificateKeyUsed(certificate_id=again.certificate_id)
    return view_of(again or asked, w)


def void(
    number: str, reason: str, officer: str, database: Transactions, register: Any, clock: Clock
) -> Certificate:
    """An officer takes a certificate back. Raises CertificateNotFound, CertificateNotIssued, VoidReasonMissing."""
    now = clock.now()
    with database.transaction() as tx:
        found: Certificate | None = register.of_number(tx, number)
        if found is None:
            raise CertificateNotFound
        voided = domain.voided(register.lock(tx, found.certificate_id), reason, now)
        register.save(tx, voided)
        register.note(tx, found.certificate_id, "voided", officer, now, voided.void_reason)
    return voided


def claim(limit: int, w: Wiring) -> list[Certificate]:
    """Wishes to be carried out now, left alone by others for a while."""
    with w.database.transaction() as tx:
        claimed: list[Certificate] = w.register.claim(tx, limit, w.clock.now())
    return claimed


def carry_out(claimed: Certificate, w: Wiring) -> Certificate:
    """Bring a claimed wish to its end, or put it off."""
    try:
        described = _describe(claimed, w)
        if described.state is not CertificateState.WAITING:
            return described
        sealed, pages = _sealed(described, w)
    except Unavailable as error:
        _log.warning("a certificate is put off", extra={"number": claimed.number, "reason": error.code})
        return _end(claimed, "put off", domain.put_off(_latest(claimed, w), error.message, w.clock.now()), w)
    except ContractError as error:
        _log.error("a certificate was not issued", extra={"number": claimed.number, "reason": error.code})
        return _end(claimed, "failed", domain.refused(_latest(claimed, w), error.message), w)
    return _finish(described, sealed, pages, w)


def _describe(claimed: Certificate, w: Wiring) -> Certificate:
    """What it will say, asked of the tax core once and kept before anything is printed."""
    if claimed.content is not None:
        return claimed
    assert claimed.person is not None
    asked = ListPaidRecords(claimed.person, claimed.period_from, claimed.period_to, claimed.certificate_id)
    records = w.peers.call(list_paid_records, asked).records
    if not records:
        return _end(claimed, "failed", domain.refused(claimed, NOTHING_PAID), w)
    authority = w.authorities.of(records[0].authority_code)
    if authority is None:
        _log.error("an authority has no seal here", extra={"authority": records[0].authority_code})
        raise SealRefused
    content = _content(claimed, records, authority, w)
    return _end(claimed, "described", domain.described(claimed, content), w)


def _content(claimed: Certificate, records: Sequence[PaidRecord], authority: Authority, w: Wiring) -> Content:
    assert claimed.person is not None
    lines = [
        Line(
            one.record.insurance_type, one.record.period_from, one.record.period_to, one.record.agency_name,
            one.record.paid_at, one.record.receipt_number, one.record.amount,
        )
        for one in records if one.record.paid_at is not None
    ]  # fmt: skip
    number = claimed.person.document_number
    return Content(
        claimed.number, claimed.check_code, claimed.person.name, claimed.person.document_type,
        number if w.printing.full_number else mask_number(number), claimed.period_from, claimed.period_to,
        words.newest_first(lines), authority.code, authority.name, w.clock.now().replace(microsecond=0),
    )  # fmt: skip


def _sealed(certificate: Certificate, w: Wiring) -> tuple[bytes, int]:
    """The sealed file, accepted only if it is our page, signed by the expected authority. Raises SealUnavailable."""
    content, url = certificate.content, w.printing.check_url
    assert content is not None
    authority = w.authorities.of(content.authority_code)
    if authority is None:
        raise SealRefused
    qr = words.qr_text(content, url)
    printed = w.press.set(words.printed(content, url, CHINA), qr, authority.seal, content.issued_at)
    lists = w.lists.current()
    if w.sealer is None:
        sealed = w.press.sign(printed, authority, lists)
    else:
        sealed = w.sealer.seal(certificate.certificate_id, printed, authority)
    found = w.press.inspect(sealed, lists, w.clock.now())
    good = found.intact and found.trusted and not found.revoked and found.organ_code == authority.organ_code
    if not good or not sealed.startswith(printed.pdf):
        _log.error("what came back is not our page under the right seal", extra={
            "number": certificate.number, "signer": found.signer, "fault": found.fault,
        })  # fmt: skip
        raise SealUnavailable
    return sealed, printed.pages


def _finish(described: Certificate, sealed: bytes, pages: int, w: Wiring) -> Certificate:
    now = w.clock.now()
    with w.database.transaction() as tx:
        latest: Certificate = w.register.lock(tx, described.certificate_id)
        if latest.state is not CertificateState.WAITING:
            return latest  # another lease was faster: its file stands
        done = domain.issued(latest, hashlib.sha256(sealed).digest(), pages)
        w.register.save(tx, done)
        w.register.keep_file(tx, done.certificate_id, sealed, now + w.printing.kept)
        w.register.note(tx, done.certificate_id, "issued", "", now)
    return done


def _end(before: Certificate, act: str, after: Certificate, w: Wiring) -> Certificate:
    """Keep a step, unless somebody was faster."""
    with w.database.transaction() as tx:
        latest: Certificate = w.register.lock(tx, before.certificate_id)
        if latest.state is not CertificateState.WAITING:
            return latest
        if after.content is not None and latest.content is not None:
            after = replace(after, content=latest.content)
        w.register.save(tx, after)
        w.register.note(tx, before.certificate_id, act, "", w.clock.now(), after.words[:200])
    return after


def _latest(claimed: Certificate, w: Wiring) -> Certificate:
    with w.database.transaction() as tx:
        latest: Certificate = w.register.lock(tx, claimed.certificate_id)
    return latest


def forget_old_files(w: Wiring) -> int:
    """Retention: a file past its time goes, the register's line stays."""
    with w.database.transaction() as tx:
        return int(w.register.forget_files(tx, w.clock.now()))


def find(request: CertificateOfPerson, w: Wiring) -> Certificate:
    """Raises CertificateNotFound."""
    with w.database.read() as connection:
        found: Certificate | None = w.register.find(connection, request.person_id, request.certificate_id)
    if found is None:
        target = f"certificate:{request.certificate_id}"
        act = Act(resident(request.person_id), Action.FOREIGN_ASKED, target, CertificateNotFound.code)
        with w.database.transaction() as tx:
            w.journal.add(tx, act, w.clock.now())
        raise CertificateNotFound
    return found


def view_of(certificate: Certificate, w: Wiring) -> CertificateView:
    """A certificate as its person sees it."""
    now = w.clock.now()
    shown = certificate.state in (CertificateState.ISSUED, CertificateState.VOIDED)
    return CertificateView(
        certificate_id=certificate.certificate_id, number=certificate.number, state=certificate.state,
        period_from=certificate.period_from, period_to=certificate.period_to,
        authority_name=certificate.authority_name, total=certificate.total if shown else 0,
        line_count=certificate.line_count if shown else 0, pages=certificate.pages, asked_at=certificate.asked_at,
        issued_at=certificate.issued_at, voided_at=certificate.voided_at, void_reason=certificate.void_reason,
        replaced_by=certificate.replaced_by, readable=shown and _kept(certificate, now, w), words=certificate.words,
    )  # fmt: skip


def _kept(certificate: Certificate, now: dt.datetime, w: Wiring) -> bool:
    return certificate.issued_at is not None and now < certificate.issued_at + w.printing.kept
