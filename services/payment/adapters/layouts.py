"""How UnionPay's and the tax core's daily files are laid out: configuration, as no layout is published."""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_OURS = Path(__file__).with_name("layouts.toml")
_COLUMNS = {
    "unionpay": {
        "number", "refund_number", "amount", "type", "date", "time", "day", "merchant", "reference",
    },
    "core": {
        "number", "reference", "person_number", "insurance_type", "period", "amount", "paid_at", "state",
    },
}  # fmt: skip


class BadLayouts(ValueError):
    """The file cannot be read; the message says where."""


@dataclass(frozen=True)
class Layout:
    """One file: what its first line calls our columns, and what it calls kinds of movements."""

    encoding: str
    delimiter: str
    columns: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=dict)


def read_layouts(path: Path | None = None) -> dict[str, Layout]:
    """By party: `unionpay` and `core`. Raises BadLayouts."""
    try:
        content = tomllib.loads((path or _OURS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadLayouts(f"{path} cannot be read ({type(error).__name__})") from None
    if content.keys() != _COLUMNS.keys():
        raise BadLayouts(f"expected {' and '.join(sorted(_COLUMNS))}, nothing else")
    return {party: _layout(party, table) for party, table in content.items()}


def _layout(party: str, table: Mapping[str, Any]) -> Layout:
    try:
        layout = Layout(**table)
        codecs.lookup(layout.encoding)
    except (TypeError, LookupError):
        raise BadLayouts(f"{party}: expected encoding, delimiter, columns and, for unionpay, types") from None
    wanted = _COLUMNS[party]
    if layout.columns.keys() != wanted or (party == "unionpay" and layout.types.keys() != {"pay", "refund"}):
        raise BadLayouts(f"{party}: expected the columns {', '.join(sorted(wanted))}")
    if len(layout.delimiter) != 1:
        raise BadLayouts(f"{party}: a delimiter is one character")
    return layout
