"""The settlement file of one merchant and day: what it took and what it gave back (protocols section 1).

No layout is published [A]: comma-separated UTF-8 with the columns that were seen, amounts in yuan with two decimals, a
day from midnight to midnight in Shanghai. The lines are read from the ledger page by page, and the breaks planted in
them are the same in every download: they hang on the order's number and ``seed``, not on the draws of other faults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import daily
from sandbox.clock import SHANGHAI, moment
from sandbox.fees import yuan
from sandbox.signatures import BadSignature, verify_communication_key
from sandbox.unionpay import refunds
from sandbox.unionpay.fields import answer
from sandbox.unionpay.ledger import Refused
from sandbox.world import World, the_world, upstream

blueprint = Blueprint("settlement", __name__)

COLUMNS = (
    "settleDate", "tradeDate", "tradeTime", "transactionAmount", "terminalNumber", "settleAmount", "serviceFee",
    "serialNumber", "transactionType", "referenceNumber", "merchantNumber", "orderNumber", "returnOrderNo",
    "paymentType", "actualPaymentAmount",
)  # fmt: skip
PAY, REFUND = "pay", "refund"
STRANGER = "898000000000009"
_PAGE = 500
_PAID = """
SELECT paid_at AS at, mer_order_id AS number, mer_order_id, '' AS returned, amount, tid, seq_id AS serial,
       target_order_id AS reference
FROM orders WHERE mid = :mid AND paid_at >= :start AND paid_at < :end
    AND (paid_at, mer_order_id) > (:after, :last) ORDER BY paid_at, mer_order_id LIMIT :page
"""
_REFUNDED = """
SELECT r.due_at AS at, r.refund_order_id AS number, r.mer_order_id, r.refund_order_id AS returned, r.amount, o.tid,
       o.seq_id AS serial, r.target_refund_id AS reference
FROM refunds r JOIN orders o USING (mer_order_id)
WHERE o.mid = :mid AND r.status = 'SUCCESS' AND r.due_at >= :start AND r.due_at < :end
    AND (r.due_at, r.refund_order_id) > (:after, :last) ORDER BY r.due_at, r.refund_order_id LIMIT :page
"""


class _Line(NamedTuple):
    kind: str
    at: float
    number: str
    mer_order_id: str
    returned: str
    amount: int
    tid: str
    serial: str
    reference: str
    mid: str = ""


@blueprint.get("/netpay-portal/settlement.do")
@upstream("unionpay", "settlement")
def settlement_file() -> ResponseReturnValue:
    """The file of ``mid`` and ``settleDate``, asked for with the communication key on either route [A]."""
    world, asked = the_world(), request.args.to_dict()
    verify_communication_key(asked, world.settings.communication_keys)
    day = day_asked_for(asked, world)
    return daily.response(
        csv_lines(world, asked["mid"], day), world.faults.effective()["settlement"]["damage"]
    )


@blueprint.errorhandler(BadSignature)
def unsigned(error: BadSignature) -> ResponseReturnValue:
    return answer(the_world().clock.now(), code="BAD_SIGN", message=f"验签失败：{error}"), 401


@blueprint.errorhandler(Refused)
def refused(error: Refused) -> ResponseReturnValue:
    return answer(the_world().clock.now(), code=error.code, message=error.message), 404


def day_asked_for(asked: Mapping[str, str], world: World) -> datetime:
    """The beginning of that day; raises ``Refused`` for an unknown merchant or a file that is not there yet."""
    if not any(asked.get("mid") == mid for mid, _ in world.settings.all_merchants):
        raise Refused("NO_MERCHANT", "找不到指定的商户")
    try:
        day = datetime.strptime(asked.get("settleDate", ""), "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Refused("BAD_REQUEST", "settleDate 应为 yyyy-MM-dd") from None
    if not daily.over(world, day, "settlement"):
        raise Refused("NO_FILE", "对账文件尚未生成")
    return day


def csv_lines(world: World, mid: str, day: datetime) -> Iterator[str]:
    """The file, a page of lines at a time: payments, then refunds, each by time."""
    refunds.settle_due(world)
    yield daily.csv_text([COLUMNS])
    for kind, sql in ((PAY, _PAID), (REFUND, _REFUNDED)):
        for page in _pages(world, sql, kind, mid, day):
            yield daily.csv_text(
                _fields(mid, line, day) for each in page for line in _with_breaks(world, each, day)
            )


def _pages(world: World, sql: str, kind: str, mid: str, day: datetime) -> Iterator[list[_Line]]:
    # What was settled late is in the next day's file.
    start, end = (day - timedelta(days=1)).timestamp(), (day + timedelta(days=1)).timestamp()
    after, last = start, ""
    while True:
        values = {"mid": mid, "start": start, "end": end, "after": after, "last": last, "page": _PAGE}
        page = [_Line(kind, *row) for row in world.store.all(sql, values)]
        if page:
            yield page
            after, last = page[-1].at, page[-1].number
        if len(page) < _PAGE:
            return


def _with_breaks(world: World, line: _Line, day: datetime) -> Iterator[_Line]:
    """The line as it stands in the day's file: missing, a day late, with another amount or merchant, twice, or with
    one beside it that nobody ordered."""
    plan = world.faults.effective(f"order:{line.mer_order_id}")["settlement"]
    seed = world.faults.effective()["seed"]

    def happens(name: str) -> bool:
        return daily.happens(seed, name, line.number, plan[name])

    if happens("late_rate") == (line.at >= day.timestamp()):
        return
    if not happens("missing_rate"):
        line = line._replace(amount=line.amount + 1) if happens("other_amount_rate") else line
        yield line._replace(mid=STRANGER) if happens("other_merchant_rate") else line
        if happens("twice_rate"):
            yield line._replace(reference=f"{line.reference[:-1]}X")
    if happens("extra_rate"):
        unheard_of = hashlib.sha256(line.number.encode()).hexdigest()
        yield line._replace(
            mer_order_id=line.mer_order_id[:4] + unheard_of[:23],
            returned=line.returned and line.returned[:4] + unheard_of[23:46],
            reference=line.reference[:4] + unheard_of[:24],
        )


def _fields(mid: str, line: _Line, day: datetime) -> tuple[Any, ...]:
    at, given_back = moment(line.at), line.kind == REFUND
    return (
        f"{day:%Y-%m-%d}", f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}", yuan(line.amount), line.tid,
        ("-" if given_back else "") + yuan(line.amount), yuan(0), line.serial, line.kind, line.reference,
        line.mid or mid, line.mer_order_id, line.returned, "WXPay", yuan(line.amount),
    )  # fmt: skip
