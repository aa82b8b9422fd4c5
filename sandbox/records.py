"""The tax core's records of one day, as a file of the integration platform.

Nothing about such an exchange is published [A]: comma-separated UTF-8 with the names of protocols section 3, and the
order's number, which came to the tax side with the lines. A record is in the file of the day it was paid on, and in
that of the day it was voided on. Breaks are planted as in UnionPay's file.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import daily
from sandbox.clock import SHANGHAI, wire_time
from sandbox.fees import yuan
from sandbox.world import World, the_world, upstream

blueprint = Blueprint("records", __name__)

COLUMNS = ("SBUUID", "DDBH", "RYBH", "XZLX_DM", "FKSSQQ", "FKSSQZ", "GRJFJE", "JKFSRQ", "JFBS")
PAID, VOIDED = "1", "2"
_PAGE = 500
_OF_DAY = """
SELECT * FROM postings
WHERE due_at <= :now AND (paid_at >= :start AND paid_at < :end OR reversed_at >= :start AND reversed_at < :end)
    AND (mer_order_id, line) > (:number, :line) ORDER BY mer_order_id, line LIMIT :page
"""


@blueprint.get("/esb/records")
@upstream("taxcore", "records")
def records_file() -> ResponseReturnValue:
    """The file of ``date``."""
    world = the_world()
    try:
        day = datetime.strptime(request.args.get("date", ""), "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        return {"code": "BAD_REQUEST", "message": "date 应为 yyyy-MM-dd"}, 400
    if not daily.over(world, day, "records"):
        return {"code": "NO_FILE", "message": "当日文件尚未生成"}, 404
    return daily.response(csv_lines(world, day), world.faults.effective()["records"]["damage"])


def csv_lines(world: World, day: datetime) -> Iterator[str]:
    """The file, a page of lines at a time."""
    yield daily.csv_text([COLUMNS])
    for page in _pages(world, day):
        yield daily.csv_text(line for row in page for line in _with_breaks(world, row))


def _pages(world: World, day: datetime) -> Iterator[list[sqlite3.Row]]:
    bounds = {
        "start": day.timestamp(),
        "end": (day + timedelta(days=1)).timestamp(),
        "now": world.clock.now(),
    }
    number, line = "", 0
    while True:
        page = world.store.all(_OF_DAY, {**bounds, "number": number, "line": line, "page": _PAGE})
        if page:
            yield page
            number, line = page[-1]["mer_order_id"], page[-1]["line"]
        if len(page) < _PAGE:
            return


def _with_breaks(world: World, row: sqlite3.Row) -> Iterator[tuple[str, ...]]:
    number = row["mer_order_id"]
    plan = world.faults.effective(f"order:{number}")["records"]
    seed = world.faults.effective()["seed"]

    def happens(name: str) -> bool:
        return daily.happens(seed, f"records.{name}", f"{number}-{row['line']}", plan[name])

    voided = row["reversed_at"] is not None or happens("voided_rate")
    amount = row["amount"] + (1 if happens("other_amount_rate") else 0)
    if not happens("missing_rate"):
        yield _fields(row, number, amount, VOIDED if voided else PAID)
    if happens("extra_rate"):
        yield _fields(row, number[:4] + hashlib.sha256(number.encode()).hexdigest()[:23], amount, PAID)


def _fields(row: sqlite3.Row, number: str, amount: int, state: str) -> tuple[str, ...]:
    return (
        f"{number}-{row['line']}", number, row["rybm"], row["xzlx"],
        f"{row['jfnd']}01", f"{row['jfnd']}12", yuan(amount), wire_time(row["paid_at"]), state,
    )  # fmt: skip
