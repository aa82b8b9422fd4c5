"""Guangxi's divisions and the social-insurance agency of each county."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "guangxi.json"


@dataclass(frozen=True)
class Agency:
    """A social-insurance agency (社保经办机构) and the tax authority that collects for it."""

    code: str
    name: str
    division: str

    @property
    def authority(self) -> str:
        """主管税务机关: 11 digits, ``1`` + division (protocols section 2)."""
        return f"1{self.division}0000"


@cache
def agencies() -> dict[str, Agency]:
    """The agency of each of the 111 counties, by county code, in the order of the codes."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    cities = dict(data["cities"])
    return {
        code: Agency(code=f"{code}01", name=f"{cities[code[:4]]}{name}社会保险经办中心", division=code)
        for code, name in data["counties"]
    }


def agency(county: str) -> Agency:
    return agencies()[county]
