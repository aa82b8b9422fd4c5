"""The only code that queries the register and the sealed files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from contract import schema
from contract.audit import Act, Action, resident, staff, system
from contract.certificate import CertificateState
from contract.people import Person
from kit.audit import JOURNAL
from kit.database import insert_or_ignore
from services.certificate.domain.content import Content
from services.certificate.domain.register import LEASE, Certificate
from services.certificate.models import certificate_acts, certificate_files, certificates

MOST_LISTED = 100
_ACTIONS = {
    "asked": (Action.CERTIFICATE_ASKED, resident), "read": (Action.CERTIFICATE_READ, resident),
    "replaced": (Action.CERTIFICATE_VOIDED, resident), "voided": (Action.CERTIFICATE_VOIDED, staff),
    "issued": (Action.CERTIFICATE_ISSUED, system),
}  # fmt: skip
"""What of a certificate's history is journalled, and who is behind it."""
_COLUMNS = [field.name for field in fields(Certificate)]


class Register:
    """Certificates, their files and what was done with them; every method works inside the caller's transaction."""

    def add(self, tx: Connection, certificate: Certificate) -> bool:
        """Insert a new one; False when its number is taken, its key was used, or one of the same period waits."""
        assert certificate.person is not None
        return insert_or_ignore(
            tx, certificates, person_index=person_key(certificate.person), **_values(certificate)
        )

    def of_key(self, tx: Connection, person_id: str, key: str) -> Certificate | None:
        """What a key of this person became."""
        t = certificates.c
        return _first(tx, t.person_id == person_id, t.idempotency_key == key)

    def waiting_for(self, tx: Connection, certificate: Certificate) -> Certificate | None:
        """The one of the same person and period that waits."""
        t = certificates.c
        assert certificate.person is not None
        return _first(
            tx, t.person_index == person_key(certificate.person), t.period_from == certificate.period_from,
            t.period_to == certificate.period_to, t.state == CertificateState.WAITING.value, t.batch_id.is_(None),
        )  # fmt: skip

    def find(self, tx: Connection, person_id: str, certificate_id: str) -> Certificate | None:
        """One of this person."""
        t = certificates.c
        return _first(tx, t.person_id == person_id, t.certificate_id == certificate_id)

    def of_number(self, tx: Connection, number: str) -> Certificate | None:
        return _first(tx, certificates.c.number == number)

    def of_hash(self, tx: Connection, file_hash: bytes) -> Certificate | None:
        return _first(tx, certificates.c.file_hash == file_hash)

    def of_person(self, tx: Connection, person_id: str) -> Sequence[Certificate]:
        """Newest first."""
        mine = select(certificates).where(certificates.c.person_id == person_id)
        rows = tx.execute(mine.order_by(certificates.c.asked_at.desc()).limit(MOST_LISTED))
        return [_certificate(row) for row in rows]

    def of_batch(self, tx: Connection, batch_id: str, first: int, limit: int) -> Sequence[Certificate]:
        """So many of a school's list from a position on."""
        t = certificates.c
        mine = select(certificates).where(t.batch_id == batch_id, t.position >= first)
        return [_certificate(row) for row in tx.execute(mine.order_by(t.position).limit(limit))]

    def batch_states(self, tx: Connection, batch_id: str) -> dict[str, int]:
        """How many of a list are in each state."""
        t = certificates.c
        counted = (
            select(t.state, func.count().label("number")).where(t.batch_id == batch_id).group_by(t.state)
        )
        return {row.state: row.number for row in tx.execute(counted)}

    def claim(self, tx: Connection, limit: int, now: dt.datetime) -> list[Certificate]:
        """What waits and is due, for the length of a lease; others skip what is locked here. A person's own come before
        a school's list."""
        t = certificates.c
        due = select(certificates).where(t.state == CertificateState.WAITING.value, t.due_at <= now)
        due = due.order_by(t.batch_id.is_not(None), t.due_at).limit(limit).with_for_update(skip_locked=True)
        found = [_certificate(row) for row in tx.execute(due)]
        if found:
            mine = t.certificate_id.in_([one.certificate_id for one in found])
            tx.execute(update(certificates).where(mine).values(due_at=now + LEASE))
        return [replace(one, due_at=now + LEASE) for one in found]

    def lock(self, tx: Connection, certificate_id: str) -> Certificate:
        """The row, locked until the transaction ends."""
        one = select(certificates).where(certificates.c.certificate_id == certificate_id).with_for_update()
        return _certificate(tx.execute(one).one())

    def save(self, tx: Connection, certificate: Certificate) -> None:
        """Write the row back. The caller holds its lock."""
        mine = certificates.c.certificate_id == certificate.certificate_id
        tx.execute(update(certificates).where(mine).values(**_values(certificate)))

    def note(
        self, tx: Connection, certificate_id: str, act: str, actor: str, now: dt.datetime, text: str = ""
    ) -> None:
        """A line of the history."""
        tx.execute(certificate_acts.insert().values(
            certificate_id=certificate_id, act=act, actor=actor, note=text, at=now
        ))  # fmt: skip
        if act in _ACTIONS:
            action, of = _ACTIONS[act]
            JOURNAL.add(
                tx,
                Act(of(actor or "certificate"), action, f"certificate:{certificate_id}", purpose=text),
                now,
            )

    def acts(self, tx: Connection, certificate_id: str) -> Sequence[Any]:
        """The history, oldest first."""
        t = certificate_acts
        return tx.execute(select(t).where(t.c.certificate_id == certificate_id).order_by(t.c.act_id)).all()

    def keep_file(self, tx: Connection, certificate_id: str, content: bytes, until: dt.datetime) -> None:
        tx.execute(certificate_files.insert().values(
            certificate_id=certificate_id, content=content, kept_until=until
        ))  # fmt: skip

    def file(self, tx: Connection, certificate_id: str) -> bytes | None:
        """The sealed bytes; None once they are too old to be kept."""
        t = certificate_files.c
        found: bytes | None = tx.execute(select(t.content).where(t.certificate_id == certificate_id)).scalar()
        return found

    def latest_files(self, tx: Connection) -> Sequence[bytes]:
        """The last file each authority sealed, of those that are still kept."""
        t = certificates.c
        latest = select(t.authority_code, func.max(t.issued_at).label("at")).where(t.issued_at.is_not(None))
        last = latest.group_by(t.authority_code).subquery()
        same = (t.authority_code == last.c.authority_code) & (t.issued_at == last.c.at)
        files = select(certificate_files.c.content).join(
            certificates, t.certificate_id == certificate_files.c.certificate_id
        )
        return list(tx.execute(files.join(last, same)).scalars())

    def forget_files(self, tx: Connection, now: dt.datetime) -> int:
        """Delete what is past its time, and what it said about a person; the register keeps number and hash."""
        old = select(certificate_files.c.certificate_id).where(certificate_files.c.kept_until <= now)
        ids = list(tx.execute(old.limit(500)).scalars())
        return self._forget(tx, ids)

    def forget_person(self, tx: Connection, person_id: str) -> int:
        """The same for everything of one person."""
        mine = select(certificates.c.certificate_id).where(certificates.c.person_id == person_id)
        return self._forget(tx, list(tx.execute(mine).scalars()))

    def _forget(self, tx: Connection, ids: list[str]) -> int:
        tx.execute(delete(certificate_files).where(certificate_files.c.certificate_id.in_(ids)))
        mine = certificates.c.certificate_id.in_(ids)
        tx.execute(update(certificates).where(mine).values(person=None, content=None))
        still = mine & (certificates.c.state == CertificateState.WAITING.value)
        tx.execute(update(certificates).where(still).values(state=CertificateState.FAILED.value, due_at=None))
        return len(ids)

    def waiting(self, tx: Connection) -> int:
        """How many wait to be issued."""
        waiting = certificates.c.state == CertificateState.WAITING.value
        return int(tx.execute(select(func.count()).select_from(certificates).where(waiting)).scalar_one())


def person_key(person: Person) -> str:
    """What finds a person's rows."""
    return f"{person.document_type.value}:{person.document_number}"


def _first(tx: Connection, *conditions: Any) -> Certificate | None:
    row = tx.execute(select(certificates).where(*conditions)).first()
    return None if row is None else _certificate(row)


def _values(certificate: Certificate) -> dict[str, Any]:
    values = {name: getattr(certificate, name) for name in _COLUMNS}
    return values | {
        "state": certificate.state.value,
        "person": None if certificate.person is None else schema.dump(certificate.person),
        "content": None if certificate.content is None else schema.dump(certificate.content),
    }


def _certificate(row: Any) -> Certificate:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["state"] = CertificateState(row.state)
    values["person"] = None if row.person is None else schema.load(Person, row.person)
    values["content"] = None if row.content is None else schema.load(Content, row.content)
    return Certificate(**values)
