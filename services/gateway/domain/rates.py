"""How often one address, WeChat user or person may ask in a minute, over all replicas (security.md 2, 13)."""

from __future__ import annotations

from dataclasses import dataclass, field

MINUTE = 60
SHARED_FROM = 10
"""A replica shares what it counted of somebody from a tenth of the limit on: whoever is below that everywhere is below
the limit of up to ten replicas, and an ordinary resident costs no statement."""


@dataclass
class _Count:
    """Of one caller in one minute: what came here, what of it was shared, and what all replicas said."""

    limit: int
    here: int = 0
    told: int = 0
    everywhere: int = 0

    @property
    def total(self) -> int:
        return self.everywhere + self.here - self.told


@dataclass
class Rates:
    """What one replica knows of this minute."""

    minute: int = 0
    counts: dict[str, _Count] = field(default_factory=dict)

    def take(self, caller: str, limit: int, now: int) -> int:
        """Count one request at a time in seconds. Returns 0, or in how many seconds to come back."""
        if now // MINUTE != self.minute:
            self.minute, self.counts = now // MINUTE, {}
        count = self.counts.setdefault(caller, _Count(limit))
        count.here += 1
        return MINUTE - now % MINUTE if count.total > limit else 0

    def to_share(self) -> dict[str, int]:
        """What the other replicas do not know yet, by caller."""
        return {
            caller: count.here - count.told
            for caller, count in self.counts.items()
            if count.here * SHARED_FROM >= count.limit and count.here > count.told
        }

    def shared(self, caller: str, told: int, everywhere: int, minute: int) -> None:
        """So much more was shared; all replicas together counted `everywhere`."""
        if minute == self.minute and (count := self.counts.get(caller)) is not None:
            count.told += told
            count.everywhere = everywhere
