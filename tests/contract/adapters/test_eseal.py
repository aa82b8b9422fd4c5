"""Our driver of the seal platform against the sandbox, which really signs, and against nonsense."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from asn1crypto import x509

from contract.certificate import SealRefused, SealUnavailable
from kit.breaker import Breaker
from kit.clock import SystemClock
from kit.open_platform import OpenPlatformKey
from kit.upstream import Upstream
from sandbox.settings import DEMO_CREDENTIALS
from services.certificate.adapters import platform
from services.certificate.adapters.base import Printed
from services.certificate.adapters.platform import HttpRevocationLists, HttpSealer
from services.certificate.adapters.signing import Level, LocalSealer, PemKeys
from services.certificate.adapters.typesetting import Typesetter
from services.certificate.adapters.validation import Inspector
from tests.contract.adapters.sandbox_process import RunningSandbox, answering
from tests.factories.certificates import AUTHORITY, FONTS, OTHER, a_page, a_seal_office


@pytest.fixture(scope="module")
def page() -> Printed:
    return a_page(Typesetter(FONTS))


def driver(url: str, key: str = DEMO_CREDENTIALS["SEAL_APP_KEY"]) -> HttpSealer:
    patient = Upstream("eseal", Breaker(failures=1000, rest=0))
    return HttpSealer(url, OpenPlatformKey(DEMO_CREDENTIALS["SEAL_APP_ID"], key), SystemClock(), patient)


@pytest.fixture
def sealer(sandbox: RunningSandbox) -> Iterator[HttpSealer]:
    sealer = driver(f"{sandbox.url}/eseal")
    yield sealer
    sealer._http.close()
    plan = {"error_rate": 0.0, "accept_then_timeout_rate": 0.0, "timeout_seconds": 60.0, "level": "B-LT"}
    sandbox.api("PUT", "/settings", {"eseal": plan})


def roots(sandbox: RunningSandbox) -> tuple[x509.Certificate, ...]:
    return (x509.Certificate.load(requests.get(f"{sandbox.url}/eseal/root.cer", timeout=10).content),)


def lists(sandbox: RunningSandbox) -> list[bytes]:
    source = HttpRevocationLists([f"{sandbox.url}/eseal/ca.crl"])
    try:
        return list(source.current())
    finally:
        source._http.close()


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT"])
def test_it_is_sealed_at_every_level(
    sandbox: RunningSandbox, sealer: HttpSealer, page: Printed, level: str
) -> None:
    sandbox.api("PUT", "/settings", {"eseal": {"level": level}})
    sealed = sealer.seal(f"request-{level}", page, AUTHORITY)
    assert sealed.startswith(page.pdf), "our page, and the signature behind it"
    found = Inspector(roots(sandbox), roots(sandbox)).inspect(sealed, lists(sandbox), dt.datetime.now(dt.UTC))
    assert (found.intact, found.trusted, found.revoked) == (True, True, False), found.fault
    assert found.organ_code == AUTHORITY.organ_code
    stamped, lasting = b"/DSS" in sealed, len(sealed) - len(page.pdf) > 12_000
    assert (stamped, lasting) == (level == "B-LT", level != "B-B")


def test_the_same_request_is_the_same_file(sealer: HttpSealer, page: Printed) -> None:
    first, again = (sealer.seal("request-1", page, AUTHORITY) for _ in range(2))
    assert first == again
    other = dataclasses.replace(page, pdf=page.pdf + b"\n")
    with pytest.raises(SealUnavailable):
        sealer.seal("request-1", other, AUTHORITY)


def test_a_lost_answer_is_asked_for_again(
    sandbox: RunningSandbox, sealer: HttpSealer, page: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "_TIMEOUT", (2, 1.5))
    sandbox.api("PUT", "/settings", {"eseal": {"accept_then_timeout_rate": 1.0, "timeout_seconds": 2.0}})
    with pytest.raises(SealUnavailable):
        sealer.seal("request-2", page, AUTHORITY)
    sandbox.api("PUT", "/settings", {"eseal": {"accept_then_timeout_rate": 0.0}})
    first = sealer.seal("request-2", page, AUTHORITY)
    assert sealer.seal("request-2", page, AUTHORITY) == first


def test_an_unknown_authority_is_refused(sealer: HttpSealer, page: Printed) -> None:
    stranger = dataclasses.replace(AUTHORITY, organ_code="14509990000", seal_code="14509990000-01")
    with pytest.raises(SealRefused):
        sealer.seal("request-3", page, stranger)
    with pytest.raises(SealRefused):
        sealer.seal("request-4", page, dataclasses.replace(AUTHORITY, seal_code=OTHER.seal_code))


def test_a_wrong_key_and_an_error_are_no_answer(
    sandbox: RunningSandbox, sealer: HttpSealer, page: Printed
) -> None:
    stranger = driver(f"{sandbox.url}/eseal", key="another-key-0000000000")
    with pytest.raises(SealUnavailable):
        stranger.seal("request-5", page, AUTHORITY)
    stranger._http.close()
    sandbox.api("PUT", "/settings", {"eseal": {"error_rate": 1.0}})
    with pytest.raises(SealUnavailable):
        sealer.seal("request-6", page, AUTHORITY)


NONSENSE = {
    "no JSON": "<html>",
    "no object": "[]",
    "no code": "{}",
    "nothing sealed": json.dumps({"code": "0000", "message": "", "signedPdfBase64": ""}),
    "no base64": json.dumps({"code": "0000", "message": "", "signedPdfBase64": "%%%"}),
    "too large": json.dumps({
        "code": "0000", "signedPdfBase64": base64.b64encode(b"%PDF-" + bytes(platform.LARGEST)).decode()
    }),
}  # fmt: skip


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_no_answer(page: Printed, body: str) -> None:
    with answering(body) as url:
        sealer = driver(url)
        with pytest.raises(SealUnavailable):
            sealer.seal("request-7", page, AUTHORITY)
        sealer._http.close()


def test_a_revoked_seal_is_on_the_list_and_gets_a_new_certificate(
    sandbox: RunningSandbox, sealer: HttpSealer, page: Printed
) -> None:
    inspector, now = Inspector(roots(sandbox), roots(sandbox)), dt.datetime.now(dt.UTC)
    sealed = sealer.seal("request-8", page, OTHER)
    sandbox.api("POST", f"/seals/{OTHER.organ_code}/revoke")
    assert inspector.inspect(sealed, lists(sandbox), now).revoked is True
    anew = sealer.seal("request-9", page, OTHER)
    assert inspector.inspect(anew, lists(sandbox), now).revoked is False


def test_a_list_that_cannot_be_had_is_missing() -> None:
    source = HttpRevocationLists(["http://127.0.0.1:9/ca.crl"])
    assert list(source.current()) == []
    source._http.close()


def test_time_stamps_are_given_to_whoever_asks(
    sandbox: RunningSandbox, page: Printed, tmp_path: Path
) -> None:
    """The local driver at B-T, with the sandbox's authority of time."""
    office = a_seal_office(tmp_path)
    level = Level("B-T", f"{sandbox.url}/eseal/tsa", office.roots)
    sealer = LocalSealer(PemKeys(office.keys), level)
    sealed = sealer.sign(page, AUTHORITY, [])
    found = Inspector(office.roots, roots(sandbox)).inspect(sealed, office.crls(), dt.datetime.now(dt.UTC))
    assert (found.intact, found.trusted, found.revoked) == (True, True, False), found.fault
    unstamped = Inspector(office.roots, office.roots).inspect(sealed, office.crls(), dt.datetime.now(dt.UTC))
    assert not unstamped.trusted, "a time stamp nobody vouches for is a fault, not a missing one"
