"""Codes that were asked for."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, select, update

from kit.database import insert_or_ignore
from services.notify.domain.messages import CodeState
from services.notify.models import codes


class CodeRows:
    """The `codes` table."""

    def begin_code(self, tx: Connection, reference: str, phone: str, now: dt.datetime) -> CodeState | None:
        """Note that a code is about to be sent; the state it is already in when it was asked for before."""
        fresh = insert_or_ignore(
            tx, codes, reference=reference, recipient=phone, state=CodeState.SENDING.value, created_at=now,
            changed_at=now,
        )  # fmt: skip
        if fresh:
            return None
        return CodeState(tx.execute(select(codes.c.state).where(codes.c.reference == reference)).scalar_one())

    def end_code(
        self, tx: Connection, reference: str, state: CodeState, serial: str, reason: str, now: dt.datetime
    ) -> None:
        """What the provider said about a code. That it was sent is never taken back by a repeat."""
        values = {"state": state.value, "serial": serial or None, "reason": reason or None, "changed_at": now}
        open_ = codes.c.state != CodeState.SENT.value
        tx.execute(update(codes).where(codes.c.reference == reference, open_).values(**values))

    def forget_codes(self, tx: Connection, before: dt.datetime) -> None:
        """Delete codes sent before a moment."""
        tx.execute(delete(codes).where(codes.c.created_at < before))
