"""Sessions of the staff, and logins refused to an address."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from kit.database import insert_or_ignore
from services.console.domain.sessions import Session, Stage
from services.console.models import accounts, refusals, sessions
from services.console.storage.accounts import account_of

_OWN = ("token_hash", "stage", "csrf_token", "offered", "address", "created_at", "last_seen_at")
_WITH_ACCOUNT = select(
    *(accounts.c[column.name].label(f"of_{column.name}") for column in accounts.c),
    *(sessions.c[name] for name in _OWN),
).join(accounts, accounts.c.account == sessions.c.account)

_log = logging.getLogger(__name__)


class Sessions:
    """Sessions by the hash of their token, each with its account as it is now."""

    def find(self, tx: Connection, token_hash: bytes) -> Session | None:
        """None as well where the account was disabled, or changed behind our back."""
        row = tx.execute(_WITH_ACCOUNT.where(sessions.c.token_hash == token_hash)).mappings().first()
        if row is None:
            return None
        account = account_of(
            {name.removeprefix("of_"): value for name, value in row.items() if name.startswith("of_")}
        )
        if account is None:
            _log.error(
                "an account was changed behind the console's back", extra={"account": row["of_account"]}
            )
            return None
        if account.disabled_at is not None:
            return None
        return Session(account=account, **{name: row[name] for name in _OWN} | {"stage": Stage(row["stage"])})

    def add(self, tx: Connection, session: Session) -> None:
        values: dict[str, Any] = {name: getattr(session, name) for name in _OWN} | {
            "stage": session.stage.value
        }
        tx.execute(insert(sessions).values(account=session.account.account, **values))

    def touch(self, tx: Connection, token_hash: bytes, now: dt.datetime) -> None:
        tx.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(last_seen_at=now))

    def remove(self, tx: Connection, token_hash: bytes) -> None:
        tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash))

    def remove_all(self, tx: Connection, account: str, but: bytes = b"") -> None:
        """End the sessions of an account, but for one perhaps."""
        tx.execute(delete(sessions).where(sessions.c.account == account, sessions.c.token_hash != but))

    def make_room(self, tx: Connection, account: str, most: int) -> None:
        """End an account's oldest full sessions until one more makes no more than `most`."""
        t = sessions.c
        newest = (
            select(t.token_hash)
            .where(t.account == account, t.stage == Stage.FULL.value)
            .order_by(t.created_at.desc())
            .limit(most - 1)
        )
        kept = list(tx.execute(newest).scalars())
        tx.execute(
            delete(sessions).where(
                t.account == account, t.stage == Stage.FULL.value, t.token_hash.not_in(kept)
            )
        )

    def prune(self, tx: Connection, seen_before: dt.datetime, created_before: dt.datetime) -> None:
        """Forget dead sessions."""
        dead = or_(sessions.c.last_seen_at < seen_before, sessions.c.created_at < created_before)
        tx.execute(delete(sessions).where(dead))


class Refusals:
    """Counted in the row itself, so that replicas share one count."""

    def add(self, tx: Connection, address: str, now: dt.datetime) -> None:
        t, hour = refusals, _hour(now)
        insert_or_ignore(tx, t, address=address, hour=hour, count=0)
        tx.execute(update(t).where(t.c.address == address, t.c.hour == hour).values(count=t.c.count + 1))

    def read(self, tx: Connection, address: str, now: dt.datetime) -> int:
        """How many there were in this hour."""
        t = refusals.c
        return int(
            tx.execute(select(t.count).where(t.address == address, t.hour == _hour(now))).scalar() or 0
        )

    def forget(self, tx: Connection, now: dt.datetime) -> None:
        """Older hours mean nothing."""
        tx.execute(delete(refusals).where(refusals.c.hour < _hour(now)))


def _hour(now: dt.datetime) -> dt.datetime:
    return now.replace(minute=0, second=0, microsecond=0)
