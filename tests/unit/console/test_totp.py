"""The second factor is RFC 6238's, and is taken once."""

from __future__ import annotations

import base64
import datetime as dt

import pytest

from services.console.domain import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = {
    59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037",
    20000000000: "65353130",
}  # fmt: skip
"""RFC 6238, appendix B, SHA-1: eight digits."""
NOW = dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC)
STEP = totp.step_of(NOW)


@pytest.mark.parametrize(("second", "code"), VECTORS.items())
def test_the_vectors_of_the_rfc(second: int, code: str) -> None:
    assert totp.code_at(SECRET, second // 30, digits=8) == code


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_phones_clock_may_be_half_a_minute_off(drift: int) -> None:
    assert totp.accepted_step(SECRET, totp.code_at(SECRET, STEP + drift), NOW, 0) == STEP + drift


@pytest.mark.parametrize("drift", [-2, 2])
def test_it_may_not_be_off_by_more(drift: int) -> None:
    assert totp.accepted_step(SECRET, totp.code_at(SECRET, STEP + drift), NOW, 0) is None


def test_a_used_code_is_not_taken_again_nor_one_before_it() -> None:
    for step in (STEP - 1, STEP):
        assert totp.accepted_step(SECRET, totp.code_at(SECRET, step), NOW, after=STEP) is None
    assert totp.accepted_step(SECRET, totp.code_at(SECRET, STEP + 1), NOW, after=STEP) == STEP + 1


def test_spaces_are_tolerated_and_rubbish_is_not() -> None:
    code = totp.code_at(SECRET, STEP)
    assert totp.accepted_step(SECRET, f"{code[:3]} {code[3:]}", NOW, 0) == STEP
    for typed in ("", "12345", "１２３４５６", "x" * 40):
        assert totp.accepted_step(SECRET, typed, NOW, 0) is None


def test_every_secret_is_new_and_an_app_understands_its_address() -> None:
    assert totp.new_secret() != totp.new_secret()
    address = totp.address_of(SECRET, "huang", "工作台")
    assert address.startswith("otpauth://totp/%E5%B7%A5") and f"secret={SECRET}" in address
