"""Whose rows 代他人缴费统计 shows, where each stands, and how a client carries that from page to page; pure."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from contract.paid_for_others import PaidForOther, UnreadablePosition
from contract.people import Person


@dataclass(frozen=True)
class Operator:
    """Whose payments they are: ours by `person_id`, other systems' by `keys`."""

    person_id: str
    person: Person
    keys: tuple[str, ...]


class Position(NamedTuple):
    """Where a row stands: by when its order was placed or first heard of, which never changes, so that a row is neither
    skipped nor shown twice when it is paid between two pages; and by what tells rows of the same moment apart."""

    at: dt.datetime
    name: str

    def text(self) -> str:
        """As a client carries it. It only says where to go on: whose rows are shown is decided anew each time."""
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.name}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Position:
        """Raises UnreadablePosition."""
        try:
            at, name = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(" ")
            position = cls(dt.datetime.fromisoformat(at), name)
        except (ValueError, binascii.Error):
            raise UnreadablePosition() from None
        if position.at.tzinfo is None or not name.isprintable():
            raise UnreadablePosition()
        return position


class Placed(NamedTuple):
    """A row, and where it stands."""

    position: Position
    row: PaidForOther
