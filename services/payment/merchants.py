"""Which of our merchants at UnionPay collects a contribution: one for all, or others for single agencies or cities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class BadMerchants(ValueError):
    """The file cannot be read; the message says where."""


class Merchant(NamedTuple):
    """商户号 and 终端号."""

    mid: str
    tid: str


@dataclass(frozen=True)
class Merchants:
    """`agencies` and `divisions` are by the beginning of a code: the longest that fits counts, and an agency's before
    its division's."""

    default: Merchant
    agencies: Mapping[str, Merchant] = field(default_factory=dict)
    divisions: Mapping[str, Merchant] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None, default: Merchant) -> Merchants:
        """From a JSON file: {"agencies": {"<beginning of a code>": {"mid": …, "tid": …}}, "divisions": {…}}, each
        part optional. Raises BadMerchants."""
        if path is None:
            return cls(default)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadMerchants(f"{path} cannot be read ({type(error).__name__})") from None
        if not isinstance(content, dict) or not content.keys() <= {"agencies", "divisions"}:
            raise BadMerchants(f"{path}: expected agencies and divisions, nothing else")
        return cls(default, **{part: _table(part, entries) for part, entries in content.items()})

    @property
    def mids(self) -> frozenset[str]:
        """Every 商户号 that is configured."""
        return frozenset(m.mid for m in (self.default, *self.agencies.values(), *self.divisions.values()))

    def of(self, agency_code: str, division_code: str) -> Merchant:
        """Whose contributions to that agency, in that division, are."""
        return _longest(self.agencies, agency_code) or _longest(self.divisions, division_code) or self.default

    def of_all(self, places: Iterable[tuple[str, str]]) -> Merchant:
        """Who collects for several agencies in one order: theirs if they share one, else the default."""
        found = {self.of(agency_code, division_code) for agency_code, division_code in places}
        return found.pop() if len(found) == 1 else self.default


def _longest(table: Mapping[str, Merchant], code: str) -> Merchant | None:
    fitting = [beginning for beginning in table if code.startswith(beginning)]
    return table[max(fitting, key=len)] if fitting else None


def _table(part: str, entries: Any) -> dict[str, Merchant]:
    if not isinstance(entries, dict):
        raise BadMerchants(f"{part}: expected codes and their merchants")
    table = {}
    for beginning, entry in entries.items():
        texts = (beginning, *entry.values()) if isinstance(entry, dict) else ()
        if not texts or entry.keys() != {"mid", "tid"} or not all(isinstance(t, str) and t for t in texts):
            raise BadMerchants(f"{part}: {beginning or 'an empty code'} must have mid and tid, nothing else")
        table[beginning] = Merchant(entry["mid"], entry["tid"])
    return table
