"""What every view of the sandbox needs, and the decorator that makes an endpoint misbehave."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, make_response
from flask.typing import ResponseReturnValue

from sandbox.clock import Clock
from sandbox.counters import Counters
from sandbox.faults import DEFAULTS, GLOBAL, Faults
from sandbox.people import Population
from sandbox.settings import Settings
from sandbox.sms_courier import Courier
from sandbox.store import Store
from sandbox.unionpay.dispatch import Dispatcher

EXTENSION = "sandbox"


@dataclass(frozen=True)
class World:
    """One sandbox: its settings, state and people."""

    settings: Settings
    clock: Clock
    store: Store
    faults: Faults
    counters: Counters
    population: Population
    dispatcher: Dispatcher
    courier: Courier


def the_world() -> World:
    """The world of the request being served."""
    return cast(World, current_app.extensions[EXTENSION])


@dataclass(frozen=True)
class Subject:
    """Whom or what a call is about: selects its faults and is counted by ``id_hash``.

    ``transaction`` is the tax core's; a setting of that name confines the faults to one of them.
    """

    scope: str = GLOBAL
    person_faults: Mapping[str, Any] | None = None
    id_hash: str | None = None
    transaction: str = ""


NOBODY = Subject()
View = Callable[..., ResponseReturnValue]


def upstream(
    channel: str, endpoint: str, subject: Callable[[], Subject] = lambda: NOBODY
) -> Callable[[View], View]:
    """Count the calls of a view and let it be late, fail, or answer nothing, by the channel's settings.

    ``accept_then_timeout_rate`` does the work and then lets the caller wait in vain; ``timeout_rate``
    and ``error_rate`` do not do the work.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def misbehaving(*args: Any, **kwargs: Any) -> Response:
            world, about = the_world(), subject()
            plan = world.faults.effective(about.scope, about.person_faults)[channel]
            if plan.get("transaction", "") not in ("", about.transaction):
                plan = DEFAULTS[channel]
            with world.counters.call(f"{channel}.{endpoint}", about.id_hash):
                response = make_response(
                    _misbehave(world.faults, channel, endpoint, plan, view, args, kwargs)
                )
            world.counters.answered(f"{channel}.{endpoint}", response.status_code)
            return response

        return misbehaving

    return decorate


def _misbehave(
    faults: Faults, channel: str, endpoint: str, plan: Mapping[str, Any], view: View, args: Any, kwargs: Any
) -> ResponseReturnValue:
    def happens(kind: str) -> bool:
        return faults.happens(f"{channel}.{endpoint}.{kind}", plan[kind])

    if plan["latency_ms"]:
        time.sleep(plan["latency_ms"] / 1000)
    if happens("error_rate"):
        return "<html><head><title>503 Service Temporarily Unavailable</title></head></html>", 503
    if happens("timeout_rate"):
        time.sleep(plan["timeout_seconds"])
        return "", 504
    answer = view(*args, **kwargs)
    if happens("accept_then_timeout_rate"):
        time.sleep(plan["timeout_seconds"])
        return "", 504
    return answer
