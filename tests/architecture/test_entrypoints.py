"""Every RPC, event and route: served once, written down, and with a stated caller (design.md §4, security.md)."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from nameko.messaging import Consumer
from nameko.rpc import Rpc
from nameko.web.handlers import HttpRequestHandler

from contract import catalogue
from contract.errors import ContractError
from contract.events import EventData
from contract.staff import RIGHTS, Role
from deploy.topology import OUTSIDE, PUBLISHES
from kit.consumer import EventEntrypoint
from kit.http import Access, HttpEntrypoint
from kit.rpc import RpcEntrypoint
from kit.service import Service
from services.console.domain.parked import UNDONE
from tests.architecture.sources import SERVICES, files, tree

# What tests define for themselves does not belong to the contract.
METHODS = [method for method in catalogue.METHODS if method.request.__module__.startswith("contract.")]
EVENTS = {name: kind for name, kind in catalogue.EVENTS.items() if kind.__module__.startswith("contract.")}

ANYBODY: dict[tuple[str, str, str], str] = {
    ("*", "GET", "/"): "says a service's name; the gateway's sends a stranger to WeChat, which is the entry",
    (
        "gateway",
        "GET",
        "/wechat/callback",
    ): "WeChat sends strangers here; its one-time code is what is checked",
    ("gateway", "POST", "/api/v1/wechat-sessions"): "the same for mini programs: the code is what is checked",
    ("gateway", "POST", "/text-size"): "a preference in a cookie; strangers read pages too",
    ("gateway", "GET", "/static/<digest>/<path:file>"): "style sheets and scripts, the same for everybody",
    ("gateway", "GET", "/api/v1/openapi.json"): "the published description of the API",
    ("gateway", "GET", "/api/v1/reference"): "the same as a page",
    ("gateway", "GET", "/api/v1/consent-texts"): "texts are read before they are agreed to",
    (
        "gateway",
        "GET",
        "/check",
    ): "whoever holds a certificate may check it (3.2.1.16); counted by address and by number",
    ("gateway", "POST", "/check"): "the same by form",
    ("gateway", "POST", "/check/file"): "the same by the file, which is not kept",
    ("gateway", "POST", "/api/v1/certificate-checks"): "the same for other clients",
    ("gateway", "POST", "/api/v1/certificate-file-checks"): "the same by the file",
    ("console", "GET", "/static/<digest>/<path:file>"): "its style sheet",
    ("console", "GET", "/login"): "the form by which staff come in",
    ("console", "POST", "/login"): "the same sent: counted by account and by address",
    ("console", "GET", "/<path:unknown>"): "says in Chinese that there is no such page",
    ("gateway", "GET", "/<path:unknown>"): "says in Chinese that there is no such page",
    ("gateway", "POST", "/<path:unknown>"): "the same for a form",
    ("gateway", "PUT,PATCH,DELETE,OPTIONS", "/<path:unknown>"): "the same for programs",
}
"""Routes without any check of who calls, each with its reason. `*` is every service. Keep it short."""

PROVEN: dict[tuple[str, str, str], str] = {
    ("payment", "GET,POST", "/notify/unionpay"): "UnionPay signs each notify with the communication key",
    ("gateway", "GET", "/held-photos/<token>"): "a 256-bit address, told to ocr alone, that works once",
    (
        "gateway",
        "GET",
        "/downloads/<token>",
    ): "the address is sealed, ten minutes good, and dies with its session",
    (
        "notify",
        "POST",
        "/receipts/<provider>/<token>",
    ): "providers sign no receipt: the address ends in a secret only they were told",
}
"""Routes whose caller proves itself by the request (Access.SIGNED)."""

INHERITED = {"check_health", "list_parked", "get_parked", "replay_parked", "discard_parked", "list_acts"}
"""What services have from a base class, each in place of its own."""

every_service = pytest.mark.parametrize("service", SERVICES)


def _entrypoints(service: str) -> Iterator[tuple[str, Any]]:
    """Every entrypoint of a service, inherited ones too, with the name of its method."""
    module = importlib.import_module(f"services.{service}.service")
    for name, member in inspect.getmembers(
        getattr(module, f"{service.capitalize()}Service"), inspect.isfunction
    ):
        for entrypoint in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            yield name, entrypoint


def _routes(service: str) -> list[HttpEntrypoint]:
    return [entrypoint for _, entrypoint in _entrypoints(service) if isinstance(entrypoint, HttpEntrypoint)]


@every_service
def test_a_service_is_found_by_its_name(service: str) -> None:
    module = importlib.import_module(f"services.{service}.service")
    assert getattr(module, f"{service.capitalize()}Service").name == service, (
        "kit.runner finds classes by name"
    )
    assert importlib.import_module(f"services.{service}.config").Config.service == service


def test_every_method_of_the_contract_is_served_exactly_once() -> None:
    served = Counter(
        (service, entrypoint.method.name)
        for service in SERVICES
        for _, entrypoint in _entrypoints(service)
        if isinstance(entrypoint, RpcEntrypoint)
    )
    promised = Counter((method.service, method.name) for method in METHODS)
    assert served == promised, "contract/ and the services' @rpc must say the same (design.md §4)"


@every_service
def test_what_is_served_is_a_method_of_the_contract(service: str) -> None:
    for name, entrypoint in _entrypoints(service):
        if isinstance(entrypoint, RpcEntrypoint):
            method = entrypoint.method
            assert method in METHODS and method.name == name, f"{service}.{name} is not in contract/"
            assert method.service == service or name in INHERITED, f"{service} serves {method.service}.{name}"


@every_service
def test_a_served_method_takes_and_gives_what_the_contract_says(service: str) -> None:
    class_ = getattr(importlib.import_module(f"services.{service}.service"), f"{service.capitalize()}Service")
    for name, entrypoint in _entrypoints(service):
        if isinstance(entrypoint, RpcEntrypoint):
            hints = inspect.get_annotations(inspect.unwrap(getattr(class_, name)))
            assert hints.get("request") == entrypoint.method.request.__name__, f"{service}.{name}: request"
            assert hints.get("return") == entrypoint.method.answer.__name__, f"{service}.{name}: answer"


def test_the_table_of_rights_names_methods_and_nobody_without_need() -> None:
    """security.md 6: roles are apart, and what serves staff is said in one place."""
    served = {f"{method.service}.{method.name}": method for method in METHODS}
    assert set(RIGHTS) <= set(served), "contract.staff.RIGHTS names what is gone"
    for name, roles in RIGHTS.items():
        assert roles, f"{name}: nobody may call it"
        if Role.AUDITOR in roles:
            assert name.partition(".")[2].startswith(
                ("list_", "get_", "total_", "report_", "find_certificate")
            ), f"{name}: who audits does not act"
    for name in set(served) - set(RIGHTS):
        hints = served[name].request.__dataclass_fields__
        assert "operator" not in hints or name.startswith("payment."), f"{name}: is it for staff?"


@every_service
def test_only_the_console_lets_staff_in(service: str) -> None:
    for route in _routes(service):
        assert route.access not in (Access.STAFF, Access.HALFWAY) or service == "console", route.url
        assert service != "console" or route.access in (Access.STAFF, Access.HALFWAY, Access.PUBLIC), (
            route.url
        )


@every_service
def test_a_service_uses_the_kits_entrypoints_only(service: str) -> None:
    """Nameko's own acknowledge what failed, wait for ever and state no access (design.md §6)."""
    for name, entrypoint in _entrypoints(service):
        assert not isinstance(entrypoint, Rpc | Consumer), f"{service}.{name}: use kit.rpc and kit.consumer"
        if isinstance(entrypoint, HttpRequestHandler):
            assert isinstance(entrypoint, HttpEntrypoint), f"{service}.{name}: use kit.http"


