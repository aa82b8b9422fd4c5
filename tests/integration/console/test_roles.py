"""Every route of the console, asked by a stranger, by every step of a login and by every role: let in or turned away as
contract.staff.RIGHTS says of what it is about (security.md 4, 6). A new route without a line in ABOUT fails."""

from __future__ import annotations

import inspect
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from contract import catalogue, schema
from contract.reconciliation import BreakAction
from contract.rpc import Method
from contract.staff import RIGHTS, NotOfThisRole, Role
from kit.clock import SetClock
from kit.config import read
from kit.crypto import KeyRing
from kit.http import Access, HttpEntrypoint, MemoryRequest
from kit.staff import open_seal
from services.console.browser import Browser
from services.console.config import CALLED, Config
from services.console.domain.menu import ACCOUNT_READERS
from services.console.pages import Pages
from services.console.service import ConsoleService
from services.console.usecases import login
from services.console.usecases.wiring import Wiring
from tests.factories.contribution_sheets import resident, workbook
from tests.factories.keys import KEYS, STAFF_KEYS
from tests.factories.payloads import answer
from tests.integration.console.test_accounts import ADDRESS, half_way, logged_in, made, session

NOBODY = "nobody-at-all"
OWN = {"console.list_accounts": ACCOUNT_READERS, "console.change_account": frozenset({Role.ADMINISTRATOR})}
"""What the console does itself, without asking another service."""

ABOUT = {
    "GET /home": "",
    "GET /orders": "payment.find_orders",
    "POST /orders": "payment.find_orders",
    "GET /tiers": "contribution.list_tier_imports",
    "GET /tiers/template": "contribution.make_tier_template",
    "POST /tiers/preview": "contribution.preview_tiers",
    "GET /tiers/history": "contribution.list_tier_history",
    "GET /tiers/<import_id>": "contribution.get_tier_import",
    "POST /tiers/<import_id>/<act> submit": "contribution.submit_tiers",
    "POST /tiers/<import_id>/<act> approve": "contribution.approve_tiers",
    "POST /tiers/<import_id>/<act> reject": "contribution.reject_tiers",
    "GET /reconciliation": "payment.list_breaks",
    "POST /reconciliation/run": "payment.run_reconciliation",
    "GET /reconciliation/report.<extension>": "payment.report_reconciliation",
    "GET /breaks/<int:break_id>": "payment.get_break",
    "POST /breaks/<int:break_id>/<act> assign": "payment.assign_break",
    "POST /breaks/<int:break_id>/<act> resolve": "payment.resolve_break",
    "POST /breaks/<int:break_id>/<act> close": "payment.close_break",
    "GET /refunds": "payment.list_refunds",
    "GET /refunds/new": "payment.request_refund",
    "POST /refunds": "payment.request_refund",
    "GET /refunds/<refund_id>": "payment.get_refund",
    "POST /refunds/<refund_id>/retry": "payment.retry_refund",
    "GET /certificates": "certificate.find_certificate",
    "POST /certificates": "certificate.find_certificate",
    "POST /certificates/void": "certificate.void_certificate",
    "POST /certificates/reissue": "certificate.reissue_certificate",
    "GET /schools": "certificate.list_authorised",
    "POST /schools": "certificate.authorise_school",
    "POST /schools/<school_id>/end": "certificate.end_school",
    "GET /expiry": "certificate.list_seals",
    "GET /messages": "notify.list_messages",
    "POST /messages/<message_id>/replay": "notify.replay_message",
    "GET /parking": "payment.list_parked",
    "GET /parking/<service>/<event_id>": "payment.get_parked",
    "POST /parking/<service>/<event_id>/<act> replay": "payment.replay_parked",
    "POST /parking/<service>/<event_id>/<act> discard": "payment.discard_parked",
    "GET /accounts": "console.list_accounts",
    "POST /accounts": "console.change_account",
    "POST /accounts/<account>/<act> reset": "console.change_account",
    "POST /accounts/<account>/<act> release": "console.change_account",
    "POST /accounts/<account>/<act> disable": "console.change_account",
    "POST /accounts/<account>/<act> enable": "console.change_account",
    "POST /accounts/<account>/<act> move": "console.change_account",
    "GET /audit": "payment.list_acts",
}
"""What each route is about: the method without which it is of no use. Who may call that is RIGHTS' to say."""

