"""Logins that happened: which person used a WeChat user last, and for how long that counts (requirement 3.2.1.2)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.identity import LoggedIn
from contract.people import Person


@dataclass(frozen=True)
class KnownPayer:
    """A person who logged in, with the phone of their last login. `phone_version` grows with every change of it."""

    person_id: str
    person: Person
    phone: str
    phone_version: int


@dataclass(frozen=True)
class LastLogin:
    """The newest login of a WeChat user. `ended` after a logout, and for all other WeChat users of a person after a
    change of phone."""

    payer: KnownPayer
    logged_in_at: dt.datetime
    ended: bool

    def is_recent(self, now: dt.datetime, reuse: dt.timedelta) -> bool:
        """Whether the menu opens without a code. Counted from the code that was typed, whatever was done since."""
        return not self.ended and now - self.logged_in_at < reuse


def logged_in(payer: KnownPayer, at: dt.datetime) -> LoggedIn:
    """A login as the gateway reads it."""
    return LoggedIn(payer.person_id, payer.person, payer.phone, payer.phone_version, at)
