"""The JSON API under /sandbox/api."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import declarations, eseal, fees, realname
from sandbox.control.actions import ACTIONS, Impossible
from sandbox.control.views import order_views, person_view
from sandbox.faults import GLOBAL, BadFaults
from sandbox.people import RESIDENT, Person
from sandbox.unionpay import ledger
from sandbox.unionpay.ledger import Order
from sandbox.world import the_world

blueprint = Blueprint("control_api", __name__, url_prefix="/sandbox/api")


class NotThere(Exception):
    """No such order or person."""


@blueprint.errorhandler(NotThere)
def not_there(error: NotThere) -> ResponseReturnValue:
    return {"error": str(error)}, 404


@blueprint.errorhandler(Impossible)
def impossible(error: Impossible) -> ResponseReturnValue:
    return {"error": str(error)}, 409


@blueprint.errorhandler(realname.BadEntry)
@blueprint.errorhandler(BadFaults)
def bad_faults(error: ValueError) -> ResponseReturnValue:
    return {"error": str(error)}, 400


def _order(mer_order_id: str) -> Order:
    world = the_world()
    order = ledger.find(world.store, world.clock.now(), mer_order_id=mer_order_id)
    if order is None:
        raise NotThere(f"no order {mer_order_id}")
    return order


def _view(mer_order_id: str) -> dict[str, Any]:
    return order_views(the_world().store, [_order(mer_order_id)])[0]


def _change() -> dict[str, Any]:
    change = request.get_json(force=True, silent=True)
    if not isinstance(change, dict):
        raise BadFaults("the body must be a JSON object")
    return change


@blueprint.get("/settings")
def settings() -> ResponseReturnValue:
    return the_world().faults.effective()


@blueprint.put("/settings")
def change_settings() -> ResponseReturnValue:
    """Lay the given settings over those in force; what is not named stays."""
    return the_world().faults.change(GLOBAL, _change())


@blueprint.get("/orders/<mer_order_id>/settings")
def order_settings(mer_order_id: str) -> ResponseReturnValue:
    return the_world().faults.effective(f"order:{mer_order_id}")


@blueprint.put("/orders/<mer_order_id>/settings")
def change_order_settings(mer_order_id: str) -> ResponseReturnValue:
    """Settings of one order; it need not exist yet."""
    return the_world().faults.change(f"order:{mer_order_id}", _change())


def _person(key: str) -> Person:
    person = the_world().population.named(key)
    if person is None:
        raise NotThere("no such person: name a persona, a djxh or a rybm")
    return person


@blueprint.put("/people/<key>/settings")
def change_person_settings(key: str) -> ResponseReturnValue:
    """Settings of one person, named by persona, djxh or rybm."""
    person = _person(key)
    return the_world().faults.change(f"person:{person.djxh}", _change())


@blueprint.get("/people/<key>/settings")
def person_settings(key: str) -> ResponseReturnValue:
    person = _person(key)
    return the_world().faults.effective(f"person:{person.djxh}", person.faults)


@blueprint.get("/personas")
def personas() -> ResponseReturnValue:
    return {"personas": [person_view(person) for person in the_world().population.personas]}


@blueprint.get("/people")
def people() -> ResponseReturnValue:
    """Residents for load tools: by default those whose medical insurance of both years is payable."""
    everybody = the_world().population.people
    if request.args.get("all") != "1":
        everybody = tuple(person for person in everybody if _plainly_payable(person))
    offset, limit = request.args.get("offset", 0, int), request.args.get("limit", 1000, int)
    return {"total": len(everybody), "people": [person_view(p) for p in everybody[offset : offset + limit]]}


def _plainly_payable(person: Person) -> bool:
    medical = [e for e in person.enrolments if e.insurance_type == fees.RESIDENT_MEDICAL]
    return not person.persona and person.kind == RESIDENT and len(medical) == 1 and not person.prior_payments


@blueprint.get("/realname/<openid>")
def real_name(openid: str) -> ResponseReturnValue:
    """Who is registered with 移动办税 as that WeChat user."""
    world = the_world()
    found = realname.registered(world, openid)
    if found is None:
        raise NotThere("nobody is registered as that user")
    return {"openid": openid, "person": found[0].persona or found[0].djxh, "phone": found[1]}


@blueprint.put("/realname/<openid>")
def register(openid: str) -> ResponseReturnValue:
    """Register ``{"person": persona, djxh or rybm, "phone": …}`` in place of whoever was."""
    change = _change()
    realname.register(the_world(), openid, str(change.get("person", "")), str(change.get("phone", "")))
    return real_name(openid)


@blueprint.delete("/realname/<openid>")
def unregister(openid: str) -> ResponseReturnValue:
    """Take an entry away, a fixed one too."""
    realname.remove(the_world(), openid)
    return {"openid": openid}


@blueprint.get("/orders")
def orders() -> ResponseReturnValue:
    """The newest orders, without what hangs on them."""
    rows = the_world().store.all(
        "SELECT mer_order_id, status, amount FROM orders ORDER BY created_at DESC LIMIT ?",
        (request.args.get("limit", 100, int),),
    )
    return {
        "orders": [
            {"merOrderId": r["mer_order_id"], "status": r["status"], "totalAmount": r["amount"]} for r in rows
        ]
    }


@blueprint.get("/orders/<mer_order_id>")
def order(mer_order_id: str) -> ResponseReturnValue:
    return _view(mer_order_id)


@blueprint.post("/orders/<mer_order_id>/<action>")
def act(mer_order_id: str, action: str) -> ResponseReturnValue:
    """Do something to an order (see ``ACTIONS``): 404 unknown, 409 when its state does not allow it."""
    if action not in ACTIONS:
        raise NotThere(f"no action {action}; there are {', '.join(ACTIONS)}")
    ACTIONS[action](the_world(), _order(mer_order_id))
    return _view(mer_order_id)


@blueprint.post("/declarations/<record>/pay")
def pay_declaration(record: str) -> ResponseReturnValue:
    """Somebody pays a declaration at the counter, unless it was voided before."""
    world = the_world()
    declarations.settle(world.store, record, declarations.PAID, world.clock.now())
    return {"record": record}


@blueprint.get("/ledger")
def whole_ledger() -> ResponseReturnValue:
    """Every order with notifies, answers, refunds and postings, by page; totals are over all orders."""
    store = the_world().store
    page = ledger.page(
        store,
        since=request.args.get("since", 0.0, float),
        limit=request.args.get("limit", 1000, int),
        offset=request.args.get("offset", 0, int),
    )
    return {"totals": ledger.totals(store), "orders": order_views(store, page)}


@blueprint.get("/counters")
def counters() -> ResponseReturnValue:
    """Calls per endpoint; with ``person`` (persona, djxh or rybm) the calls about that person only."""
    world = the_world()
    if "person" in request.args:
        return world.counters.of_person(_person(request.args["person"]).id_hash)
    return world.counters.snapshot()


@blueprint.post("/seals/<code>/revoke")
def revoke_seal(code: str) -> ResponseReturnValue:
    """The certificate of an authority's seal goes on the revocation list; the next signature gets a new one."""
    world = the_world()
    if not eseal.authority(world).revoke(code, world.clock.now()):
        raise NotThere(f"no seal {code} in use")
    return {"revoked": code}


@blueprint.post("/reset")
def reset() -> ResponseReturnValue:
    """Forget all orders, messages, codes, settings and counts."""
    world = the_world()
    world.store.clear()
    world.faults.reload()
    world.counters.clear()
    return {"reset": True}
