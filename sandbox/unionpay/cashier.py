"""The page on which the buyer pays, as the official-account payment page of UnionPay."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from sandbox.unionpay import acts, ledger
from sandbox.unionpay.ledger import Order
from sandbox.world import the_world, upstream

blueprint = Blueprint("cashier", __name__, url_prefix="/cashier")


def _order(token: str) -> Order:
    world = the_world()
    order = ledger.find(world.store, world.clock.now(), token=token)
    if order is None:
        abort(404, "没有这笔订单")
    return order


@blueprint.get("/<token>")
@upstream("unionpay", "cashier")
def show(token: str) -> ResponseReturnValue:
    order = _order(token)
    ledger.show_to_buyer(the_world().store, order)
    return render_template("cashier.html", order=order)


@blueprint.post("/<token>/pay")
@upstream("unionpay", "cashier_pay")
def pay(token: str) -> ResponseReturnValue:
    """Pay and go back to the merchant; an order that cannot be paid shows why."""
    order = _order(token)
    paid = acts.pay(the_world(), order)
    return _back(paid) if paid else redirect(url_for("cashier.show", token=token), 302)


@blueprint.post("/<token>/cancel")
@upstream("unionpay", "cashier_cancel")
def cancel(token: str) -> ResponseReturnValue:
    order, world = _order(token), the_world()
    ledger.close(world.store, order.mer_order_id, ledger.BY_BUYER, world.clock.now())
    return _back(order)


@blueprint.post("/<token>/return")
def leave(token: str) -> ResponseReturnValue:
    """Back to the merchant without deciding: the order stays open until it expires."""
    return _back(_order(token))


def _back(order: Order) -> ResponseReturnValue:
    return redirect(order.return_url or url_for("cashier.show", token=order.token), 302)
