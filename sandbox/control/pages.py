"""The page /sandbox: a tour of the outside world with plain forms, working without JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox import realname, wechat
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
PHONE_COOKIES = ("session", "entry")
"""What the product keeps in a browser; on one machine, where cookies know no ports, the sandbox can take them away."""


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
        entry=world.settings.entry_url,
        phones={person.persona: realname.fixed_phone(world, person) for person in world.population.personas},
    )


@blueprint.get("/enter/<persona>")
def enter(persona: str) -> ResponseReturnValue:
    """Into the official account on a persona's phone: nobody is logged in there yet, and WeChat knows who it is."""
    world = the_world()
    if not world.settings.entry_url or all(one.persona != persona for one in world.population.personas):
        abort(404, "没有这个人，或者沙箱不知道系统的地址（SANDBOX_ENTRY_URL）")
    answer = redirect(world.settings.entry_url, 302)
    answer.set_cookie(wechat.NEXT_USER, realname.FIXED + persona, httponly=True, samesite="Lax")
    for name in PHONE_COOKIES:
        answer.delete_cookie(name)
    return answer


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
