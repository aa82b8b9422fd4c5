"""What a side says of an order, in one shape for all; and any number of such entries in order, in little memory."""

from __future__ import annotations

import enum
import heapq
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

AT_ONCE = 50_000
"""As many entries are held in memory, about 20 MB."""


class Side(enum.StrEnum):
    """Who says it. The values are the order in which an order's entries come."""

    OURS = "1"
    UNIONPAY = "2"
    CORE = "3"


class Movement(enum.StrEnum):
    """What is said: money that came or went, one line the tax core shall have, or one it shall have no more."""

    PAY = "pay"
    REFUND = "refund"
    LINE = "line"
    VOID = "void"


OF_CORE = frozenset({Movement.LINE, Movement.VOID})
"""What is compared with the tax core; the others are with UnionPay."""


class Entry(NamedTuple):
    """`number` is the merOrderId; `item` a refund's number, or person number, type and year of a line; `amount` in fen;
    `at` China's time as `2026-11-23 10:06:00`; `state` the order's or the line's with us, JFBS with the core."""

    number: str
    side: str
    movement: str
    item: str
    amount: int
    at: str
    mid: str = ""
    reference: str = ""
    state: str = ""
    channel: str = ""


class Malformed(NamedTuple):
    """A line nobody can read, by its number in the file, from 1, and why, in Chinese."""

    line: int
    reason: str


def line_item(person_number: str, insurance_type: str, year: int | str) -> str:
    """How a line is told from the others of its order; `insurance_type` is the tax side's XZLX_DM."""
    return f"{person_number} {insurance_type} {year}"


def in_order(entries: Iterable[Entry], folder: Path, at_once: int = AT_ONCE) -> Iterator[list[Entry]]:
    """All entries, those of one order together: sorted in parts that fit into memory, written to the folder, and read
    back side by side. No value may hold a tab or a line end."""
    rows = ("\t".join(map(str, entry)) + "\n" for entry in entries)
    parts: list[Path] = []
    while part := sorted(islice(rows, at_once)):
        parts.append(folder / f"{len(parts)}.entries")
        with parts[-1].open("w", encoding="utf-8") as file:
            file.writelines(part)
        del part
    merged = map(_entry, heapq.merge(*map(_rows, parts)))
    return (list(group) for _, group in groupby(merged, key=itemgetter(0)))


def _rows(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file


def _entry(row: str) -> Entry:
    number, side, movement, item, amount, *rest = row[:-1].split("\t")
    return Entry(number, side, movement, item, int(amount), *rest)
