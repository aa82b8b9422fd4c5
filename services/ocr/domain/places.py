"""What names of places and of issuing authorities there are: between texts that look alike, the known one is likelier.

Only a lean, as with usual characters: what is plainly seen is read, known or not.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import re
from collections.abc import Iterable, Iterator

from services.ocr.divisions import County, counties

_REGION = "广西壮族自治区"
_REGIONS = (_REGION, "广西")
_FORMER = {
    "邕宁区": "邕宁县", "武鸣区": "武鸣县", "横州市": "横县", "柳江区": "柳江县", "临桂区": "临桂县",
    "荔浦市": "荔浦县", "田阳区": "田阳县", "靖西市": "靖西县", "平果市": "平果县", "宜州区": "宜州市",
}  # fmt: skip
"""What counties were called when cards that are still valid were printed."""
_ALIKE, _AUTHORITIES = 0.6, 4
_MISREAD = 1 / 3
"""The part of a place's name that may be misread."""
_PLACES = 3
"""Counties that are tried, and towns in each."""


def in_the_region(address: str) -> str:
    """An address with the region's name as it is written, where all but two of its characters were read."""
    read = address[: len(_REGION)]
    alike = len(read) == len(_REGION) and sum(map(str.__eq__, read, _REGION)) >= len(_REGION) - 2
    return _REGION + address[len(_REGION) :] if alike else address


def authorities_like(text: str) -> dict[str, int]:
    """Known issuing authorities that look like a text; each counts as one thing known."""
    return dict.fromkeys(difflib.get_close_matches(text, _authorities(), _AUTHORITIES, _ALIKE), 1)


def addresses_like(address: str) -> dict[str, int]:
    """Addresses as long as one that may be meant by it, with how many of their places are known ones."""
    meant = {address: 0}
    region = next((name for name in _REGIONS if address.startswith(name)), None)
    if region is not None:
        rest = address[len(region) :]
        for place in _nearest(rest, _counties()):
            behind = rest[len(place) :]
            meant[region + place + behind] = 1
            for town in _nearest(behind, _counties()[place].towns):
                meant[region + place + town + behind[len(town) :]] = 2
    return dict(itertools.chain.from_iterable(map(_with_hamlets, meant.items())))


def _with_hamlets(item: tuple[str, int]) -> Iterator[tuple[str, int]]:
    """A house's number follows 屯, a hamlet, which is easily taken for 电."""
    address, known = item
    yield address, known
    hamlet = re.sub(r"电(?=\d)", "屯", address)
    if hamlet != address:
        yield hamlet, known + 1


def _nearest(text: str, names: Iterable[str]) -> list[str]:
    """The names that a text may begin with, the most alike first."""
    misread = [(_differing(text, name) / len(name), name) for name in names if len(name) <= len(text)]
    return [name for share, name in sorted(misread) if share <= _MISREAD][:_PLACES]


def _differing(text: str, name: str) -> int:
    return sum(map(str.__ne__, text, name))


@functools.cache
def _counties() -> dict[str, County]:
    """Counties by how an address names them: with their city, or alone."""
    return {
        written: county
        for county in counties()
        for name in (county.name, _FORMER.get(county.name, county.name))
        for written in (county.city + name, name)
    }


@functools.cache
def _authorities() -> tuple[str, ...]:
    """A district's is a branch of its city's."""
    names: set[str] = set()
    for county in counties():
        names.add(f"{county.city}公安局")
        for name in (county.name, _FORMER.get(county.name, county.name)):
            if name.endswith("区"):
                names |= {f"{county.city}公安局{part}分局" for part in (name, name[:-1])}
            else:
                names.add(f"{name}公安局")
    return tuple(sorted(names))
