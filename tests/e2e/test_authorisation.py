"""Every route of every service, asked for by everybody there is: a stranger, somebody with a wrong key, a WeChat user
who has not logged in, a payer with other people's ids, and the payer without the form's token.

The routes come from the services themselves, so that a new one cannot be forgotten (security.md 3, 4).
"""

from __future__ import annotations

import importlib
import inspect
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
import requests
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from deploy.local.system import EmbeddedSystem
from deploy.topology import SERVICES
from kit.http import Access, HttpEntrypoint
from kit.intrusion import BURST
from services.gateway.api.operations import API_KEY
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox

NOBODYS = "00000000-0000-4000-8000-000000000000"
VALUES = {
    "extension": "csv",
    "page": "1",
    "purpose": "login",
    "provider": "tencent",
    "digest": "0",
    "file": "none.css",
}
"""What stands in an address besides ids."""

LAST = {("DELETE", "/api/v1/sessions/current"), ("POST", "/logout"), ("DELETE", "/api/v1/sessions")}
"""They end the session they are called with."""

NOT_FOR_STRANGERS = {401, 303}
"""Programs are told to log in; browsers are sent to where one logs in."""


@dataclass(frozen=True)
class Route:
    """One method of one address of a service."""

    service: str
    method: str
    url: str
    access: Access

    @property
    def path(self) -> str:
        """With ids of nobody in it."""
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: VALUES.get(found[1], NOBODYS), self.url)

    @property
    def is_api(self) -> bool:
        return self.url.startswith("/api/")


def _routes() -> Iterator[Route]:
    for service in SERVICES:
        kind = getattr(
            importlib.import_module(f"services.{service}.service"), f"{service.capitalize()}Service"
        )
        for _, member in inspect.getmembers(kind, inspect.isfunction):
            for entrypoint in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ()):
                if isinstance(entrypoint, HttpEntrypoint):
                    for method in entrypoint.method.split(","):
                        yield Route(service, method, entrypoint.url, entrypoint.access)


ROUTES = sorted(
    _routes(), key=lambda route: ((route.method, route.url) in LAST, route.service, route.url, route.method)
)
CLOSED = [route for route in ROUTES if route.access in (Access.VISITOR, Access.PAYER, Access.CLIENT)]


@pytest.fixture(scope="module")
def visitor(embedded_system: EmbeddedSystem) -> Client:
    """A WeChat user who has not logged in."""
    client = Client(embedded_system, Sandbox(embedded_system).resident())
    client.enter()
    return client


@pytest.fixture(scope="module")
def payer(embedded_system: EmbeddedSystem) -> Client:
    client = Client(embedded_system, Sandbox(embedded_system).resident())
    client.log_in()
    return client


def _ask(system: EmbeddedSystem, route: Route, token: str = "", **headers: str) -> requests.Response:
    """As a program with a bearer token, or as a browser with the cookie."""
    cookies = {"session": token} if token and not route.is_api else {}
    if token and route.is_api:
        headers["Authorization"] = f"Bearer {token}"
    if route.method != "GET":
        headers["Idempotency-Key"] = "authorisation-walk"
    url = f"http://127.0.0.1:{system.settings.ports.service(route.service)}{route.path}"
    return requests.request(
        route.method, url, headers=headers, cookies=cookies, allow_redirects=False, timeout=60,
        json={} if route.is_api and route.method != "GET" else None,
    )  # fmt: skip


def _is_turned_away(answer: requests.Response) -> bool:
    """To the login, and nowhere else."""
    if answer.status_code == requests.codes.see_other:
        return re.match(r"/(login)?(\?|$)", answer.headers["Location"]) is not None
    return answer.status_code == requests.codes.unauthorized


def test_routes_were_found() -> None:
    assert len(CLOSED) > 150 and {route.service for route in ROUTES} == set(SERVICES)


@pytest.mark.parametrize("token", ["", "guessed", "A" * 43], ids=["no token", "short", "guessed"])
def test_a_stranger_gets_into_nothing_that_is_closed(token: str, embedded_system: EmbeddedSystem) -> None:
    for route in CLOSED:
        assert _is_turned_away(_ask(embedded_system, route, token)), route


def test_a_wrong_key_opens_nothing(embedded_system: EmbeddedSystem) -> None:
    for route in CLOSED:
        if route.is_api:
            answer = _ask(embedded_system, route, **{API_KEY: "guessed"})
            assert answer.status_code == requests.codes.unauthorized, route


def test_a_visitor_gets_into_nothing_of_payers(visitor: Client, embedded_system: EmbeddedSystem) -> None:
    for route in CLOSED:
        if route.access is Access.PAYER:
            assert _is_turned_away(_ask(embedded_system, route, visitor.token)), route


def test_what_is_open_asks_nobody_to_log_in(embedded_system: EmbeddedSystem) -> None:
    for route in ROUTES:
        if route.access is Access.PUBLIC:
            assert _ask(embedded_system, route).status_code != requests.codes.unauthorized, route