COMMANDS = {f"{method.service}.{method.name}" for method in catalogue.METHODS if method.command}
FORM = {
    "purpose": "核对缴费结果", "number": "GX20260000000001", "day": "2026-11-25", "owner": "li", "order": NOBODY,
    "action": BreakAction.ASK_UNIONPAY.value, "note": "已核对", "reason": "重复参保退费", "key": "key-1",
    "name": "南宁市第一中学", "operator_name": "韦秀兰", "operator_number": "0", "role": "support",
    "pooling_code": "450000", "account": "new1",
}  # fmt: skip
QUERY = {"day": "2026-11-25", "service": "payment"}
PATHS = {"service": "payment", "extension": "xlsx", "break_id": 1, "account": NOBODY}


@dataclass
class Owners:
    """The other services: each opens the seal with its key and looks into RIGHTS, as kit.staff does, and answers what
    its sample says."""

    clock: SetClock
    reached: list[str] = field(default_factory=list)

    def call(self, method: Method[Any, Any], request: Any, seal: Any = None) -> Any:
        body = json.dumps(schema.dump(request), ensure_ascii=False)
        ring = KeyRing.parse(STAFF_KEYS)
        open_seal(seal(method, body), method.service, method.name, body, ring, self.clock.now())
        self.reached.append(f"{method.service}.{method.name}")
        return answer(method)


@dataclass(frozen=True)
class Asked:
    """One route with one act, where its last part is one."""

    line: str
    method: str
    url: str
    access: Access
    handler: str
    values: dict[str, Any]

    def ask(self, console: ConsoleService, token: str = "", csrf: str = "") -> Response:
        form = MultiDict(FORM | {"csrf": csrf}) if self.method == "POST" else None
        if form is not None and self.url == "/tiers/preview":
            form["file"] = (io.BytesIO(workbook(resident())), "标准.xlsx")  # type: ignore[assignment]
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(self.values[found[1]]), self.url)
        query = QUERY if self.method == "GET" else None
        cookies = {"Cookie": f"staff={token}"} if token else {}
        builder = EnvironBuilder(path, method=self.method, data=form, query_string=query, headers=cookies)
        builder.environ_base = {"REMOTE_ADDR": ADDRESS}
        request = MemoryRequest(builder.get_environ())
        with closing(builder), closing(request):
            return getattr(console, self.handler)(request, **self.values)  # type: ignore[no-any-return]


def _routes() -> Iterator[Asked]:
    for name, member in inspect.getmembers(ConsoleService, inspect.isfunction):
        for entrypoint in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(entrypoint, HttpEntrypoint) and entrypoint.access is not Access.PUBLIC:
                line = f"{entrypoint.method} {entrypoint.url}"
                values = {
                    part: PATHS.get(part, NOBODY) for part in re.findall(r"<(?:\w+:)?(\w+)>", entrypoint.url)
                }
                acts = [key.rpartition(" ")[2] for key in ABOUT if key.startswith(f"{line} ")]
                for act in acts or [""]:
                    told = values | ({"act": act} if act else {})
                    known = f"{line} {act}".strip()
                    yield Asked(known, entrypoint.method, entrypoint.url, entrypoint.access, name, told)


ROUTES = list(_routes())
STAFF = [route for route in ROUTES if route.access is Access.STAFF]
routes_of_staff = pytest.mark.parametrize("route", STAFF, ids=[route.line for route in STAFF])


@pytest.fixture
def console(w: Wiring, clock: SetClock) -> ConsoleService:
    """The service's own class, with the other services in our hand."""
    made_of = {**KEYS, "ENVIRONMENT": "development", "AMQP_URI": "memory://", "CONSOLE_URL": "http://console.local",
               "CONSOLE_DATABASE_URL": "sqlite://", "CONSOLE_HTTP_ADDRESS": "127.0.0.1:0",
               **{f"{service.upper()}_STAFF_KEYS": STAFF_KEYS for service in CALLED}}  # fmt: skip
    settings = read(Config, made_of)
    service = ConsoleService()
    service.__dict__ |= {
        "settings": settings, "database": w.database, "clock": clock, "journal": w.journal, "hasher": w.hasher,
        "pages": Pages(), "browser": Browser(settings), "rings": settings.staff_rings(), "rpc": Owners(clock),
        "levels": {},
    }  # fmt: skip
    return service


def _may(route: Asked, role: Role) -> bool:
    about = ABOUT[route.line]
    return not about or role in OWN.get(about, RIGHTS.get(about, frozenset()))


