"""The JSON API, the headers and what a hostile client meets: plain HTTP against the running system."""

from __future__ import annotations

import gzip
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from deploy.local.process import wait_until
from deploy.local.system import EmbeddedSystem
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox

STRANGER = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def client(embedded_system: EmbeddedSystem) -> Iterator[Client]:
    """Somebody who has logged in."""
    logged_in = Client(embedded_system, Sandbox(embedded_system).resident())
    logged_in.log_in()
    return logged_in


def test_the_whole_journey_by_curl(client: Client) -> None:
    quoted = client.quote()
    assert quoted["amount"] == 40_000
    body, key = {"quote": quoted["quote"]}, "curl-journey-1"
    placed = client.call("POST", "/orders", body, **{"Idempotency-Key": key})
    assert placed.status_code == 201, placed.text
    again = client.call("POST", "/orders", body, **{"Idempotency-Key": key})
    assert again.json()["order_id"] == placed.json()["order_id"]
    other = client.call(
        "POST", "/orders", {"quote": client.quote(following=True)["quote"]}, **{"Idempotency-Key": key}
    )
    assert (other.status_code, other.json()["type"]) == (409, "urn:gx-tax:idempotency_conflict")

    order_id = placed.json()["order_id"]
    resumed = client.call("POST", f"/orders/{order_id}/payment").json()
    cashier = requests.get(resumed["payment_url"], timeout=10).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=10)
    order = client.call("POST", f"/orders/{order_id}/check").json()
    assert order["state"] == "paid"
    assert client.someone.number not in str(order)
    assert "*" in order["items"][0]["insured_number"]
    assert client.call("GET", "/orders").json()["orders"][0]["order_id"] == order_id
    assert client.call("GET", f"/orders/{order_id}").json()["state"] == "paid"
    closed = client.call("POST", f"/orders/{order_id}/close")
    assert (closed.status_code, closed.json()["type"]) == (409, "urn:gx-tax:order_not_payable")


def test_a_completed_journey_costs_three_upstream_calls(embedded_system: EmbeddedSystem) -> None:
    """Enrolment, payable, order (3.2.1.5)."""
    sandbox = Sandbox(embedded_system)
    client, opened = Client(embedded_system, sandbox.resident()), sandbox.orders_opened()
    client.log_in()
    placed = client.call(
        "POST", "/orders", {"quote": client.quote()["quote"]}, **{"Idempotency-Key": "counted-journey"}
    )
    cashier = requests.get(placed.json()["payment_url"], timeout=10).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=10)
    order = f"/orders/{placed.json()['order_id']}"
    assert wait_until(lambda: client.call("GET", order).json()["state"] == "paid", 10)
    assert sandbox.asked(client.someone) == {"taxbank.insured": 1, "taxbank.resident_payable": 1}
    assert sandbox.orders_opened() == opened + 1


