"""Refunds of paid orders."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.clock import moment
from sandbox.unionpay import ledger, postings
from sandbox.unionpay.ledger import Order, Refused
from sandbox.unionpay.postings import Line
from sandbox.world import World

PROCESSING, DONE, FAILED, UNKNOWN = "PROCESSING", "SUCCESS", "FAIL", "UNKNOWN"


@dataclass(frozen=True)
class Wanted:
    """What a refund call asks for: ``amount`` in fen, and of which lines, where it names any."""

    refund_order_id: str
    amount: int
    description: str
    lines: list[Line]


def refund(world: World, order: Order, wanted: Wanted, plan: dict[str, Any]) -> sqlite3.Row:
    """Give money back; the same refundOrderId of the same order returns the earlier refund.

    Raises ``Refused`` when the order has no such money or the number belongs to another refund.
    """
    earlier = find(world, wanted.refund_order_id)
    if earlier is not None:
        if earlier["mer_order_id"] != order.mer_order_id:
            raise Refused("DUP_ORDER", "退款订单号重复", order)
        return earlier
    now = world.clock.now()
    with world.store.transaction() as connection:
        if plan["refund_status"] != FAILED:
            _take(connection, order, wanted, now)
        connection.execute(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                wanted.refund_order_id,
                order.mer_order_id,
                wanted.amount,
                wanted.description,
                plan["refund_status"],
                f"5030{moment(now):%Y%m%d%H%M%S}{secrets.randbelow(10**10):010d}",
                now,
                now + plan["refund_delay_seconds"],
            ),
        )
    row = find(world, wanted.refund_order_id)
    assert row is not None
    return row


def _take(connection: sqlite3.Connection, order: Order, wanted: Wanted, now: float) -> None:
    changed = connection.execute(
        "UPDATE orders SET refunded = refunded + ?, status = ?"
        " WHERE mer_order_id = ? AND paid_at IS NOT NULL AND refunded + ? <= amount",
        (wanted.amount, ledger.REFUNDED, order.mer_order_id, wanted.amount),
    )
    if changed.rowcount != 1:
        raise Refused("OPERATION_NOT_ALLOWED", "订单未支付，或可退金额不足", order)
    whole = order.refunded + wanted.amount == order.amount
    postings.reverse(connection, order.mer_order_id, now, None if whole else wanted.lines)


def _give_back(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """A refund in progress has failed: the order has its money, and its lines are paid again."""
    mer_order_id, amount = row["mer_order_id"], row["amount"]
    connection.execute(
        "UPDATE orders SET refunded = refunded - ?,"
        " status = CASE WHEN refunded = ? THEN 'TRADE_SUCCESS' ELSE status END WHERE mer_order_id = ?",
        (amount, amount, mer_order_id),
    )
    postings.restore(connection, mer_order_id, row["created_at"])


def find(world: World, refund_order_id: str) -> sqlite3.Row | None:
    """The refund as it stands now: one in progress ends when its delay is over."""
    settle_due(world)
    return world.store.one("SELECT * FROM refunds WHERE refund_order_id = ?", (refund_order_id,))


def settle_due(world: World) -> None:
    """End the refunds in progress whose delay is over, by the setting that is in force for their order then."""
    with world.store.transaction() as connection:
        due = connection.execute(
            "SELECT * FROM refunds WHERE status IN ('PROCESSING', 'UNKNOWN')"
            " AND due_at <= ? AND due_at > created_at",
            (world.clock.now(),),
        ).fetchall()
        for row in due:
            plan = world.faults.effective(f"order:{row['mer_order_id']}")["unionpay"]
            if plan["refund_ends"] == FAILED:
                _give_back(connection, row)
            connection.execute(
                "UPDATE refunds SET status = ? WHERE refund_order_id = ?",
                (plan["refund_ends"], row["refund_order_id"]),
            )
