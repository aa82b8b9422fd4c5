"""What all replicas know of the providers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, case, select, update

from kit.database import insert_or_ignore
from services.notify.domain.routing import OVERDUE, WINDOW, Provider, Standing, Traffic, bounds, unknown
from services.notify.models import attempts, standings

_FAILED = ("failed", "unclear")


class ProviderRows:
    """The `provider_standings` table, and the latest of `attempts`."""

    def standings(self, tx: Connection, names: Sequence[str], now: dt.datetime) -> dict[str, Standing]:
        """Where each provider stands."""
        found = self._standings(tx, names)
        if missing := [name for name in sorted(names) if name not in found]:
            for name in missing:
                insert_or_ignore(tx, standings, **asdict(unknown(name, now)))
            found = self._standings(tx, names)
        return found

    def take_places(
        self, tx: Connection, provider: Provider, number: int, now: dt.datetime, wait: float = 0.0
    ) -> float | None:
        """Take so many places in a provider's rate; the seconds until the last of them, or None when that would be
        longer than `wait`. One statement, and best the last before the commit: the row is every replica's."""
        t, moment = standings, now.timestamp()
        early, late = bounds(provider, now)
        first = case((t.c.next_at.between(early, late), t.c.next_at), else_=early)
        taken = number / provider.rate
        # Reminders stay behind the clock with all they take, a code with the place it takes.
        allowed = first + (taken if wait == 0 else 0.0) <= moment + wait + _TINY
        moved = update(t).where(t.c.provider == provider.name, allowed).values(next_at=first + taken)
        next_at = tx.execute(moved.returning(t.c.next_at)).scalar()
        return None if next_at is None else max(0.0, next_at - taken - moment)

    def change_share(self, tx: Connection, before: Standing, after: Standing) -> bool:
        """Move a share; False when another replica has moved it since it was read."""
        t = standings
        unmoved = (t.c.provider == before.provider, t.c.changed_at == before.changed_at)
        moved = update(t).where(*unmoved).values(share=after.share, changed_at=after.changed_at)
        return bool(tx.execute(moved).rowcount == 1)

    def traffic(self, tx: Connection, now: dt.datetime) -> Mapping[str, Traffic]:
        """What happened lately, by provider. A call without an end counts once it is overdue."""
        t = attempts
        lately = select(t.c.provider, t.c.begun_at, t.c.ended_at, t.c.answer).where(
            t.c.begun_at.between(now - WINDOW, now + WINDOW),
            t.c.ended_at.is_not(None) | (t.c.begun_at < now - OVERDUE),
        )
        calls: dict[str, list[tuple[bool, float]]] = {}
        for row in tx.execute(lately.order_by(t.c.begun_at.desc()).limit(_ENOUGH)):
            seconds = ((row.ended_at or now) - row.begun_at).total_seconds()
            calls.setdefault(row.provider, []).append((row.answer in _FAILED or not row.ended_at, seconds))
        return {
            name: Traffic(len(of), sum(failed for failed, _ in of), sum(s for _, s in of) / len(of))
            for name, of in calls.items()
        }

    def _standings(self, tx: Connection, names: Sequence[str]) -> dict[str, Standing]:
        t = standings
        found = tx.execute(select(t).where(t.c.provider.in_(names)))
        return {row.provider: Standing(row.provider, row.share, row.changed_at, row.next_at) for row in found}


_TINY = 1e-6
_ENOUGH = 500
"""The newest calls that are looked at: at hundreds a second they are the last seconds."""
