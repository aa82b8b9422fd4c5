"""What a place may be (requirement 3.2.1.13(一)): codes where there are any, free text below them."""

from __future__ import annotations

import unicodedata
from typing import Final, Protocol

from contract.places import GUANGXI, Division, InvalidPlace, Place

LONGEST_NAME: Final = 40
GAP_TEXT: Final = "请先选择或填写上一级所在地。"
NAME_TEXT: Final = f"所在地名称请控制在{LONGEST_NAME}个字以内，不要包含特殊符号。"

_LEVELS: Final = (("city", 4), ("county", 6), ("town", 9), ("village", 12))
"""Each level, and how many digits its codes have."""


class Names(Protocol):
    """Names of divisions by their codes."""

    def name_of(self, code: str) -> str | None: ...


def place_of(typed: Place | None, names: Names) -> Place | None:
    """A place as it was picked and typed, with the names that belong to its codes; None where nothing was given.

    The city has a code, and each code lies in the one directly above it. Below the last code a level may be text;
    nothing follows an empty level. Raises InvalidPlace, whose `field` names the level.
    """
    levels = [Division(level.code.strip(), _clean(level.name)) for level in typed.levels] if typed else []
    while levels and levels[-1] == Division():
        levels.pop()
    found: list[Division] = []
    for (field, digits), level in zip(_LEVELS, levels, strict=False):
        if level == Division():
            raise InvalidPlace(GAP_TEXT, field=field)
        above = found[-1].code if found else GUANGXI
        found.append(_coded(level.code, digits, above, field, names) if level.code else _text(level, field))
    return Place(*found) if found else None


def _coded(code: str, digits: int, above: str, field: str, names: Names) -> Division:
    inside = bool(above) and code.startswith(above) and len(code) == digits
    name = names.name_of(code) if inside else None
    if name is None:
        raise InvalidPlace(field=field)
    return Division(code, name)


def _text(level: Division, field: str) -> Division:
    if field == "city":
        raise InvalidPlace(field=field)
    if len(level.name) > LONGEST_NAME or any(unicodedata.category(c) in ("Cc", "Cs") for c in level.name):
        raise InvalidPlace(NAME_TEXT, field=field)
    return level


def _clean(name: str) -> str:
    """Without the invisible marks that come with pasted text, and with single spaces."""
    return " ".join("".join(c for c in name if unicodedata.category(c) != "Cf").split())
