"""What all replicas know of the providers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, select, update

from kit.database import insert_or_ignore
from services.notify.domain.routing import OVERDUE, WINDOW, Standing, Traffic, unknown
from services.notify.models import attempts, standings

_FAILED = ("failed", "unclear")


class ProviderRows:
    """The `provider_standings` table, and the latest of `attempts`."""

    def lock_standings(self, tx: Connection, names: Sequence[str], now: dt.datetime) -> dict[str, Standing]:
        """Where each provider stands; others wait until this transaction ends."""
        found = self._standings(tx, names, lock=True)
        if missing := [name for name in sorted(names) if name not in found]:
            for name in missing:
                insert_or_ignore(tx, standings, **asdict(unknown(name, now)))
            found = self._standings(tx, names, lock=True)
        return found

    def standings(self, tx: Connection, names: Sequence[str]) -> dict[str, Standing]:
        """The same, only to look at."""
        return self._standings(tx, names, lock=False)

    def pace(self, tx: Connection, changed: Iterable[Standing]) -> None:
        """Keep where a provider's rate leaves room; the caller has locked the rows."""
        for standing in changed:
            row = update(standings).where(standings.c.provider == standing.provider)
            tx.execute(row.values(next_at=standing.next_at))

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
            t.c.begun_at >= now - WINDOW, t.c.ended_at.is_not(None) | (t.c.begun_at < now - OVERDUE)
        )
        calls: dict[str, list[tuple[bool, float]]] = {}
        for row in tx.execute(lately.order_by(t.c.begun_at.desc()).limit(_ENOUGH)):
            seconds = ((row.ended_at or now) - row.begun_at).total_seconds()
            calls.setdefault(row.provider, []).append((row.answer in _FAILED or not row.ended_at, seconds))
        return {
            name: Traffic(len(of), sum(failed for failed, _ in of), sum(s for _, s in of) / len(of))
            for name, of in calls.items()
        }

    def _standings(self, tx: Connection, names: Sequence[str], lock: bool) -> dict[str, Standing]:
        t = standings
        rows = select(t).where(t.c.provider.in_(names)).order_by(t.c.provider)
        found = tx.execute(rows.with_for_update() if lock else rows)
        return {row.provider: Standing(row.provider, row.share, row.changed_at, row.next_at) for row in found}


_ENOUGH = 500
"""The newest calls that are looked at: at hundreds a second they are the last seconds."""
