"""What the buyer, the bank and the forger do to an order: used by the cashier page and the control API."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from sandbox.unionpay import ledger, notice, postings
from sandbox.unionpay.ledger import Order
from sandbox.world import World

BUYER = "oSandboxBuyer000000000000001"
DUPLICATE_AFTER_SECONDS = 0.2


def settings_of(world: World, mer_order_id: str) -> dict[str, Any]:
    """The fault settings in force for one order."""
    return world.faults.effective(f"order:{mer_order_id}")


def pay(world: World, order: Order, *, late: bool = False, buyer: str = BUYER) -> Order | None:
    """The buyer pays. None when the order could not be paid: closed, expired, paid or declined.

    Money, insured lines and notifies are written in one transaction. ``late`` pays a closed order too.
    """
    plan, now = settings_of(world, order.mer_order_id), world.clock.now()
    if plan["unionpay"]["outcome"] == "fail":
        ledger.close(world.store, order.mer_order_id, ledger.DECLINED, now)
        return None
    with world.store.transaction() as connection:
        paid = ledger.mark_paid(connection, order.mer_order_id, buyer, now, late=late)
        if paid is None:
            return None
        due_at = now + plan["unionpay"]["posting_delay_seconds"]
        postings.post(connection, paid, world.population, due_at)
        if paid.notify_url:
            _schedule_notifies(world, connection, paid, plan["notify"], now)
    world.dispatcher.wake()
    return paid


def _schedule_notifies(
    world: World, connection: sqlite3.Connection, order: Order, plan: dict[str, Any], now: float
) -> None:
    """The notify and its accidents; each is drawn once per order, when it is paid."""
    faults, key = world.faults, world.settings.communication_keys[0]
    if faults.happens("notify.forged", plan["forged_rate"]):
        kind = (
            notice.FORGED_SIGNATURE if faults.between("notify.forgery", 0, 1) < 0.5 else notice.FORGED_AMOUNT
        )
        notice.schedule(connection, order, plan, key, now, kind)
    lost = faults.happens("notify.lost", plan["lost_rate"])
    due_at = now + faults.between("notify.delay", *plan["delay_seconds"])
    notice.schedule(connection, order, plan, key, due_at, state=notice.LOST if lost else notice.PENDING)
    if not lost and faults.happens("notify.duplicate", plan["duplicate_rate"]):
        notice.schedule(connection, order, plan, key, due_at + DUPLICATE_AFTER_SECONDS, notice.DUPLICATE)


def notify_now(world: World, order: Order, kind: str = notice.GENUINE) -> None:
    """Send one more notify of a paid order at once, whatever became of the others."""
    plan = settings_of(world, order.mer_order_id)["notify"]
    with world.store.transaction() as connection:
        notice.schedule(
            connection, order, plan, world.settings.communication_keys[0], world.clock.now(), kind
        )
    world.dispatcher.wake()


def forge_notify(world: World, order: Order, kind: str) -> None:
    """Send a notify that UnionPay did not sign; the order need not be paid."""
    if order.paid_at is None:
        order = _pretended_paid(order, world.clock.now())
    notify_now(world, order, kind)


def _pretended_paid(order: Order, now: float) -> Order:
    return replace(order, paid_at=now, buyer_id=BUYER, target_order_id="4200000000000000000000000000")


def expire(world: World, order: Order) -> bool:
    """Let the order's time run out now; False when it is paid or closed."""
    return ledger.close(world.store, order.mer_order_id, ledger.EXPIRED, world.clock.now())
