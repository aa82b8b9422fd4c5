"""The only code that queries the account's JS-SDK ticket."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, select, update

from kit.database import insert_or_ignore
from services.gateway.models import sdk_tickets

_THE_ONE = sdk_tickets.c.name == "jsapi"
_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Tickets:
    """One ticket for all replicas: WeChat gives an account only so many a day."""

    def find(self, tx: Connection) -> tuple[str, dt.datetime] | None:
        """The ticket and when it ends."""
        row = tx.execute(select(sdk_tickets.c.ticket, sdk_tickets.c.expires_at).where(_THE_ONE)).first()
        return None if row is None or not row.ticket else (row.ticket, row.expires_at)

    def may_fetch(self, tx: Connection, now: dt.datetime, until: dt.datetime) -> bool:
        """Whether the caller is the one to fetch a new ticket; until then nobody else does."""
        insert_or_ignore(
            tx, sdk_tickets, name="jsapi", ticket="", expires_at=_LONG_AGO, fetching_until=_LONG_AGO
        )
        free = update(sdk_tickets).where(_THE_ONE, sdk_tickets.c.fetching_until <= now)
        return bool(tx.execute(free.values(fetching_until=until)).rowcount == 1)

    def keep(self, tx: Connection, ticket: str, expires_at: dt.datetime) -> None:
        """The new ticket, for all replicas."""
        tx.execute(update(sdk_tickets).where(_THE_ONE).values(ticket=ticket, expires_at=expires_at))
