"""Codes: how often they are sent and tried, how long they work and for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.errors import DeadlineExceeded, Unavailable
from contract.identity import (
    CodeExpired,
    CodeNotSent,
    LoginCodeSent,
    RequestLoginCode,
    TooManyCodes,
    WrongCode,
)
from contract.notify import CodeSent, SendCode, SmsNotAccepted
from services.identity.usecases import login
from tests.factories.identity_logins import ASKED, RULES, Desk, id_number
from tests.fakes.identity_storage import FakeIdentityStorage, FakePhones, FakeRealNames

CAPS = replace(RULES, per_phone=3, per_document=4, per_openid=5, per_network=6)


@pytest.fixture
def desk() -> Desk:
    storage = FakeIdentityStorage()
    return Desk(storage, CAPS, FakePhones(storage), FakeRealNames(storage))


def test_wrong_tries_are_counted_and_the_fifth_is_the_last(desk: Desk) -> None:
    sent = desk.ask()
    left = []
    for _ in range(5):
        with pytest.raises(WrongCode) as refused:
            desk.type(sent, desk.wrong_for(sent))
        left.append(refused.value.detail["tries_left"])
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(CodeExpired):
        desk.type(sent, desk.code_for(sent))
    assert not desk.storage.persons


def test_the_right_code_still_works_at_the_fifth_try(desk: Desk) -> None:
    sent = desk.ask()
    for _ in range(4):
        with pytest.raises(WrongCode):
            desk.type(sent, desk.wrong_for(sent))
    assert desk.type(sent, desk.code_for(sent)).person_id


def test_a_code_works_once(desk: Desk) -> None:
    sent = desk.ask()
    desk.type(sent, desk.code_for(sent))
    with pytest.raises(CodeExpired):
        desk.type(sent, desk.code_for(sent))


def test_a_code_lives_five_minutes(desk: Desk) -> None:
    sent = desk.ask()
    desk.clock.advance(seconds=299)
    assert desk.type(sent, desk.code_for(sent)).person_id
    desk.clock.advance(seconds=1)
    late = desk.ask()
    desk.clock.advance(seconds=300)
    with pytest.raises(CodeExpired):
        desk.type(late, desk.code_for(late))


def test_only_the_newest_code_works(desk: Desk) -> None:
    first = desk.ask()
    desk.clock.advance(seconds=60)
    second = desk.ask()
    with pytest.raises(CodeExpired):
        desk.type(first, desk.code_for(first))
    assert desk.type(second, desk.code_for(second)).person_id


@pytest.mark.parametrize(
    "change",
    [
        {"openid": "openid-2"},
        {"phone": "13900139000"},
        {"name": "韦秀蓝"},
        {"document_number": "450202198503243121"},
    ],
)
def test_a_code_is_bound_to_whom_it_was_sent_for(desk: Desk, change: dict[str, str]) -> None:
    sent = desk.ask()
    with pytest.raises(CodeExpired):
        desk.type(sent, desk.code_for(sent), replace(ASKED, **change))
    assert desk.type(sent, desk.code_for(sent)).person_id


def test_a_challenge_that_never_was_is_expired(desk: Desk) -> None:
    with pytest.raises(CodeExpired):
        desk.type(LoginCodeSent("no-such-challenge", 60, 300), "123456")


def test_the_next_code_waits_a_minute(desk: Desk) -> None:
    desk.ask()
    desk.clock.advance(seconds=18.5)
    with pytest.raises(TooManyCodes) as refused:
        desk.ask()
    assert refused.value.detail["retry_after"] == 42
    assert "42秒" in refused.value.message
    desk.clock.advance(seconds=41.5)
    assert desk.ask().challenge_id


@pytest.mark.parametrize(
    ("cap", "change"),
    [
        (3, {"openid": "o{}", "document_number": "", "client_ip": "10.0.0.{}"}),
        (4, {"openid": "o{}", "phone": "1380013800{}", "client_ip": "10.0.0.{}"}),
        (5, {"phone": "1380013800{}", "document_number": "", "client_ip": "10.0.0.{}"}),
        (6, {"phone": "1380013800{}", "document_number": "", "openid": "o{}"}),
    ],
    ids=["phone", "document", "openid", "network"],
)
def test_each_daily_cap_holds_and_is_released_after_a_day(
    desk: Desk, cap: int, change: dict[str, str]
) -> None:
    def request(n: int) -> RequestLoginCode:
        values = {key: pattern.format(n) for key, pattern in change.items()}
        if "document_number" in values:
            values["document_number"] = id_number(n)
        return replace(ASKED, **values)

    for n in range(cap):
        desk.clock.advance(seconds=61)
        desk.ask(request(n))
    desk.clock.advance(seconds=61)
    with pytest.raises(TooManyCodes) as refused:
        desk.ask(request(cap))
    assert "小时" in refused.value.message
    assert len(desk.phones.sent) == cap
    desk.clock.advance(seconds=refused.value.detail["retry_after"])
    assert desk.ask(request(cap)).challenge_id


def test_a_refused_request_counts_for_no_limit(desk: Desk) -> None:
    desk.ask()
    before = dict(desk.storage.limits)
    with pytest.raises(TooManyCodes):
        desk.ask()
    assert desk.storage.limits == before


@pytest.mark.parametrize("failure", [SmsNotAccepted(), Unavailable()])
def test_an_sms_that_was_not_sent_costs_nothing(desk: Desk, failure: Exception) -> None:
    desk.phones.fails = failure
    for _ in range(20):
        with pytest.raises(CodeNotSent):
            desk.ask()
    assert set(desk.storage.states.values()) == {"unsent"}
    desk.phones.fails = None
    assert desk.log_in().person_id


def test_an_sms_that_may_have_been_sent_keeps_its_code(desk: Desk) -> None:
    class Slow(FakePhones):
        def call(self, method: Any, request: SendCode) -> CodeSent:
            super().call(method, request)
            raise DeadlineExceeded

    desk.phones = Slow(desk.storage)
    sent = desk.ask()
    assert "晚到" in sent.notice
    with pytest.raises(TooManyCodes):
        desk.ask()
    assert desk.type(sent, desk.code_for(sent)).person_id


def test_yesterdays_codes_and_counters_are_forgotten(desk: Desk) -> None:
    desk.ask()
    desk.clock.advance(hours=49)
    login.forget_old(desk.wiring)
    assert not desk.storage.challenges
    assert not desk.storage.limits
