"""Who is told in WeChat, and the official account's access token."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, select, update

from kit.database import insert_or_ignore
from services.notify.models import messages, wechat_tokens, wechat_users

_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class WechatRows:
    """The `wechat_users` and `wechat_tokens` tables."""

    def wish_wechat(self, tx: Connection, person_id: str, openid: str, now: dt.datetime) -> None:
        """From now on this person is told in WeChat; another openid takes the place of an older one."""
        t = wechat_users
        if not insert_or_ignore(tx, t, person_id=person_id, openid=openid, since=now):
            tx.execute(update(t).where(t.c.person_id == person_id).values(openid=openid, since=now))

    def drop_wechat(self, tx: Connection, person_id: str) -> None:
        """This person is told by SMS again."""
        tx.execute(delete(wechat_users).where(wechat_users.c.person_id == person_id))

    def drop_wechat_of(self, tx: Connection, message_id: str) -> None:
        """The same, for the payer a reminder is for."""
        payer = select(messages.c.payer_id).where(messages.c.message_id == message_id).scalar_subquery()
        tx.execute(delete(wechat_users).where(wechat_users.c.person_id == payer))

    def has_wechat(self, tx: Connection, person_id: str) -> bool:
        """Whether this person is told in WeChat."""
        t = wechat_users
        return tx.execute(select(t.c.since).where(t.c.person_id == person_id)).first() is not None

    def forget_person(self, tx: Connection, person_id: str) -> None:
        """What is kept of a person who was erased: reminders stay, without a name to them."""
        self.drop_wechat(tx, person_id)
        tx.execute(
            update(messages).where(messages.c.payer_id == person_id).values(payer_id=None, to_payer=False)
        )

    def find_token(self, tx: Connection, appid: str) -> tuple[str, dt.datetime] | None:
        """The token and when it ends; empty before the first."""
        t = wechat_tokens
        row = tx.execute(select(t.c.token, t.c.expires_at).where(t.c.appid == appid)).first()
        return None if row is None else (row.token, row.expires_at)

    def may_fetch_token(self, tx: Connection, appid: str, now: dt.datetime, seconds: int) -> bool:
        """Whether the caller is the one to fetch a new token; others wait for it that long at most."""
        t = wechat_tokens
        insert_or_ignore(tx, t, appid=appid, token="", expires_at=_LONG_AGO, fetching_until=_LONG_AGO)
        free = (t.c.appid == appid, t.c.fetching_until <= now)
        taken = update(t).where(*free).values(fetching_until=now + dt.timedelta(seconds=seconds))
        return bool(tx.execute(taken).rowcount == 1)

    def keep_token(self, tx: Connection, appid: str, token: str, expires_at: dt.datetime) -> None:
        """The new token, for all replicas."""
        t = wechat_tokens
        values = {"token": token, "expires_at": expires_at, "fetching_until": _LONG_AGO}
        tx.execute(update(t).where(t.c.appid == appid).values(**values))

    def spoil_token(self, tx: Connection, appid: str, token: str, now: dt.datetime) -> None:
        """WeChat does not know this token any more; a newer one stays."""
        found = self.find_token(tx, appid)
        if found and found[0] == token:
            tx.execute(update(wechat_tokens).where(wechat_tokens.c.appid == appid).values(expires_at=now))
