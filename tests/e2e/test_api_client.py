"""A client that was generated from the served document, as a maker of an app would, walks a whole journey with nothing
but what the document says."""

from __future__ import annotations

import base64
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

from deploy.local.system import EmbeddedSystem
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox, Someone

_FILES = dict.fromkeys(("application/zip", "image/png"), "application/octet-stream")
_PATIENCE = 60


class Generated:
    """The package the generator wrote, called by operationId."""

    def __init__(self, package: ModuleType, url: str) -> None:
        self._package, self._url = package, url
        self.token = ""
        self.models = importlib.import_module(f"{package.__name__}.models")

    def call(self, subject: str, name: str, **arguments: Any) -> Any:
        """What an operation answered, as the model the document promises; asked again where it says it was too slow."""
        module = importlib.import_module(f"{self._package.__name__}.api.{subject}.{name}")
        kinds = importlib.import_module(f"{self._package.__name__}.client")
        deadline = time.monotonic() + _PATIENCE
        while True:
            client = (
                kinds.AuthenticatedClient(base_url=self._url, token=self.token, timeout=30)
                if self.token
                else kinds.Client(base_url=self._url, timeout=30)
            )
            with client:
                answer = module.sync_detailed(client=client, **arguments)
            if answer.status_code not in (503, 504) or time.monotonic() > deadline:
                break
            time.sleep(1)
        assert answer.status_code < 400, answer.content.decode()
        return answer.parsed

    def until(self, subject: str, name: str, done: Callable[[Any], bool], **arguments: Any) -> Any:
        """What an operation answers once it is so."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = self.call(subject, name, **arguments)
            if done(found):
                return found
            time.sleep(0.5)
        raise AssertionError(f"{name}: {found}")


@pytest.fixture
def generated(embedded_system: EmbeddedSystem, tmp_path: Path) -> Iterator[Generated]:
    document = requests.get(f"{embedded_system.url}/api/v1/openapi.json", timeout=20).json()
    (tmp_path / "openapi.json").write_text(json.dumps(document), "utf-8")
    options = {"content_type_overrides": _FILES, "post_hooks": []}
    (tmp_path / "options.json").write_text(json.dumps(options), "utf-8")
    subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", str(tmp_path / "openapi.json"),
            "--config", str(tmp_path / "options.json"), "--meta", "none", "--fail-on-warning",
            "--output-path", str(tmp_path / "gx_social_insurance"),
        ],
        check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    sys.path.insert(0, str(tmp_path))
    yield Generated(importlib.import_module("gx_social_insurance"), embedded_system.url)
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "gx_social_insurance"]:
        del sys.modules[name]


def test_a_generated_client_walks_the_whole_journey(
    generated: Generated, embedded_system: EmbeddedSystem
) -> None:
    sandbox, models = Sandbox(embedded_system), generated.models
    _log_in(generated, embedded_system, sandbox.resident())
    order_id = _paid(generated)
    records = generated.until(
        "records", "list_contributions", lambda found: bool(found.records),
        body=models.ContributionsWanted(period_from="202601", period_to="203012"),
    )  # fmt: skip
    assert records.records[0].amount == 40_000
    assert generated.call("orders", "list_orders").orders[0].order_id == order_id
    generated.call("login", "close_session")

    _log_in(generated, embedded_system, sandbox.persona("declared"))
    wanted = models.CertificateWanted(period_from="202501", period_to="203012")
    asked = {"body": wanted, "idempotency_key": "generated-client-2"}
    named = {"certificate_id": generated.call("certificates", "issue_certificate", **asked).certificate_id}
    assert (
        generated.call("certificates", "issue_certificate", **asked).certificate_id == named["certificate_id"]
    )
    generated.until("certificates", "get_certificate", lambda one: one.state.value == "issued", **named)
    paper = base64.b64decode(generated.call("certificates", "get_certificate_file", **named).content)
    assert paper.startswith(b"%PDF-")


def _log_in(generated: Generated, system: EmbeddedSystem, someone: Someone) -> None:
    """As a new WeChat user: with everything typed, and the text that is agreed to read before."""
    models = generated.models
    generated.token = ""
    texts = {one.kind: one for one in generated.call("menu", "list_consent_texts").texts}
    code = Client(system, someone).wechat_code()
    opened = generated.call("login", "open_visitor_session", body=models.WechatCode(code))
    assert texts["privacy"].version == opened.consent_version and texts["privacy"].paragraphs
    generated.token = opened.token
    who = {"name": someone.name, "document_number": someone.number, "phone": someone.phone}
    wanted = models.LoginCodeWanted(**who, consent_version=opened.consent_version)
    generated.call("login", "request_login_code", body=wanted)
    login = models.Login(**who, code=Sandbox(system).code_for(someone))
    generated.token = generated.call("login", "open_session", body=login).token


def _paid(generated: Generated) -> str:
    """From the enrolment to an order that is paid, asked for twice and made once."""
    models = generated.models
    found = generated.call("journeys", "find_enrolment", body=models.EnrolmentWanted())
    if found.status == "asking":
        found = generated.until(
            "journeys", "show_enrolment", lambda one: one.status == "found", journey_id=found.journey_id
        )
    entry = found.entries[0]
    chosen = {"journey_id": found.journey_id, "entry_id": entry.entry_id, "year": entry.years[0]}
    tier = generated.call("journeys", "list_tiers", **chosen).tiers[0]
    quoted = generated.call(
        "journeys", "quote_payable", body=models.QuoteWanted(**chosen, tier_code=tier.code)
    )
    order = {"body": models.OrderWanted(quoted.quote), "idempotency_key": "generated-client-1"}
    placed = generated.call("orders", "place_order", **order)
    assert generated.call("orders", "place_order", **order).order_id == placed.order_id
    cashier = requests.get(placed.payment_url, timeout=20).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=20)
    paid = generated.until(
        "orders", "check_order", lambda one: one.state.value == "paid", order_id=placed.order_id
    )
    return str(paid.order_id)
