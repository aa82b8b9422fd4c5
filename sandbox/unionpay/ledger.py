"""UnionPay's ledger: every order it was told of and what became of it.

All changes of status are conditional updates, so paying, closing and expiring one order exclude each
other whatever arrives first.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.clock import moment
from sandbox.store import Store

NEW, WAITING, SUCCESS, CLOSED, REFUNDED = (
    "NEW_ORDER", "WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_CLOSED", "TRADE_REFUND"
)  # fmt: skip
EXPIRED, BY_MERCHANT, BY_BUYER, DECLINED = "expired", "merchant", "buyer", "declined"


class Refused(Exception):
    """UnionPay does not accept the call. ``code`` is the wire's errCode, ``message`` its errMsg."""

    def __init__(self, code: str, message: str, order: Order | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.order = code, message, order


@dataclass(frozen=True)
class Order:
    """One row of the ledger. Amounts in fen, times in seconds since the epoch."""

    mer_order_id: str
    token: str
    channel: str
    mid: str
    tid: str
    inst_mid: str
    amount: int
    order_desc: str
    notify_url: str
    return_url: str
    sign_type: str
    src_reserve: str
    attached_data: str
    status: str
    created_at: float
    expires_at: float
    seq_id: str
    target_order_id: str | None = None
    buyer_id: str | None = None
    paid_at: float | None = None
    closed_at: float | None = None
    close_reason: str | None = None
    refunded: int = 0
    posting_note: str | None = None

    @property
    def open(self) -> bool:
        return self.status in (NEW, WAITING)

    @property
    def paid(self) -> bool:
        return self.paid_at is not None


COLUMNS = tuple(column.name for column in fields(Order))
_PLACE = """
INSERT INTO orders (
    mer_order_id, token, channel, mid, tid, inst_mid, amount, order_desc, notify_url, return_url,
    sign_type, src_reserve, attached_data, status, created_at, expires_at, seq_id
) VALUES (
    :mer_order_id, :token, :channel, :mid, :tid, :inst_mid, :amount, :order_desc, :notify_url, :return_url,
    :sign_type, :src_reserve, :attached_data, :status, :created_at, :expires_at, :seq_id
) ON CONFLICT (mer_order_id) DO NOTHING
"""
_BY_NUMBER = "SELECT * FROM orders WHERE mer_order_id = ?"
_BY_TOKEN = "SELECT * FROM orders WHERE token = ?"  # noqa: S105
_PAY = """
UPDATE orders SET status = 'TRADE_SUCCESS', paid_at = :now, buyer_id = :buyer, target_order_id = :target
WHERE mer_order_id = :number AND paid_at IS NULL AND (
    status IN ('NEW_ORDER', 'WAIT_BUYER_PAY') AND expires_at > :now OR :late AND status = 'TRADE_CLOSED'
)
"""
_CLOSE = """
UPDATE orders SET status = 'TRADE_CLOSED', closed_at = :now, close_reason = :reason
WHERE mer_order_id = :number AND status IN ('NEW_ORDER', 'WAIT_BUYER_PAY')
"""


def order_of(row: sqlite3.Row) -> Order:
    return Order(**{name: row[name] for name in COLUMNS})


def place(store: Store, order: Order) -> Order:
    """Record a new order, or return the one of that merOrderId when the amount is the same.

    Raises ``Refused`` DUP_ORDER when the number was used for another amount.
    """
    with store.transaction() as connection:
        connection.execute(_PLACE, asdict(order))
        kept = order_of(connection.execute(_BY_NUMBER, (order.mer_order_id,)).fetchone())
    if (kept.amount, kept.mid, kept.tid) != (order.amount, order.mid, order.tid):
        raise Refused("DUP_ORDER", "订单号重复，且金额或商户与原订单不一致", kept)
    return kept


def find(store: Store, now: float, *, mer_order_id: str = "", token: str = "") -> Order | None:
    """The order as it stands at ``now``: one whose time has run out is closed on the way."""
    row = store.one(_BY_TOKEN, (token,)) if token else store.one(_BY_NUMBER, (mer_order_id,))
    if row is None:
        return None
    order = order_of(row)
    if order.open and order.expires_at <= now:
        close(store, order.mer_order_id, EXPIRED, order.expires_at)
        return find(store, now, mer_order_id=order.mer_order_id)
    return order


def show_to_buyer(store: Store, order: Order) -> None:
    """The cashier page was opened."""
    if order.status == NEW:
        with store.transaction() as connection:
            connection.execute(
                "UPDATE orders SET status = ? WHERE mer_order_id = ? AND status = ?",
                (WAITING, order.mer_order_id, NEW),
            )


def close(store: Store, mer_order_id: str, reason: str, now: float) -> bool:
    """Close an unpaid order; False when it was paid or closed before."""
    with store.transaction() as connection:
        changed = connection.execute(_CLOSE, {"now": now, "reason": reason, "number": mer_order_id})
        return changed.rowcount == 1


def mark_paid(
    connection: sqlite3.Connection, mer_order_id: str, buyer: str, now: float, *, late: bool
) -> Order | None:
    """Take the money inside the caller's transaction; None when the order cannot be paid (any more).

    ``late`` is the late success: the buyer's bank had taken the money before the order was closed.
    """
    target = f"4200{moment(now):%Y%m%d%H%M%S}{secrets.randbelow(10**10):010d}"
    values = {"now": now, "buyer": buyer, "target": target, "number": mer_order_id, "late": late}
    if connection.execute(_PAY, values).rowcount != 1:
        return None
    return order_of(connection.execute(_BY_NUMBER, (mer_order_id,)).fetchone())


def page(store: Store, *, since: float = 0, limit: int = 1000, offset: int = 0) -> list[Order]:
    """Orders by time of creation."""
    rows = store.all(
        "SELECT * FROM orders WHERE created_at >= ? ORDER BY created_at, mer_order_id LIMIT ? OFFSET ?",
        (since, limit, offset),
    )
    return [order_of(row) for row in rows]


def totals(store: Store) -> dict[str, Any]:
    """Count and sum in fen per status, over the whole ledger."""
    rows = store.all("SELECT status, count(*) AS orders, sum(amount) AS amount FROM orders GROUP BY status")
    return {row["status"]: {"orders": row["orders"], "amount": row["amount"]} for row in rows}
