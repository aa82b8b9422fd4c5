"""The only code that queries challenges and limits (security.md 1-2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, case, delete, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from services.identity.domain.codes import Challenge, Guess, Limit
from services.identity.domain.people import Applicant
from services.identity.models import challenges, code_limits
from services.identity.storage.profiles import identity_of


class CodeStorage:
    """Challenges and limits; every method works inside the caller's transaction."""

    def take(self, tx: Connection, limit: Limit, now: dt.datetime) -> dt.datetime | None:
        """Count one more for a limit; returns the end of its window, or None when the cap is reached.

        One statement, so that parallel requests queue at the row and none slips past the cap.
        """
        t = code_limits
        over = or_(t.c.ends_at <= now, t.c.used == 0)  # a window nothing is left in begins anew
        insert = _insert(tx, t).values(
            scope=limit.scope, subject=limit.subject, used=1, ends_at=now + limit.window
        )
        taken = insert.on_conflict_do_update(
            index_elements=[t.c.scope, t.c.subject],
            set_={
                "used": case((over, 1), else_=t.c.used + 1),
                "ends_at": case((over, insert.excluded.ends_at), else_=t.c.ends_at),
            },
            where=or_(over, t.c.used < limit.cap),
        ).returning(t.c.ends_at)
        return tx.execute(taken).scalar_one_or_none()

    def window_end(self, tx: Connection, limit: Limit) -> dt.datetime | None:
        """When a reached limit lets the next one through."""
        t = code_limits
        query = select(t.c.ends_at).where(t.c.scope == limit.scope, t.c.subject == limit.subject)
        return tx.execute(query).scalar_one_or_none()

    def give_back(self, tx: Connection, limit: Limit, ends_at: dt.datetime) -> None:
        """Undo one `take` of the window that ends then."""
        t = code_limits
        same = (t.c.scope == limit.scope, t.c.subject == limit.subject, t.c.ends_at == ends_at, t.c.used > 0)
        tx.execute(update(t).where(*same).values(used=t.c.used - 1))

    def open_challenge(self, tx: Connection, challenge: Challenge) -> None:
        """Add a challenge in place of any earlier one for the same phone and purpose."""
        t, who = challenges, challenge.applicant
        earlier = (t.c.purpose == challenge.purpose, t.c.phone == who.phone, t.c.state == "live")
        tx.execute(update(t).where(*earlier).values(state="replaced"))
        tx.execute(t.insert().values(
            challenge_id=challenge.challenge_id, purpose=challenge.purpose, phone=who.phone,
            identity=identity_of(who.person), openid=who.openid, code_hash=challenge.code_hash, state="live",
            tries=0, created_at=challenge.created_at, expires_at=challenge.expires_at,
        ))  # fmt: skip

    def end_challenge(self, tx: Connection, challenge_id: str, state: str) -> None:
        """No code opens this challenge any more; `state` says why: used or unsent."""
        t = challenges
        tx.execute(update(t).where(t.c.challenge_id == challenge_id, t.c.state == "live").values(state=state))

    def guess(
        self, tx: Connection, challenge_id: str, purpose: str, who: Applicant, most: int, now: dt.datetime
    ) -> Guess | None:
        """Count a try at a challenge that is live, this applicant's own and not yet tried `most` times."""
        t = challenges
        counted = update(t).where(
            t.c.challenge_id == challenge_id, t.c.purpose == purpose, t.c.phone == who.phone,
            t.c.identity == identity_of(who.person), t.c.openid == who.openid, t.c.state == "live",
            t.c.expires_at > now, t.c.tries < most,
        )  # fmt: skip
        row = tx.execute(counted.values(tries=t.c.tries + 1).returning(t.c.code_hash, t.c.tries)).first()
        return None if row is None else Guess(bytes(row.code_hash), row.tries)

    def forget(self, tx: Connection, before: dt.datetime) -> None:
        """Delete challenges made, and limits that ended, before a moment.

        Limits in use just now are left for the next time: requests take them in an order that this does not keep.
        """
        tx.execute(delete(challenges).where(challenges.c.created_at < before))
        t = code_limits.c
        free = select(t.scope, t.subject).where(t.ends_at < before).with_for_update(skip_locked=True)
        tx.execute(delete(code_limits).where(tuple_(t.scope, t.subject).in_(free)))


def _insert(tx: Connection, table: Any) -> Any:
    return (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table)
