"""Guangxi's pooling levels (统筹级次): the region, its cities and its counties, by six-digit code.

guangxi.tsv is the statistics bureau's list of cities and counties as identity has it, with its licence beside it; both
are written by scripts/extract-divisions, as no service imports another.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from services.contribution.domain.payables import PROVINCE

_DIGITS = 6


@functools.cache
def pooling_names() -> Mapping[str, str]:
    """Full names by code: 450103 is 南宁市青秀区."""
    lines = Path(__file__).with_name("guangxi.tsv").read_text(encoding="utf-8").splitlines()
    listed = dict(line.split("\t", 1) for line in lines)
    names = {PROVINCE: "广西壮族自治区"}
    for code, name in listed.items():
        city = listed[code[:4]] if len(code) == _DIGITS else ""
        names[code.ljust(_DIGITS, "0")] = city + name
    return names
