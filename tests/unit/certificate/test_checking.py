"""Anybody may check, so often; and a certificate is valid only if everything holds."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from contract.certificate import IssueCertificate
from contract.checking import (
    UPLOAD_LIMIT,
    CheckCertificate,
    Checked,
    CheckFieldMissing,
    CheckFile,
    NotACertificate,
    TooManyChecks,
    Verdict,
)
from services.certificate.usecases import checking, issuing
from services.certificate.usecases.checking import Limits
from tests.fakes.certificate_register import WEI, FakeCounts, Office


@pytest.fixture
def office() -> Office:
    office = Office()
    issuing.issue_certificate(IssueCertificate("person-1", WEI, "202601", "202712", "key-1"), office.wiring)
    issuing.carry_out(issuing.claim(1, office.wiring)[0], office.wiring)
    return office


@pytest.fixture
def limits() -> Limits:
    return Limits(FakeCounts(), checks=5, wrong_codes=3)


def by_number(office: Office, limits: Limits, **other: str) -> Checked:
    one = next(iter(office.register.rows.values()))
    asked = replace(CheckCertificate(one.number, one.check_code, "203.0.113.7"), **other)
    return checking.check_certificate(asked, limits, office.wiring)


def by_file(office: Office, limits: Limits, content: bytes | None = None) -> Checked:
    one = next(iter(office.register.rows.values()))
    office.press.number = office.press.number or one.number
    content = office.register.files[one.certificate_id] if content is None else content
    asked = CheckFile(base64.b64encode(content).decode(), "203.0.113.7")
    return checking.check_file(asked, limits, office.wiring)


def void(office: Office) -> None:
    one, w = next(iter(office.register.rows.values())), office.wiring
    issuing.void(one.number, "缴费已退", "officer-1", w.database, w.register, w.clock)


def test_number_and_code_tell_what_it_says_masked(office: Office, limits: Limits) -> None:
    found = by_number(office, limits)
    assert found.verdict is Verdict.VALID
    assert found.facts is not None
    assert (found.facts.name, found.facts.document_number, found.facts.total) == (
        "韦**", "4501**********2040", 40_000,
    )  # fmt: skip


def test_as_people_type_them(office: Office, limits: Limits) -> None:
    one = next(iter(office.register.rows.values()))
    code = f"{one.check_code[:3]} {one.check_code[3:6]} {one.check_code[6:]}"
    assert (
        by_number(office, limits, number=f" {one.number.lower()} ", check_code=code).verdict is Verdict.VALID
    )
    for wrong in ({"number": "GX1"}, {"number": ""}, {"check_code": "12"}):
        with pytest.raises(CheckFieldMissing):
            by_number(office, limits, **wrong)


def test_a_wrong_code_and_an_unknown_number_are_one_answer(office: Office, limits: Limits) -> None:
    wrong = by_number(office, limits, check_code="0000000000")
    unknown = by_number(office, limits, number="GX202611260000000000")
    assert wrong == unknown
    assert (wrong.verdict, wrong.facts) == (Verdict.UNKNOWN, None)


def test_codes_cannot_be_tried_out(office: Office, limits: Limits) -> None:
    limits = replace(limits, checks=100)
    for _ in range(3):
        by_number(office, limits, check_code="0000000000")
    with pytest.raises(TooManyChecks):
        by_number(office, limits)


def test_an_address_checks_so_often(office: Office, limits: Limits) -> None:
    for _ in range(5):
        by_number(office, limits)
    with pytest.raises(TooManyChecks):
        by_file(office, limits)
    assert by_number(office, limits, asker="203.0.113.8").verdict is Verdict.VALID


def test_the_very_file_is_valid(office: Office, limits: Limits) -> None:
    found = by_file(office, limits)
    assert found.verdict is Verdict.VALID
    assert all(finding.good for finding in found.findings)
    assert found.facts is not None


FAULTS = {
    "changed": ({"intact": False}, Verdict.CHANGED),
    "revoked": ({"revoked": True}, Verdict.UNTRUSTED),
    "another authority": ({"signer": "14502020000"}, Verdict.UNTRUSTED),
    "no list": ({"revoked": None}, Verdict.UNSURE),
    "an unknown number": ({"number": "GX202611260000000000"}, Verdict.UNKNOWN),
}


@pytest.mark.parametrize(("change", "verdict"), FAULTS.values(), ids=FAULTS)
def test_a_file_is_not_valid_when_it_is(
    office: Office, limits: Limits, change: dict[str, object], verdict: Verdict
) -> None:
    office.press = replace(office.press, **change)  # type: ignore[arg-type]
    found = by_file(office, limits)
    assert found.verdict is verdict
    assert not all(finding.good for finding in found.findings)


def test_other_bytes_under_a_good_signature_are_not_the_registers(office: Office, limits: Limits) -> None:
    found = by_file(office, limits, b"%PDF-signed by the right authority, and not what was issued")
    assert (found.verdict, found.facts) == (Verdict.CHANGED, None)


def test_voided_is_voided_both_ways(office: Office, limits: Limits) -> None:
    void(office)
    for found in (by_number(office, limits), by_file(office, limits)):
        assert found.verdict is Verdict.VOIDED
        assert "缴费已退" in found.findings[-1].text


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG", b"%PDF-" + bytes(UPLOAD_LIMIT)], ids=["empty", "a picture", "large"]
)
def test_what_is_no_pdf_is_refused(office: Office, limits: Limits, content: bytes) -> None:
    with pytest.raises(NotACertificate):
        by_file(office, limits, content)
