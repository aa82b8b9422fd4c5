"""Guangxi's cities, counties and towns, as addresses and issuing authorities on cards name them.

guangxi.tsv is the part of the statistics bureau's list that identity has down to towns, with its licence beside it;
both are written by scripts/extract-divisions, as no service imports another.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CITY_DIGITS, _COUNTY_DIGITS = 4, 6


@dataclass(frozen=True)
class County:
    """A county, or a district or city of its rank, with the city above it and its towns."""

    name: str
    city: str
    towns: Sequence[str]


@functools.cache
def counties() -> tuple[County, ...]:
    """All of them, in the order of their codes."""
    lines = Path(__file__).with_name("guangxi.tsv").read_text(encoding="utf-8").splitlines()
    names = dict(line.split("\t", 1) for line in lines)
    towns = _towns(names)
    return tuple(
        County(name, names[code[:_CITY_DIGITS]], towns[code])
        for code, name in names.items()
        if len(code) == _COUNTY_DIGITS
    )


def _towns(names: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for code, name in names.items():
        if len(code) > _COUNTY_DIGITS:
            found[code[:_COUNTY_DIGITS]].append(name)
    return found
