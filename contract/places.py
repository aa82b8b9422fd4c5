"""Places of 3.2.1.13(一): city, county, town, village, picked level by level. Served by identity."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.errors import InvalidInput
from contract.rpc import Method

GUANGXI = "45"
"""The code whose divisions are Guangxi's 14 cities."""

CODE_DIGITS = (4, 6, 9, 12)
"""How long a code of a city, county, town and village is; each begins with the code of the level above it."""


class InvalidPlace(InvalidInput):
    """A code that does not exist or does not lie in the level above it."""

    code = "invalid_place"
    text = "所在地选择有误，请从市开始重新选择。"


@dataclass(frozen=True)
class Division:
    """One level of a place. `code` is the statistics bureau's; empty where there is none and the name was typed."""

    code: str = ""
    name: str = ""


@dataclass(frozen=True)
class Place:
    """Where somebody lives, as far down as it is known: levels below the last known one are empty."""

    city: Division = field(default_factory=Division)
    county: Division = field(default_factory=Division)
    town: Division = field(default_factory=Division)
    village: Division = field(default_factory=Division)

    @property
    def levels(self) -> tuple[Division, ...]:
        return self.city, self.county, self.town, self.village

    @property
    def code(self) -> str:
        """Of the lowest level that has one and lies, as all above it, in the level above; empty where none does."""
        found = ""
        for level, digits in zip(self.levels, CODE_DIGITS, strict=True):
            inside = (
                level.code.isascii() and level.code.isdecimal() and level.code.startswith(found or GUANGXI)
            )
            if not inside or len(level.code) != digits:
                break
            found = level.code
        return found

    @property
    def text(self) -> str:
        """As one reads it: 南宁市青秀区建政街道."""
        return "".join(level.name for level in self.levels)


@dataclass(frozen=True)
class ListDivisions:
    """What lies directly in a division; `parent` is GUANGXI or a code of an earlier answer."""

    parent: str


@dataclass(frozen=True)
class Divisions:
    """In the order of their codes; empty below villages, and for a parent that does not exist."""

    divisions: tuple[Division, ...]


list_divisions = Method("identity", "list_divisions", ListDivisions, Divisions)