def test_what_parks_has_words_for_who_looks_at_it() -> None:
    """The console says what has not been done (services/console/domain/parked.py)."""
    takes = {(s, name) for s in SERVICES for name, e in _entrypoints(s) if isinstance(e, EventEntrypoint)}
    assert takes == set(UNDONE)


@every_service
def test_what_is_consumed_is_an_event_of_the_contract_taken_once(service: str) -> None:
    taken = [e.event for _, e in _entrypoints(service) if isinstance(e, EventEntrypoint)]
    assert len(taken) == len(set(taken)), f"{service} takes an event twice: they would share one queue"
    for event in taken:
        assert EVENTS.get(event.type) is event, f"{service} consumes {event.type}, which is not in contract/"


def test_events_are_defined_in_the_contract_only() -> None:
    for path in files("kit", "services", "sandbox", "deploy"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base) for base in node.bases}
                assert EventData.__name__ not in bases, (
                    f"{path}: {node.name} belongs into contract/ (design.md §4)"
                )


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_published_by_the_one_service_that_owns_it(name: str) -> None:
    owners = [service for service, prefixes in PUBLISHES.items() if name.startswith(tuple(prefixes))]
    assert len(owners) == 1, f"{name}: one service owns it (deploy/topology.py), not {owners}"
    kind = EVENTS[name].__name__
    users = {
        path.parts[1] for path in files("services")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == kind
    }  # fmt: skip
    assert users == {owners[0]} - set(OUTSIDE), (
        f"{name}: {kind} is made by {users or 'nobody'}, and owned by {owners[0]}"
    )


