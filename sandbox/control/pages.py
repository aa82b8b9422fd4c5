"""The page /sandbox: a tour of the outside world with plain forms, working without JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox import wechat
from sandbox.control.actions import (
    ACTIONS,
    CLOSE_REASONS,
    LABELS,
    NOTIFY_KINDS,
    NOTIFY_STATES,
    STATUSES,
    Impossible,
    actions_for,
)
from sandbox.control.forms import GROUPS, form_change
from sandbox.control.views import order_views
from sandbox.faults import CHOICES, GLOBAL, BadFaults
from sandbox.unionpay import ledger
from sandbox.world import the_world

blueprint = Blueprint("control", __name__, url_prefix="/sandbox")

SHOWN_ORDERS = 50


@blueprint.get("")
def tour() -> ResponseReturnValue:
    world = the_world()
    return render_template(
        "tour.html",
        personas=world.population.personas,
        residents=len(world.population.people) - len(world.population.personas),
        totals=ledger.totals(world.store),
        statuses=STATUSES,
        counters=world.counters.snapshot(),
    )


@blueprint.get("/orders")
def orders() -> ResponseReturnValue:
    store = the_world().store
    rows = store.all("SELECT * FROM orders ORDER BY created_at DESC LIMIT ?", (SHOWN_ORDERS,))
    return render_template(
        "orders.html",
        orders=[ledger.order_of(row) for row in rows],
        statuses=STATUSES,
        reasons=CLOSE_REASONS,
        totals=ledger.totals(store),
    )


@blueprint.get("/orders/<mer_order_id>")
def order(mer_order_id: str) -> ResponseReturnValue:
    return _order_page(mer_order_id, "")


def _order_page(mer_order_id: str, error: str) -> ResponseReturnValue:
    world = the_world()
    found = ledger.find(world.store, world.clock.now(), mer_order_id=mer_order_id)
    if found is None:
        abort(404, "没有这笔订单")
    return render_template(
        "order.html",
        order=found,
        view=order_views(world.store, [found])[0],
        actions=[(name, LABELS[name]) for name in actions_for(found)],
        statuses=STATUSES,
        reasons=CLOSE_REASONS,
        notify_kinds=NOTIFY_KINDS,
        notify_states=NOTIFY_STATES,
        groups=GROUPS,
        choices=CHOICES,
        settings=world.faults.effective(f"order:{mer_order_id}"),
        error=error,
    ), (409 if error else 200)


@blueprint.post("/orders/<mer_order_id>/settings")
def change_order(mer_order_id: str) -> ResponseReturnValue:
    try:
        _change(f"order:{mer_order_id}")
    except BadFaults as error:
        return _order_page(mer_order_id, f"没有保存：{error}")
    return redirect(url_for("control.order", mer_order_id=mer_order_id), 303)


@blueprint.post("/orders/<mer_order_id>/<action>")
def act(mer_order_id: str, action: str) -> ResponseReturnValue:
    world = the_world()
    found = ledger.find(world.store, world.clock.now(), mer_order_id=mer_order_id)
    if found is None or action not in ACTIONS:
        abort(404, "没有这笔订单或这个操作")
    try:
        ACTIONS[action](world, found)
    except Impossible as error:
        return _order_page(mer_order_id, str(error))
    return redirect(url_for("control.order", mer_order_id=mer_order_id), 303)


@blueprint.get("/faults")
def faults() -> ResponseReturnValue:
    return _faults_page("", 200)


def _faults_page(error: str, status: int) -> ResponseReturnValue:
    settings: dict[str, Any] = the_world().faults.effective()
    return render_template(
        "faults.html", groups=GROUPS, choices=CHOICES, settings=settings, users=wechat.USERS, error=error
    ), status


@blueprint.post("/faults")
def change_faults() -> ResponseReturnValue:
    try:
        _change(GLOBAL)
    except BadFaults as error:
        return _faults_page(str(error), 400)
    return redirect(url_for("control.faults"), 303)


def _change(scope: str) -> None:
    faults = the_world().faults
    faults.change(scope, form_change(request.form, faults.effective(scope)))
