"""The only code that queries consents (security.md 15)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from contract.audit import Act, Action, resident, system
from contract.rights import ConsentGiven, ConsentKind
from kit.audit import JOURNAL
from kit.seals import SealedRow
from services.identity.models import CONSENT_SEAL, consents


class Consents:
    """What persons agreed to; nothing is ever overwritten but `withdrawn_at`."""

    def give(
        self, tx: Connection, person_id: str, kind: ConsentKind, version: str, now: dt.datetime,
        member_id: str | None = None, about: str | None = None,
    ) -> None:  # fmt: skip
        """Record a consent, unless the same one stands already. `about` is the member's masked name."""
        t = consents.c
        same = (t.person_id == person_id, t.kind == kind, t.version == version, t.member_id == member_id)
        standing = select(t.consent_id).where(*same, t.withdrawn_at.is_(None)).limit(1)
        if tx.execute(standing).first() is None:
            row = CONSENT_SEAL.onto({
                "consent_id": str(uuid.uuid4()), "person_id": person_id, "kind": kind.value, "version": version,
                "member_id": member_id, "about": about, "given_at": now,
            })  # fmt: skip
            tx.execute(consents.insert(), row)
            written = [CONSENT_SEAL.written(row)]
            _journal(tx, Action.CONSENT_GIVEN, resident(person_id), row, now, written)

    def withdraw(self, tx: Connection, person_id: str, member_id: str, now: dt.datetime) -> None:
        """Whatever was agreed to about a member no longer stands."""
        t = consents.c
        about = (t.person_id == person_id, t.member_id == member_id, t.withdrawn_at.is_(None))
        for row in tx.execute(select(consents).where(*about).with_for_update()).mappings():
            _change(tx, dict(row), Action.CONSENT_WITHDRAWN, resident(person_id), now, withdrawn_at=now)

    def forget(self, tx: Connection, person_ids: Sequence[str], now: dt.datetime) -> None:
        """The consents of persons who are erased say no longer whom they were about, and stand no longer."""
        theirs = select(consents).where(consents.c.person_id.in_(person_ids)).with_for_update()
        for row in tx.execute(theirs).mappings():
            over = row["withdrawn_at"] or now
            changed = {"about": None, "member_id": None, "withdrawn_at": over}
            _change(tx, dict(row), Action.PERSON_ERASED, system("identity"), now, **changed)

    def latest(self, tx: Connection, person_id: str, kind: ConsentKind) -> str:
        """The version agreed to last, or an empty text."""
        t = consents.c
        standing = (t.person_id == person_id, t.kind == kind, t.withdrawn_at.is_(None))
        newest = select(t.version).where(*standing).order_by(t.given_at.desc()).limit(1)
        return tx.execute(newest).scalar_one_or_none() or ""

    def of(self, tx: Connection, person_id: str) -> Sequence[ConsentGiven]:
        """Everything a person agreed to, newest first."""
        rows = tx.execute(
            select(consents).where(consents.c.person_id == person_id).order_by(consents.c.given_at.desc())
        )
        return tuple(
            ConsentGiven(ConsentKind(row.kind), row.version, row.about or "", row.given_at, row.withdrawn_at)
            for row in rows
        )


def _change(
    tx: Connection, row: dict[str, Any], action: Action, by: str, now: dt.datetime, **changed: Any
) -> None:
    values, written = CONSENT_SEAL.renewed(row, **changed)
    tx.execute(update(consents).where(consents.c.consent_id == row["consent_id"]).values(values))
    _journal(tx, action, by, row, now, written)


def _journal(
    tx: Connection,
    action: Action,
    by: str,
    row: dict[str, Any],
    now: dt.datetime,
    written: Sequence[SealedRow],
) -> None:
    told = {"kind": row["kind"], "version": row["version"]}
    act = Act(by, action, f"person:{row['person_id']}", detail=told)
    JOURNAL.add(tx, act, now, written)