@every_service
def test_every_route_says_who_may_call_it(service: str) -> None:
    for route in _routes(service):
        assert isinstance(route.access, Access), f"{service} {route.method} {route.url}: state its access"
        key = (service, route.method, route.url)
        if route.access is Access.PUBLIC:
            assert key in ANYBODY or ("*", *key[1:]) in ANYBODY, (
                f"{key} is open to anybody: give it an access, or a reason in ANYBODY (security.md 4)"
            )
        if route.access is Access.SIGNED:
            assert key in PROVEN, f"{key} trusts what the request carries: say what that is in PROVEN"


def test_no_reason_is_left_of_a_route_that_is_gone() -> None:
    open_ = {(s, r.method, r.url) for s in SERVICES for r in _routes(s) if r.access is Access.PUBLIC}
    proven = {(s, r.method, r.url) for s in SERVICES for r in _routes(s) if r.access is Access.SIGNED}
    assert {key for key in ANYBODY if key[0] != "*"} <= open_, "take these off the list"
    assert set(PROVEN) == proven


@every_service
def test_a_service_with_callers_to_tell_apart_overrides_admit(service: str) -> None:
    told_apart = (Access.VISITOR, Access.PAYER, Access.HALFWAY, Access.STAFF)
    if any(route.access in told_apart for route in _routes(service)):
        class_ = getattr(
            importlib.import_module(f"services.{service}.service"), f"{service.capitalize()}Service"
        )
        assert class_.admit is not Service.admit, f"{service} would refuse everybody"


@every_service
def test_no_url_carries_a_person(service: str) -> None:
    """security.md 11: no ID number or phone in a URL."""
    for route in _routes(service):
        names = re.findall(r"<(?:\w+:)?(\w+)>", route.url)
        assert not set(names) & {"phone", "id_number", "document_number", "person", "openid"}, route.url


def test_every_error_a_service_can_show_is_chinese() -> None:
    for service in SERVICES:
        importlib.import_module(f"services.{service}.service")
    for code, kind in ContractError.known().items():
        if kind.__module__.startswith(("contract.", "services.")):
            assert re.search(r"[一-鿿]", kind.text), (
                f"{kind.__module__}.{kind.__name__} ({code}): no Chinese text"
            )
            assert 400 <= kind.status < 600
