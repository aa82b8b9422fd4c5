"""The control API and the pages of the sandbox."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.personas import personas
from tests.contract.sandbox.caller import Caller, world

API = "/sandbox/api"


def test_a_bad_setting_is_told_and_changes_nothing(client: FlaskClient) -> None:
    before = client.get(f"{API}/settings").json
    answer = client.put(f"{API}/settings", json={"notify": {"lost_rate": 2}})
    assert answer.status_code == 400
    assert "notify.lost_rate" in (answer.json or {})["error"]
    assert client.put(f"{API}/settings", data="{").status_code == 400
    assert client.get(f"{API}/settings").json == before


def test_order_settings_may_come_before_the_order(caller: Caller, client: FlaskClient) -> None:
    fields = caller.order_fields()
    client.put(
        f"{API}/orders/{fields['merOrderId']}/settings", json={"unionpay": {"query_unknown_rate": 1.0}}
    )
    caller.open_cashier(fields)
    assert (caller.unionpay("query", fields["merOrderId"]).json or {})["status"] == "UNKNOWN"


def test_person_settings_reach_that_person_only(caller: Caller, client: FlaskClient) -> None:
    answer = client.put(f"{API}/people/medical_only/settings", json={"taxbank": {"error_rate": 1.0}})
    assert answer.status_code == 200
    by_name = {person.persona: person for person in personas()}
    statuses = []
    for persona in ("medical_only", "medical_and_pension"):
        person = by_name[persona]
        asked = caller.taxbank("insured", zjlx="201", zjhm=person.id_number, xm=person.name)
        statuses.append(asked.status_code)
    assert statuses == [503, 200]
    assert client.put(f"{API}/people/nobody/settings", json={}).status_code == 404


@pytest.mark.parametrize("action", ["pay", "cancel", "decline", "expire", "notify-now", "forge-notify"])
def test_actions_on_an_unknown_order(client: FlaskClient, action: str) -> None:
    assert client.post(f"{API}/orders/3194000000/{action}").status_code == 404


def test_an_unknown_action(caller: Caller, client: FlaskClient) -> None:
    assert client.post(f"{API}/orders/{caller.placed()}/destroy").status_code == 404


@pytest.mark.parametrize(
    ("first", "reason"),
    [("cancel", "buyer"), ("decline", "declined"), ("expire", "expired")],
)
def test_a_closed_order_says_why_and_stays_closed(
    caller: Caller, client: FlaskClient, first: str, reason: str
) -> None:
    number = caller.placed()
    order = caller.act(number, first)
    assert (order["status"], order["closeReason"]) == ("TRADE_CLOSED", reason)
    for action in ("pay", "cancel", "decline", "expire", "notify-now"):
        assert client.post(f"{API}/orders/{number}/{action}").status_code == 409


def test_the_ledger_pages_and_totals(caller: Caller, client: FlaskClient) -> None:
    numbers = [caller.placed() for _ in range(5)]
    for number in numbers[:3]:
        caller.act(number, "pay")
    whole = client.get(f"{API}/ledger").json
    assert whole is not None
    assert whole["totals"] == {
        "NEW_ORDER": {"orders": 2, "amount": 80000},
        "TRADE_SUCCESS": {"orders": 3, "amount": 120000},
    }
    pages = [client.get(f"{API}/ledger?limit=2&offset={offset}").json or {} for offset in (0, 2, 4)]
    assert [order for page in pages for order in page["orders"]] == whole["orders"]
    newest = client.get(f"{API}/orders?limit=1").json
    assert newest is not None
    assert len(newest["orders"]) == 1


def test_people_for_load_tools_can_all_pay_medical(caller: Caller, client: FlaskClient) -> None:
    answer = client.get(f"{API}/people?limit=50").json
    assert answer is not None
    assert 100 < answer["total"] < 200
    for person in answer["people"]:
        (medical,) = [e for e in person["enrolments"] if e["xzlx"] == "10212"]
        asked = caller.taxbank(
            "resident-payable", zjhm=person["id_number"], xm=person["name"], rybm=medical["rybm"], xzlx="10212",
            jfnd="",
        )  # fmt: skip
        assert [line["jfzt"] for line in (asked.json or {})["data"]["jfmx"]] == ["0", "0"]
    everybody = client.get(f"{API}/people?all=1&limit=1").json
    assert (everybody or {})["total"] == 200 + len(personas())


def test_counters_tell_calls_answers_and_crowding(caller: Caller, client: FlaskClient) -> None:
    caller.unionpay("query", caller.placed())
    caller.signed_post("/v1/netpay/query", {}, "UNIONPAY", key="0" * 32)
    counted = client.get(f"{API}/counters").json
    assert counted is not None
    assert counted["calls"]["unionpay.query"] == 2
    assert counted["calls"]["unionpay.webpay_pay"] == 1
    assert counted["max_in_flight"]["unionpay.query"] == 1
    assert counted["in_flight"] == {}


def test_reset_forgets_everything(caller: Caller, client: FlaskClient) -> None:
    caller.act(caller.placed(), "pay")
    client.put(f"{API}/settings", json={"wechat_auto": "oX"})
    assert client.post(f"{API}/reset").json == {"reset": True}
    assert client.get(f"{API}/ledger").json == {"orders": [], "totals": {}}
    assert (client.get(f"{API}/settings").json or {})["wechat_auto"] == ""
    assert (client.get(f"{API}/counters").json or {})["calls"] == {}


def test_the_tour_names_every_persona(client: FlaskClient) -> None:
    page = client.get("/sandbox").text
    for person in personas():
        assert person.name in page
        assert person.id_number in page


def test_the_fault_form_changes_only_what_was_changed(client: FlaskClient) -> None:
    page = client.get("/sandbox/faults").text
    names = set(re.findall(r'name="([\w.]+)"', page))
    assert {"notify.lost_rate", "unionpay.outcome", "sms.latency_ms", "wechat_auto", "seed"} <= names
    form = {"notify.lost_rate": "0.5", "notify.delay_seconds": "1，2", "notify.method": "POST", "seed": "9"}
    assert client.post("/sandbox/faults", data=form).status_code == 303
    settings: dict[str, Any] = client.get(f"{API}/settings").json or {}
    assert settings["notify"]["lost_rate"] == 0.5
    assert settings["notify"]["delay_seconds"] == [1.0, 2.0]
    assert settings["seed"] == 9
    row = world(client).store.one("SELECT body FROM fault_settings WHERE scope = 'global'")
    assert row is not None
    assert "method" not in row["body"]


@pytest.mark.parametrize("form", [{"notify.lost_rate": "很多"}, {"notify.lost_rate": "7"}, {"no.such": "1"}])
def test_a_bad_fault_form_is_told_in_chinese(client: FlaskClient, form: dict[str, str]) -> None:
    answer = client.post("/sandbox/faults", data=form)
    assert answer.status_code == 400
    assert "没有保存" in answer.text


def test_the_order_page_acts_and_refuses(caller: Caller, client: FlaskClient) -> None:
    number = caller.placed()
    page = f"/sandbox/orders/{number}"
    assert number in client.get("/sandbox/orders").text
    assert client.post(f"{page}/settings", data={"notify.lost_rate": "1"}).status_code == 303
    assert client.post(f"{page}/pay").status_code == 303
    assert "故意丢失" in client.get(page).text
    refused = client.post(f"{page}/pay")
    assert refused.status_code == 409
    assert "不能支付" in refused.text
    unsaved = client.post(f"{page}/settings", data={"notify.lost_rate": "7"})
    assert unsaved.status_code == 409
    assert "没有保存" in unsaved.text


@pytest.mark.parametrize("path", ["/sandbox/orders/1", "/cashier/1", "/nowhere"])
def test_unknown_pages(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_are_not_stored(client: FlaskClient) -> None:
    for path in ("/sandbox", "/sms", "/sandbox/api/personas"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_health(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
