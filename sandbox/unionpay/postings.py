"""The insured lines an order carries, and how they reach the tax side when it is paid.

An order carries them as JSON in ``attachedData`` (or ``srcReserve``), djxh, rybm, xzlx, jfnd and je (yuan) of each::

    {"lines": ["20124501030090000001 4501030090000001 10212 2026 400.00"]}

The real field has no published layout (protocols section 2 is an assumption throughout), so this one
is ours. A refund of some lines names them in the same way. An order whose lines cannot be read, do not
add up to its amount or name nobody can still be paid; it then posts nothing, and its ``posting_note``
in the ledger says why.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass

from sandbox.people import Population
from sandbox.unionpay.ledger import Order

_YUAN = re.compile(r"\d+\.\d{2}")


@dataclass(frozen=True)
class Line:
    djxh: str
    rybm: str
    xzlx: str
    jfnd: str
    amount: int


def lines_of(order: Order, population: Population) -> tuple[list[Line], str | None]:
    """The lines to post, or none and the reason."""
    try:
        lines = read(order.attached_data or order.src_reserve)
    except ValueError:
        return [], "订单没有可读的缴费明细"
    if sum(line.amount for line in lines) != order.amount:
        return [], "明细合计与订单金额不一致"
    for number, line in enumerate(lines, start=1):
        if not _names_an_enrolment(line, population):
            return [], f"第 {number} 行没有对应的参保信息"
    return lines, None


def read(text: str) -> list[Line]:
    """The lines of such a JSON text; raises ``ValueError`` for any other."""
    try:
        return [_read(line) for line in json.loads(text)["lines"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not lines") from error


def _read(text: str) -> Line:
    djxh, rybm, xzlx, jfnd, je = text.split(" ")
    return Line(djxh, rybm, xzlx, jfnd, fen(je))


def _names_an_enrolment(line: Line, population: Population) -> bool:
    person = population.named(line.rybm)
    return (
        person is not None
        and person.djxh == line.djxh
        and any((e.person_number, e.insurance_type) == (line.rybm, line.xzlx) for e in person.enrolments)
    )


def fen(yuan: str) -> int:
    """``"400.00"`` to 40000; raises ``ValueError`` for anything but yuan with two decimals."""
    if not _YUAN.fullmatch(yuan):
        raise ValueError(f"{yuan!r} is not yuan with two decimals")
    return int(yuan.replace(".", ""))


def post(connection: sqlite3.Connection, order: Order, population: Population, due_at: float) -> None:
    """Write the lines of a paid order; the tax side sees them from ``due_at`` on."""
    lines, note = lines_of(order, population)
    connection.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
        [
            (
                order.mer_order_id,
                i,
                line.djxh,
                line.rybm,
                line.xzlx,
                line.jfnd,
                line.amount,
                order.paid_at,
                due_at,
            )
            for i, line in enumerate(lines, start=1)
        ],
    )
    if note:
        connection.execute(
            "UPDATE orders SET posting_note = ? WHERE mer_order_id = ?", (note, order.mer_order_id)
        )


def reverse(connection: sqlite3.Connection, mer_order_id: str, now: float, lines: list[Line] | None) -> None:
    """Take these lines of a refunded order back, or all it still has: their years are payable again."""
    still = "UPDATE postings SET reversed_at = ? WHERE mer_order_id = ? AND reversed_at IS NULL"
    if lines is None:
        connection.execute(still, (now, mer_order_id))
        return
    connection.executemany(
        f"{still} AND rybm = ? AND xzlx = ? AND jfnd = ?",
        [(now, mer_order_id, line.rybm, line.xzlx, line.jfnd) for line in lines],
    )


def restore(connection: sqlite3.Connection, mer_order_id: str, reversed_at: float) -> None:
    """The refund that took lines back then has failed: their years are paid again."""
    connection.execute(
        "UPDATE postings SET reversed_at = NULL WHERE mer_order_id = ? AND reversed_at = ?",
        (mer_order_id, reversed_at),
    )
