"""Signs that somebody tries to get in (入侵监测, security.md 13), for whoever watches over the system.

Each is told once when a source reaches a burst within a minute. `source` is the blind index of the address in hex: the
same source is recognised, and nobody is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contract.events import EventData


@dataclass(frozen=True)
class CodesGuessed(EventData):
    """So many wrong login codes came from one address. Told by identity."""

    type: ClassVar[str] = "codes.guessed.v1"
    source: str
    count: int
    seconds: int


@dataclass(frozen=True)
class AddressesTried(EventData):
    """So many things that are not there, or not theirs, were asked for from one address. Told by the gateway."""

    type: ClassVar[str] = "addresses.tried.v1"
    source: str
    count: int
    seconds: int


@dataclass(frozen=True)
class NotifyForged(EventData):
    """So many notifies that UnionPay did not sign came from one address. Told by payment."""

    type: ClassVar[str] = "notify.forged.v1"
    source: str
    count: int
    seconds: int
