"""Our adapter of the 移动办税 directory against the sandbox, and against nonsense."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from contract.people import DocumentType
from kit.clock import SystemClock
from kit.open_platform import OpenPlatformKey
from sandbox.personas import personas
from sandbox.settings import DEMO_CREDENTIALS
from services.identity.adapters.base import RegisteredPerson, RegistryUnavailable
from services.identity.adapters.realname import HttpRealNames
from tests.contract.adapters.sandbox_process import RunningSandbox, answering

KEY = DEMO_CREDENTIALS["REALNAME_APP_KEY"]
ENTRY = {"zjlx": "201", "zjhm": "450103197806122040", "xm": "韦秀兰", "sjhm": "13900770001"}


def adapter(url: str, timeout: float = 5.0, key: str = KEY) -> HttpRealNames:
    return HttpRealNames(
        url, OpenPlatformKey(DEMO_CREDENTIALS["REALNAME_APP_ID"], key), timeout, SystemClock()
    )


@pytest.fixture
def real_names(sandbox: RunningSandbox) -> Iterator[HttpRealNames]:
    real_names = adapter(sandbox.url)
    yield real_names
    real_names._http.close()


def ask(body: str) -> RegisteredPerson | None:
    with answering(body) as url:
        real_names = adapter(url)
        try:
            return real_names.find("openid-1")
        finally:
            real_names._http.close()


def found(data: object) -> str:
    return json.dumps({"code": "0000", "message": "成功", "data": data}, ensure_ascii=False)


@pytest.mark.parametrize("persona", personas(), ids=lambda persona: persona.persona)
def test_every_persona_is_found(real_names: HttpRealNames, persona: Any) -> None:
    entry = real_names.find(f"oRealname-{persona.persona}")
    assert entry is not None
    assert (entry.document_type, entry.document_number, entry.name) == (
        DocumentType.RESIDENT_ID, persona.id_number, persona.name,
    )  # fmt: skip
    assert entry.phone.startswith("1390077")


def test_who_is_not_registered_is_nobody(real_names: HttpRealNames) -> None:
    assert real_names.find("oSandboxWeiXiulan00000000001") is None
    assert real_names.find("") is None


def test_what_the_directory_learns_and_forgets_is_seen(
    sandbox: RunningSandbox, real_names: HttpRealNames
) -> None:
    sandbox.api("PUT", "/realname/openid-7", {"person": "flexible", "phone": "13800138000"})
    entry = real_names.find("openid-7")
    assert entry is not None
    assert (entry.name, entry.phone) == ("陈国栋", "13800138000")
    sandbox.api("DELETE", "/realname/openid-7")
    assert real_names.find("openid-7") is None


FAULTS = {
    "503": {"error_rate": 1.0},
    "no answer": {"timeout_rate": 1.0, "timeout_seconds": 6.0},
    "late": {"latency_ms": 6000},
}
NONE = {"error_rate": 0.0, "timeout_rate": 0.0, "latency_ms": 0}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_directory_that_does_not_answer_is_unavailable(sandbox: RunningSandbox, fault: str) -> None:
    impatient = adapter(sandbox.url, timeout=0.3)
    sandbox.api("PUT", "/settings", {"realname": FAULTS[fault]})
    try:
        started = time.monotonic()
        with pytest.raises(RegistryUnavailable):
            impatient.find("oRealname-flexible")
        assert time.monotonic() - started < 5
    finally:
        sandbox.api("PUT", "/settings", {"realname": NONE})
    assert impatient.find("oRealname-flexible") is not None
    impatient._http.close()


def test_a_directory_that_keeps_failing_is_left_alone_for_a_while(
    sandbox: RunningSandbox, real_names: HttpRealNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("services.identity.adapters.realname.time.monotonic", lambda: now)
    sandbox.api("PUT", "/settings", {"realname": FAULTS["503"]})
    try:
        before = asked(sandbox)
        for _ in range(20):
            with pytest.raises(RegistryUnavailable):
                real_names.find("oRealname-flexible")
        assert asked(sandbox) - before == 5
    finally:
        sandbox.api("PUT", "/settings", {"realname": NONE})
    now += 9.9
    with pytest.raises(RegistryUnavailable, match="left alone"):
        real_names.find("oRealname-flexible")
    now += 0.2
    assert real_names.find("oRealname-flexible") is not None


def test_failures_that_are_not_in_a_row_do_not_count_together(sandbox: RunningSandbox) -> None:
    real_names = adapter(sandbox.url)
    for _ in range(4):
        for _ in range(4):
            sandbox.api("PUT", "/settings", {"realname": FAULTS["503"]})
            with pytest.raises(RegistryUnavailable):
                real_names.find("oRealname-flexible")
        sandbox.api("PUT", "/settings", {"realname": NONE})
        assert real_names.find("oRealname-flexible") is not None
    real_names._http.close()


def asked(sandbox: RunningSandbox) -> int:
    return int(sandbox.api("GET", "/counters")["calls"].get("realname.persons", 0))


def test_a_wrong_key_is_unavailable(sandbox: RunningSandbox) -> None:
    stranger = adapter(sandbox.url, key="another key" * 3)
    with pytest.raises(RegistryUnavailable):
        stranger.find("oRealname-flexible")
    stranger._http.close()


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(RegistryUnavailable):
        adapter("http://127.0.0.1:9").find("oRealname-flexible")


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "null", "[]", "{}", '{"code":"0000"}', '{"code":"9999","data":{}}', found(None), found([]),
     found("韦秀兰"), '{"code":null,"data":null}', found({}), found(ENTRY | {"xm": None}),
     found(ENTRY | {"zjhm": 450103197806122040}),
     found({name: ENTRY[name] for name in ENTRY if name != "sjhm"})],
)  # fmt: skip
def test_nonsense_is_unavailable_and_repeats_nobodys_data(
    body: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RegistryUnavailable) as unavailable:
        ask(body)
    said = str(unavailable.value) + " ".join(str(vars(record)) for record in caplog.records)
    for personal in ("韦秀兰", "450103197806122040", "13900770001", "openid-1"):
        assert personal not in said


@pytest.mark.parametrize("zjlx", ["", "101", "299"])
def test_a_document_we_do_not_take_is_nobody(zjlx: str) -> None:
    assert ask(found(ENTRY | {"zjlx": zjlx})) is None


@pytest.mark.parametrize("kind", DocumentType)
def test_every_document_we_take_is_read_as_it_is_written(kind: DocumentType) -> None:
    entry = ask(found(ENTRY | {"zjlx": kind.value, "zjhm": " e123 ", "new": {"field": 1}}))
    assert entry == RegisteredPerson(kind, " e123 ", "韦秀兰", "13900770001")
