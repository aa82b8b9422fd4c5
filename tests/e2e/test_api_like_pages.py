"""Programs as pages: schools, going on where one left off, a list again after it was not paid, a certificate as a
picture, and the page that describes it all."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import time
import zipfile
from typing import Any

import requests

from deploy.local.system import EmbeddedSystem
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox, Someone

PERIOD = {"period_from": "202501", "period_to": "203012"}


def test_a_school_hands_in_a_list_and_hands_out_a_link(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    operator = Client(embedded_system, sandbox.resident())
    operator.log_in()
    assert operator.call("GET", "/schools").json()["schools"] == []
    _authorise(embedded_system, operator.someone)
    (school,) = operator.call("GET", "/schools").json()["schools"]
    paid, unpaid = sandbox.persona("declared"), sandbox.resident()
    roll = "\n".join(f"{one.name},{one.number}" for one in (paid, unpaid)).encode()
    handed_in = PERIOD | {"content": base64.b64encode(roll).decode()}
    path = f"/schools/{school['school_id']}"
    first = operator.call("POST", f"{path}/rolls", handed_in)
    assert first.status_code == 201, first.text
    batch_id = operator.call("POST", f"{path}/rolls", handed_in).json()["batch_id"]
    assert batch_id == first.json()["batch_id"], "the same list is the same batch"
    _until_issued(operator, batch_id)
    students = operator.call("GET", f"/school-batches/{batch_id}/students").json()["items"]
    assert [one["state"] for one in students] == ["issued", "failed"]
    assert paid.number not in str(students)
    archive = operator.call("GET", f"/school-batches/{batch_id}/archive")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as packed:
        assert len(packed.namelist()) == 2 and packed.testzip() is None
    made = operator.call("POST", f"{path}/links", PERIOD).json()
    assert made["url"].endswith(f"/school-links/{made['token']}")
    student = Client(embedded_system, unpaid)
    student.log_in()
    assert (
        student.call("GET", f"/school-links/{made['token']}").json()["period_from"] == PERIOD["period_from"]
    )
    assert student.call("GET", f"/school-batches/{batch_id}").status_code == 404, "nobody else's list"


def test_one_goes_on_where_one_left_off_and_lists_the_same_people_again(
    embedded_system: EmbeddedSystem,
) -> None:
    sandbox = Sandbox(embedded_system)
    client, child = Client(embedded_system, sandbox.resident()), sandbox.resident()
    client.log_in()
    client.quote()
    left = client.call("GET", "/unfinished").json()
    assert left["journey_id"] and left["order_id"] is None and left["insured_name"].endswith("*")
    people = [{"name": child.name, "document_number": child.number}]
    wanted = {
        "people": people,
        "insurance_type": "medical",
        "year": client.quote()["lines"][0]["year"],
        "own": True,
    }
    batch = client.call("POST", "/batches", wanted, **{"Idempotency-Key": "list-again"}).json()
    batch = _until_ready(client, batch)
    key = {"Idempotency-Key": batch["idempotency_key"]}
    order_id = client.call("POST", f"/batches/{batch['batch_id']}/order", {}, **key).json()["order_id"]
    assert client.call("GET", "/unfinished").json()["order_id"] == order_id
    assert client.call("POST", f"/orders/{order_id}/close").json()["state"] == "closed"
    again = client.call("POST", f"/orders/{order_id}/batch")
    assert again.status_code == 201 and again.json()["status"] == "choosing"
    assert len(again.json()["lines"]) == 2
    terms = {"insurance_type": "medical", "year": wanted["year"] + 1}
    chosen = client.call("PUT", f"/batches/{again.json()['batch_id']}/terms", terms).json()
    assert _until_ready(client, chosen)["payable"] == 2


def test_a_certificate_is_also_a_picture(embedded_system: EmbeddedSystem) -> None:
    client = Client(embedded_system, Sandbox(embedded_system).persona("declared"))
    client.log_in()
    asked = client.call("POST", "/certificates", PERIOD, **{"Idempotency-Key": "as-a-picture"}).json()
    path = f"/certificates/{asked['certificate_id']}"
    client.until(path, "issued")
    picture = client.call("GET", f"{path}/pages/1")
    assert picture.headers["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    assert client.call("GET", f"{path}/pages/99").status_code == 404


def test_the_reference_shows_itself_to_anybody(embedded_system: EmbeddedSystem) -> None:
    page = requests.get(f"{embedded_system.url}/api/v1/reference", timeout=20)
    assert page.ok and "place_order" in page.text
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text and "http://" not in page.text.replace(embedded_system.url, "")


def _until_issued(client: Client, batch_id: str) -> None:
    for _ in range(60):
        if client.call("GET", f"/school-batches/{batch_id}").json()["waiting"] == 0:
            return
        time.sleep(1)
    raise AssertionError("the list is not done")


def _until_ready(client: Client, batch: dict[str, Any]) -> dict[str, Any]:
    for _ in range(60):
        if batch["status"] == "ready":
            return batch
        time.sleep(1)
        batch = client.call("GET", f"/batches/{batch['batch_id']}").json()
    raise AssertionError(batch["status"])


def _authorise(system: EmbeddedSystem, operator: Someone) -> None:
    """What a tax officer does on the command line."""
    command = [
        sys.executable,
        "-m",
        "services.certificate.desk",
        "authorise",
        "南宁市第三中学",
        "--officer",
        "45010001",
    ]
    named = ["--number", operator.number, "--name", operator.name]
    subprocess.run([*command, *named], env=os.environ | system.env, check=True)
