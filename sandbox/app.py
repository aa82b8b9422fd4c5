"""The Flask application: every outside party on one address."""

from __future__ import annotations

import sqlite3

from flask import Flask, Response, redirect, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox import (
    eseal,
    fees,
    realname,
    records,
    sms,
    sms_aliyun,
    sms_gateway,
    sms_handset,
    taxbank,
    taxcore,
    wechat,
)
from sandbox.clock import Clock, wire_time
from sandbox.control import api as control_api
from sandbox.control import pages
from sandbox.counters import Counters
from sandbox.faults import Faults
from sandbox.people import Population, residents
from sandbox.personas import personas
from sandbox.settings import Settings
from sandbox.sms_courier import Courier
from sandbox.store import Store
from sandbox.templates_file import Templates
from sandbox.unionpay import api as unionpay_api
from sandbox.unionpay import cashier, keyed, settlement
from sandbox.unionpay.dispatch import Dispatcher
from sandbox.world import EXTENSION, World, the_world

BLUEPRINTS = (
    wechat.blueprint,
    sms.blueprint,
    sms_aliyun.blueprint,
    sms_gateway.blueprint,
    unionpay_api.blueprint,
    keyed.blueprint,
    settlement.blueprint,
    cashier.blueprint,
    taxbank.blueprint,
    realname.blueprint,
    taxcore.blueprint,
    records.blueprint,
    eseal.blueprint,
    control_api.blueprint,
    pages.blueprint,
)


def create_world(settings: Settings) -> World:
    """Open the store and compute the people."""
    store, clock = Store(settings.database), Clock(settings.clock_offset_file)
    faults = Faults(store)
    named = personas()
    crowd = residents(settings.seed, settings.residents, {person.id_number for person in named})
    return World(
        settings,
        clock,
        store,
        faults,
        Counters(),
        Population((*named, *crowd)),
        Dispatcher(store, clock, faults),
        Courier(store, clock, faults, settings.sms_receipt_url),
    )


def create_app(settings: Settings) -> Flask:
    """The application; its world is ``app.extensions["sandbox"]``."""
    app = Flask(__name__, static_url_path="/sandbox/static")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined] # an object inside an answer is signed as it stands
    app.json.compact = True  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = create_world(settings)
    app.extensions[sms_handset.TEMPLATES] = Templates(settings.sms_templates)
    app.jinja_env.filters["yuan"] = fees.yuan
    app.jinja_env.filters["wire_time"] = wire_time
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/", view_func=to_tour)
    app.register_error_handler(HTTPException, page_error)
    app.after_request(never_stored)
    return app


def healthz() -> ResponseReturnValue:
    try:
        the_world().store.one("SELECT 1")
    except sqlite3.Error as error:
        return {"status": "failing", "reason": str(error)}, 503
    return {"status": "ok"}


def to_tour() -> ResponseReturnValue:
    """Who types the bare address wants to look around; SMS providers post to it."""
    return redirect("/sandbox")


def page_error(error: HTTPException) -> ResponseReturnValue:
    return render_template("refused.html", code=error.code, message=error.description), error.code or 500


def never_stored(response: Response) -> Response:
    if response.mimetype in ("text/html", "application/json"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
