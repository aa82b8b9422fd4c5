"""Refunds of paid orders."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from sandbox.clock import moment
from sandbox.unionpay import ledger, postings
from sandbox.unionpay.ledger import Order, Refused
from sandbox.world import World

PROCESSING, DONE, FAILED, UNKNOWN = "PROCESSING", "SUCCESS", "FAIL", "UNKNOWN"


def refund(
    world: World, order: Order, refund_order_id: str, amount: int, why: str, plan: dict[str, Any]
) -> sqlite3.Row:
    """Give money back; the same refundOrderId of the same order returns the earlier refund.

    Raises ``Refused`` when the order has no such money or the number belongs to another refund.
    """
    earlier = find(world, refund_order_id)
    if earlier is not None:
        if earlier["mer_order_id"] != order.mer_order_id:
            raise Refused("DUP_ORDER", "退款订单号重复", order)
        return earlier
    now = world.clock.now()
    with world.store.transaction() as connection:
        if plan["refund_status"] != FAILED:
            _take(connection, order, amount, now)
        connection.execute(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                refund_order_id,
                order.mer_order_id,
                amount,
                why,
                plan["refund_status"],
                f"5030{moment(now):%Y%m%d%H%M%S}{secrets.randbelow(10**10):010d}",
                now,
                now + plan["refund_delay_seconds"],
            ),
        )
    row = find(world, refund_order_id)
    assert row is not None
    return row


def _take(connection: sqlite3.Connection, order: Order, amount: int, now: float) -> None:
    changed = connection.execute(
        "UPDATE orders SET refunded = refunded + ?, status = ?"
        " WHERE mer_order_id = ? AND paid_at IS NOT NULL AND refunded + ? <= amount",
        (amount, ledger.REFUNDED, order.mer_order_id, amount),
    )
    if changed.rowcount != 1:
        raise Refused("OPERATION_NOT_ALLOWED", "订单未支付，或可退金额不足", order)
    if order.refunded + amount == order.amount:
        postings.reverse(connection, order.mer_order_id, now)


def find(world: World, refund_order_id: str) -> sqlite3.Row | None:
    """The refund as it stands now: one in progress is done when its delay is over."""
    with world.store.transaction() as connection:
        connection.execute(
            "UPDATE refunds SET status = 'SUCCESS'"
            " WHERE refund_order_id = ? AND status IN ('PROCESSING', 'UNKNOWN')"
            " AND due_at <= ? AND due_at > created_at",
            (refund_order_id, world.clock.now()),
        )
    return world.store.one("SELECT * FROM refunds WHERE refund_order_id = ?", (refund_order_id,))
