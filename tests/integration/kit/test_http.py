"""HTTP entrypoints: who may call, what an error looks like, and the operator's pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contract.errors import TooMany
from kit.database import Database
from kit.http import MAX_BODY
from tests.integration.kit.running import Probe, probe
from tests.integration.kit.tables import metadata


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    scratch = tmp_path_factory.mktemp("http")
    url = f"sqlite:///{scratch / 'probe.sqlite3'}"
    database = Database(url)
    with database.transaction() as tx:
        metadata.create_all(tx)
    database.engine.dispose()
    environment = {"AMQP_URI": "memory://", "IDENTITY_DATABASE_URL": url}
    with probe(("identity", "ocr"), environment, scratch) as running:
        yield running


def _get(service: Probe, path: str, name: str = "identity", **headers: str) -> requests.Response:
    return requests.get(service.url(path, name), headers=headers, timeout=10)


def test_a_route_is_called_by_whom_the_service_admits(service: Probe) -> None:
    assert _get(service, "/me", **{"X-Payer": "payer-1"}).text.startswith("payer-1 ")
    refused = _get(service, "/me")
    assert refused.status_code == 409
    assert refused.json()["title"] == "请先登录。"


def test_a_service_that_does_not_check_callers_serves_nobody(service: Probe) -> None:
    refused = _get(service, "/unadmitted", "ocr")
    assert refused.status_code == 500
    assert "nobody may read this" not in refused.text
    assert "does not override admit" in service.log


def test_an_error_is_a_problem_document(service: Probe) -> None:
    identifier = uuid.uuid4().hex
    limited = _get(service, "/limited", **{"X-Request-Id": identifier})
    assert limited.status_code == 429
    assert limited.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert limited.headers["Retry-After"] == "7"
    assert limited.json() == {
        "type": "urn:gx-tax:too_many", "title": "请稍后再试。", "status": 429, "retry_after": 7,
        "instance": f"urn:correlation:{identifier}",
    }  # fmt: skip


def test_a_crash_says_nothing_about_the_inside(service: Probe) -> None:
    crashed = _get(service, "/crash")
    assert crashed.status_code == 500
    assert crashed.json()["type"] == "urn:gx-tax:error"
    assert "internal" not in crashed.text and "Traceback" not in crashed.text
    assert "internal detail of [redacted]" in service.log
    assert "45010319780612204X" not in service.log


def test_a_correlation_id_is_taken_over_or_made(service: Probe) -> None:
    identifier = uuid.uuid4().hex
    assert _get(service, "/me", **{"X-Payer": "p", "X-Request-Id": identifier}).text == f"p {identifier}"
    made = _get(service, "/me", **{"X-Payer": "p", "X-Request-Id": "45010319780612204X"}).text
    assert len(made) == len("p ") + 32 and "4501" not in made


def test_a_body_that_is_too_large_is_refused(service: Probe) -> None:
    url = service.url("/body/photo", "identity")
    assert requests.post(url, data=b"x" * MAX_BODY, timeout=10).text == f"photo {MAX_BODY}"
    refused = requests.post(url, data=b"x" * (MAX_BODY + 1), timeout=10)
    assert refused.status_code == 413
    assert refused.json()["status"] == 413
    endless = requests.post(url, data=iter([b"x" * MAX_BODY] * 3), timeout=10)
    assert endless.text == "photo 0", "a body that does not say its length is not read"
    assert _get(service, "/healthz").ok


def test_unknown_paths_and_methods_are_refused(service: Probe) -> None:
    assert _get(service, "/nothing-here").status_code == 404
    assert _get(service, "/body/x").status_code == 405


@pytest.mark.parametrize("name", ["identity", "ocr"])
def test_every_service_has_the_operators_pages(service: Probe, name: str) -> None:
    assert _get(service, "/healthz", name).text == "ok"
    assert _get(service, "/readyz", name).status_code == 200
    _get(service, "/limited")
    metrics = _get(service, "/metrics", name).text
    counted = 'work_seconds_count{entrypoint="%s",kind="http",result="%d",service="identity"}'
    assert counted % ("refuse", TooMany.status) in metrics, "an error that was answered is no success"
    assert "outbox_waiting" in metrics and "inbox_parked" in metrics
    assert _get(service, "/", name).text == f"{name}\n"


def test_a_service_whose_database_is_gone_is_alive_and_not_ready(tmp_path: Path) -> None:
    environment = {
        "AMQP_URI": "memory://",
        "IDENTITY_DATABASE_URL": "postgresql+psycopg2://n:x@127.0.0.1:1/n",
    }
    with probe(("identity",), environment, tmp_path) as running:
        assert _get(running, "/healthz").ok
        assert _get(running, "/readyz").status_code == 503