def test_what_carries_its_own_proof_is_refused_without(
    payer: Client, embedded_system: EmbeddedSystem
) -> None:
    for route in ROUTES:
        if route.access is Access.SIGNED:
            for token in ("", payer.token):
                assert _ask(embedded_system, route, token).status_code in (400, 404), route


def test_a_form_without_the_sessions_token_does_nothing(
    payer: Client, embedded_system: EmbeddedSystem
) -> None:
    for route in CLOSED:
        if route.method == "POST" and not route.is_api:
            answer = _ask(embedded_system, route, payer.token)
            assert answer.status_code == requests.codes.forbidden and "页面已过期" in answer.text, route


RIGHTS_AND_MONEY = {
    "identity": ("persons", "members", "relations", "consents"),
    "contribution": ("agreements", "voidings"),
    "payment": ("orders", "refunds"),
    "certificate": ("certificates", "batches", "schools"),
    "gateway": ("batches", "batch_lines"),
}
"""What only a wish may change. Logins, journeys' drafts, journals and the record of downloads are of who looks."""


def _kept(system: EmbeddedSystem) -> dict[str, int]:
    found = {}
    for service, tables in RIGHTS_AND_MONEY.items():
        with closing(sqlite3.connect(f"file:{system.state / service}.sqlite3?mode=ro", uri=True)) as kept:
            for table in tables:
                (found[f"{service}.{table}"],) = kept.execute(f"select count(*) from {table}").fetchone()
    return found


def test_looking_changes_nothing(payer: Client, embedded_system: EmbeddedSystem) -> None:
    """No state change on GET, on any route (security.md 3)."""
    before = _kept(embedded_system)
    for route in CLOSED:
        if route.method == "GET" and (route.method, route.url) not in LAST:
            _ask(embedded_system, route, payer.token)
    assert _kept(embedded_system) == before
    assert _ask(embedded_system, Route("gateway", "GET", "/api/v1/orders", Access.PAYER), payer.token).ok


def test_a_payer_finds_nothing_under_other_peoples_ids(
    payer: Client, embedded_system: EmbeddedSystem
) -> None:
    """Not theirs and not there look the same; what was typed may be refused before it is looked for."""
    for route in CLOSED:
        if route.access is Access.PAYER and NOBODYS in route.path and (route.is_api or route.method == "GET"):
            answer = _ask(embedded_system, route, payer.token)
            gone = route.method == "DELETE" and answer.status_code == requests.codes.no_content
            assert gone or answer.status_code in (404, 409, 422), (route, answer.status_code)
            assert answer.status_code != requests.codes.conflict or "没有" in answer.text, route


def test_who_names_anothers_draft_learns_nothing_and_is_journalled(
    payer: Client, embedded_system: EmbeddedSystem
) -> None:
    stranger = Client(embedded_system, Sandbox(embedded_system).resident())
    stranger.log_in()
    journey = payer.call("POST", "/enrolments", {}).json()["journey_id"]
    other = stranger.sandbox.resident()
    people = [{"name": other.name, "document_number": other.number}]
    asked = {"people": people, "insurance_type": "medical", "year": payer.quote()["lines"][0]["year"]}
    batch = payer.call("POST", "/batches", asked, **{"Idempotency-Key": "anothers-draft"}).json()
    for kind, path, wanted in (("journey", "/enrolments", journey), ("batch", "/batches", batch["batch_id"])):
        assert payer.call("GET", f"{path}/{wanted}").ok
        refused, nowhere = (stranger.call("GET", f"{path}/{one}") for one in (wanted, NOBODYS))
        assert (refused.status_code, refused.json()["title"]) == (404, nowhere.json()["title"])
        with closing(
            sqlite3.connect(f"file:{embedded_system.state}/gateway.sqlite3?mode=ro", uri=True)
        ) as kept:
            told = kept.execute("select action from journal where target = ?", (f"{kind}:{wanted}",))
            assert told.fetchall() == [("foreign.asked",)]


def test_who_tries_doors_is_told_of_on_the_bus_and_counted(
    payer: Client, embedded_system: EmbeddedSystem
) -> None:
    """Forged notifies, and other people's ids; wrong codes would lock this machine's address for the other tests."""
    notify = Route("payment", "POST", "/notify/unionpay", Access.SIGNED)
    order = Route("gateway", "GET", "/api/v1/orders/<order_id>", Access.PAYER)
    told = {"payment": (notify, "notify.forged.v1"), "gateway": (order, "addresses.tried.v1")}
    for service, (route, event) in told.items():
        for _ in range(2 * BURST):  # a minute may end in between
            _ask(embedded_system, route, payer.token)
        with closing(
            sqlite3.connect(f"file:{embedded_system.state / service}.sqlite3?mode=ro", uri=True)
        ) as kept:
            (published,) = kept.execute("select count(*) from outbox where type = ?", (event,)).fetchone()
        assert published >= 1, event
        port = embedded_system.settings.ports.service(service)
        metrics = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
        assert f'intrusion_bursts_total{{event="{event}"}}' in metrics
