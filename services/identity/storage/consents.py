"""The only code that queries consents (security.md 15)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from contract.rights import ConsentGiven, ConsentKind
from services.identity.models import consents


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
            tx.execute(consents.insert().values(
                consent_id=str(uuid.uuid4()), person_id=person_id, kind=kind.value, version=version,
                member_id=member_id, about=about, given_at=now,
            ))  # fmt: skip

    def withdraw(self, tx: Connection, person_id: str, member_id: str, now: dt.datetime) -> None:
        """Whatever was agreed to about a member no longer stands."""
        t = consents.c
        about = (t.person_id == person_id, t.member_id == member_id, t.withdrawn_at.is_(None))
        tx.execute(update(consents).where(*about).values(withdrawn_at=now))

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