def _accounts(w: Wiring) -> dict[str, Any]:
    with w.database.read() as connection:
        return {one.account: one for one in w.accounts.all(connection)}


def test_every_route_says_what_it_is_about() -> None:
    assert {route.line for route in STAFF} == set(ABOUT)
    assert set(ABOUT.values()) - {"", *OWN} <= set(RIGHTS)
    for name in ("list_parked", "get_parked", "replay_parked", "discard_parked", "list_acts"):
        assert len({roles for method, roles in RIGHTS.items() if method.endswith(name)}) == 1, (
            "one page for all"
        )


def test_what_staff_may_do_is_on_a_page() -> None:
    """Or is part of one: what no page asks needs no right."""
    parts = {
        "contribution.list_pooling_levels", "payment.total_day", "payment.list_runs", "payment.list_payment_keys",
        "notify.list_providers", "notify.report_delivery",
    }  # fmt: skip
    several = ("list_parked", "get_parked", "replay_parked", "discard_parked", "list_acts")
    assert {name for name in RIGHTS if not name.endswith(several)} == (
        {about for about in ABOUT.values() if not about.endswith(several)} - {"", *OWN} | parts
    )


@pytest.mark.parametrize("route", ROUTES, ids=[route.line for route in ROUTES])
def test_a_stranger_and_a_guess_are_sent_to_the_login(console: ConsoleService, route: Asked) -> None:
    for token in ("", "guessed", "A" * 43):
        turned = route.ask(console, token)
        assert (turned.status_code, turned.headers["Location"].partition("?")[0]) == (303, "/login")
    assert console.rpc.reached == []  # type: ignore[attr-defined]


def test_a_password_alone_opens_no_page(console: ConsoleService, w: Wiring, clock: SetClock) -> None:
    account, first = made(w, Role.ADMINISTRATOR)
    token = login.begin_login(account, first, ADDRESS, w)
    csrf = half_way(w, account, first).csrf_token
    for route in STAFF:
        assert route.ask(console, token, csrf).headers["Location"] == "/login/code", route.line
    assert console.rpc.reached == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", Role)
def test_a_role_gets_what_its_rights_say_and_nothing_else(
    console: ConsoleService, w: Wiring, clock: SetClock, role: Role
) -> None:
    _, token = logged_in(w, clock, role)
    known = session(w, token)
    assert known is not None
    owners: Owners = console.rpc  # type: ignore[assignment]
    for route in STAFF:
        before, about = _accounts(w), ABOUT[route.line]
        owners.reached.clear()
        given = route.ask(console, token, known.csrf_token)
        allowed = all(role in RIGHTS[name] for name in owners.reached)
        assert allowed, (route.line, owners.reached, "an owner was asked what this role may not ask")
        if _may(route, role):
            own = (
                not about
                or about in OWN
                or route.line in ("GET /orders", "GET /refunds/new", "GET /certificates")
            )
            assert own or about in owners.reached, (route.line, given.get_data(as_text=True))
            assert given.status_code in (200, 303) or about in OWN, (route.line, given.status_code)
        else:
            assert about not in owners.reached, route.line
            assert given.status_code in (NotOfThisRole.status, 403), (route.line, given.status_code)
            assert "您的岗位" in given.get_data(as_text=True), route.line
            assert _accounts(w) == before, route.line


@pytest.mark.parametrize("role", Role)
def test_looking_asks_no_owner_for_a_change(
    console: ConsoleService, w: Wiring, clock: SetClock, role: Role
) -> None:
    """No state change on GET (security.md 3)."""
    _, token = logged_in(w, clock, role)
    before = _accounts(w)
    for route in STAFF:
        if route.method == "GET":
            route.ask(console, token)
    asked = set(console.rpc.reached)  # type: ignore[attr-defined]
    assert asked and not asked & COMMANDS
    assert _accounts(w) == before


@routes_of_staff
def test_a_form_that_is_not_the_sessions_does_nothing(
    console: ConsoleService, w: Wiring, clock: SetClock, route: Asked
) -> None:
    if route.method != "POST":
        return
    _, token = logged_in(w, clock, Role.ADMINISTRATOR)
    refused = route.ask(console, token, "somebody else's")
    assert (refused.status_code, "页面已过期" in refused.get_data(as_text=True)) == (403, True)
    assert console.rpc.reached == []  # type: ignore[attr-defined]