def test_the_script_of_the_manual_walks_the_whole_journey(embedded_system: EmbeddedSystem) -> None:
    """scripts/journey, with nothing but curl."""
    command = ["scripts/journey", str(embedded_system.state), str(embedded_system.settings.ports.base)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "应缴（分）：40000" in ran.stdout
    assert "：paid" in ran.stdout
    assert "缴费成功" in ran.stdout


def test_a_tampered_quote_is_refused(client: Client) -> None:
    answer = client.call("POST", "/orders", {"quote": "A" * 200}, **{"Idempotency-Key": "forged-quote"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:gx-tax:quote_forged")
    assert "没有扣款" in answer.json()["title"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        ("/orders", {"quote": "x"}, {}, 422, "invalid_input"),
        ("/orders", {"quote": "x"}, {"Idempotency-Key": "short"}, 422, "invalid_input"),
        ("/orders", {}, {"Idempotency-Key": "long-enough"}, 422, "invalid_input"),
        ("/orders", {"quote": 7}, {"Idempotency-Key": "long-enough"}, 422, "invalid_input"),
        ("/quotes", {"journey_id": STRANGER, "entry_id": "1", "year": 2026}, {}, 404, "not_found"),
        ("/wechat-sessions", {"code": "never-given"}, {}, 409, "wechat_refused"),
        ("/login-codes", {"name": 7}, {}, 422, "invalid_input"),
        ("/login-codes", {"name": "x"}, {}, 422, "consent_missing"),
    ],
)
def test_bad_input_is_a_problem_that_names_itself(
    client: Client, path: str, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.call("POST", path, body, **headers)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:gx-tax:{code}")
    assert re.search("[一-鿿]", answer.json()["title"])


def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    answer = requests.post(
        client.api + "/orders", data="{", timeout=10,
        headers={"Authorization": f"Bearer {client.token}", "Idempotency-Key": "long-enough"},
    )  # fmt: skip
    assert answer.status_code == 400


def test_the_api_never_reads_the_cookie_and_pages_never_read_the_token(client: Client) -> None:
    cookies = {"session": client.token}
    assert requests.get(client.api + "/orders", cookies=cookies, timeout=10).status_code == 401
    bearer = {"Authorization": f"Bearer {client.token}"}
    page = requests.get(
        client.api.removesuffix("/api/v1") + "/menu", headers=bearer, allow_redirects=False, timeout=10
    )
    assert page.status_code == 303


def test_a_visitor_is_not_a_payer(embedded_system: EmbeddedSystem) -> None:
    visitor = Client(embedded_system, Sandbox(embedded_system).resident())
    visitor.token = visitor.call("POST", "/wechat-sessions", {"code": visitor.wechat_code()}).json()["token"]
    answer = visitor.call("GET", "/orders")
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:gx-tax:login_needed")
    assert visitor.call("DELETE", "/sessions/current").status_code == 204
    assert visitor.call("DELETE", "/sessions/current").status_code == 401


def test_a_wechat_code_works_once(embedded_system: EmbeddedSystem) -> None:
    visitor = Client(embedded_system, Sandbox(embedded_system).resident())
    code = {"code": visitor.wechat_code()}
    assert visitor.call("POST", "/wechat-sessions", code).status_code == 201
    again = visitor.call("POST", "/wechat-sessions", code)
    assert (again.status_code, again.json()["type"]) == (409, "urn:gx-tax:wechat_refused")


@pytest.mark.parametrize("fault", [{"error_rate": 1}, {"timeout_rate": 1, "timeout_seconds": 6}])
def test_wechat_being_down_is_said_and_passes(
    embedded_system: EmbeddedSystem, fault: dict[str, float]
) -> None:
    visitor = Client(embedded_system, Sandbox(embedded_system).resident())
    code = {"code": visitor.wechat_code()}
    before = {name: visitor.sandbox.get("/settings")["wechat"][name] for name in fault}
    try:
        visitor.sandbox.put("/settings", {"wechat": fault})
        down = visitor.call("POST", "/wechat-sessions", code)
        assert (down.status_code, down.json()["type"]) == (503, "urn:gx-tax:wechat_unavailable")
    finally:
        visitor.sandbox.put("/settings", {"wechat": before})
    assert visitor.call("POST", "/wechat-sessions", code).status_code == 201


def test_another_payers_order_is_not_found(client: Client, embedded_system: EmbeddedSystem) -> None:
    stranger = Client(embedded_system, Sandbox(embedded_system).resident())
    stranger.log_in()
    placed = stranger.call(
        "POST", "/orders", {"quote": stranger.quote()["quote"]}, **{"Idempotency-Key": "strangers-key"}
    )
    order_id = placed.json()["order_id"]
    assert stranger.call("GET", f"/orders/{order_id}").status_code == 200
    for method, path in (("GET", ""), ("POST", "/payment"), ("POST", "/check"), ("POST", "/close")):
        assert client.call(method, f"/orders/{order_id}{path}").status_code == 404
    assert client.call("GET", f"/orders/{STRANGER}").status_code == 404


def test_the_openapi_document_describes_every_route(client: Client) -> None:
    document = requests.get(client.api + "/openapi.json", timeout=10).json()
    assert document["openapi"] == "3.1.0"
    described = {(method, path) for path, item in document["paths"].items() for method in item}
    assert ("post", "/api/v1/orders") in described
    assert ("post", "/api/v1/orders/{order_id}/close") in described
    names = set(document["components"]["schemas"])
    used = set(re.findall(r'"#/components/schemas/(\w+)"', str(document).replace("'", '"')))
    assert used <= names


def test_a_form_without_the_sessions_csrf_token_does_nothing(client: Client) -> None:
    site = client.api.removesuffix("/api/v1")
    answer = requests.post(
        site + "/journeys", cookies={"session": client.token}, data={"csrf": "x"}, timeout=10
    )
    assert answer.status_code == 403
    assert "页面已过期" in answer.text


@pytest.mark.parametrize(
    "path", ["/login?next=//evil.example", "/?next=https://evil.example", "/?next=/%5Cevil"]
)
def test_no_parameter_sends_a_browser_elsewhere(client: Client, path: str) -> None:
    site = client.api.removesuffix("/api/v1")
    session = requests.get(site + path, cookies={"session": client.token}, allow_redirects=False, timeout=10)
    assert session.headers["Location"] == "/menu"
    stranger = requests.get(site + path, allow_redirects=False, timeout=10)
    assert "evil" not in stranger.headers["Location"].replace("%2Fevil", "")
    back = requests.post(
        site + "/text-size", data={"back": "//evil.example"}, allow_redirects=False, timeout=10
    )
    assert back.headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/login", "/menu", "/nothing/here", "/api/v1/orders", "/orders/%F0"])
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    site = client.api.removesuffix("/api/v1")
    headers = requests.get(site + path, allow_redirects=False, timeout=10).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_ever_and_compressed(client: Client) -> None:
    site = client.api.removesuffix("/api/v1")
    page = requests.get(site + "/nothing/here", timeout=10).text
    for address in re.findall(r'"(/static/[^"]+)"', page):
        request = urllib.request.Request(site + address, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert len(gzip.decompress(answer.read())) > 1000
    assert requests.get(site + "/static/0/../config.py", timeout=10).status_code == 404
