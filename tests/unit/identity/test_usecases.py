"""Asking for a code and logging in with it, without a database or a phone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest

from contract.errors import DeadlineExceeded, Unavailable
from contract.identity import (
    CodeExpired,
    CodeNotSent,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    LoggedIn,
    LogIn,
    LoginCodeSent,
    RequestLoginCode,
    TooManyCodes,
    WrongCode,
)
from contract.notify import SmsNotAccepted
from kit.clock import SetClock
from services.identity.domain.codes import CodeRules
from services.identity.domain.people import check_digit
from services.identity.usecases import login as usecases
from tests.fakes.identity_storage import FakeIdentityStorage, FakePhones

RULES = CodeRules(
    valid_for=dt.timedelta(minutes=5), resend_after=dt.timedelta(seconds=60), tries=5, per_phone=3, per_document=4,
    per_openid=5, per_network=6,
)  # fmt: skip
ASKED = RequestLoginCode("openid-1", "韦秀兰", "450103197806122040", "13800138000", "203.0.113.7")


@dataclass
class Login:
    """One identity service with its clock and phones."""

    storage: FakeIdentityStorage
    phones: FakePhones
    clock: SetClock

    def ask(self, request: RequestLoginCode = ASKED) -> LoginCodeSent:
        return usecases.request_login_code(
            request, self.storage, self.storage, self.phones, self.clock, RULES
        )

    def type(self, sent: LoginCodeSent, code: str, request: RequestLoginCode = ASKED) -> LoggedIn:
        typed = LogIn(
            request.openid, sent.challenge_id, request.name, request.document_number, request.phone, code,
            request.client_ip,
        )  # fmt: skip
        return usecases.log_in(typed, self.storage, self.storage, self.clock, RULES)

    @property
    def code(self) -> str:
        """What the last SMS says."""
        return self.phones.sent[-1].code

    @property
    def wrong(self) -> str:
        return f"{(int(self.code) + 1) % 10**6:06d}"


@pytest.fixture
def login() -> Login:
    storage = FakeIdentityStorage()
    clock = SetClock(dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC))
    return Login(storage, FakePhones(storage), clock)


def test_the_code_that_arrived_logs_in(login: Login) -> None:
    sent = login.ask()
    assert (sent.resend_after, sent.valid_for, sent.notice) == (60, 300, "")
    assert login.phones.sent[0].reference == sent.challenge_id
    assert login.phones.sent[0].valid_minutes == 5
    assert len(login.code) == 6
    logged_in = login.type(sent, login.code)
    assert logged_in.person.name == "韦秀兰"
    assert logged_in.phone == "13800138000"


def test_a_code_typed_with_spaces_in_full_width_logs_in(login: Login) -> None:
    sent = login.ask()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in login.code)
    assert login.type(sent, f" {wide[:3]} {wide[3:]} ").person_id


def test_the_same_person_keeps_their_id_and_the_newest_phone(login: Login) -> None:
    first = login.type(login.ask(), login.code)
    login.clock.advance(minutes=31)
    moved = replace(ASKED, phone="13900139000")
    second = login.type(login.ask(moved), login.code, moved)
    assert second.person_id == first.person_id
    assert [phone for _, phone, _ in login.storage.persons.values()] == ["13900139000"]


def test_another_name_with_the_same_number_is_another_person(login: Login) -> None:
    first = login.type(login.ask(), login.code)
    login.clock.advance(minutes=2)
    other = replace(ASKED, name="韦秀蓝")
    assert login.type(login.ask(other), login.code, other).person_id != first.person_id


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"name": "韦"}, InvalidName),
        ({"document_number": "450103197806122041"}, InvalidIdNumber),
        ({"phone": "12345678901"}, InvalidPhone),
    ],
)
def test_bad_input_sends_nothing(login: Login, change: dict[str, str], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        login.ask(replace(ASKED, **change))
    assert not login.phones.sent
    assert not login.storage.limits


def test_wrong_tries_are_counted_and_the_fifth_is_the_last(login: Login) -> None:
    sent = login.ask()
    left = []
    for _ in range(5):
        with pytest.raises(WrongCode) as refused:
            login.type(sent, login.wrong)
        left.append(refused.value.detail["tries_left"])
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(CodeExpired):
        login.type(sent, login.code)
    assert not login.storage.persons


def test_the_right_code_still_works_at_the_fifth_try(login: Login) -> None:
    sent = login.ask()
    for _ in range(4):
        with pytest.raises(WrongCode):
            login.type(sent, login.wrong)
    assert login.type(sent, login.code).person_id


def test_a_code_works_once(login: Login) -> None:
    sent = login.ask()
    login.type(sent, login.code)
    with pytest.raises(CodeExpired):
        login.type(sent, login.code)


def test_a_code_lives_five_minutes(login: Login) -> None:
    sent = login.ask()
    login.clock.advance(seconds=299)
    assert login.type(sent, login.code).person_id
    login.clock.advance(seconds=1)
    late = login.ask()
    login.clock.advance(seconds=300)
    with pytest.raises(CodeExpired):
        login.type(late, login.code)


def test_only_the_newest_code_works(login: Login) -> None:
    first, old_code = login.ask(), login.code
    login.clock.advance(seconds=60)
    second = login.ask()
    with pytest.raises(CodeExpired):
        login.type(first, old_code)
    assert login.type(second, login.code).person_id


@pytest.mark.parametrize(
    "change",
    [
        {"openid": "openid-2"},
        {"phone": "13900139000"},
        {"name": "韦秀蓝"},
        {"document_number": "450202198503243121"},
    ],
)
def test_a_code_is_bound_to_whom_it_was_sent_for(login: Login, change: dict[str, str]) -> None:
    sent = login.ask()
    with pytest.raises(CodeExpired):
        login.type(sent, login.code, replace(ASKED, **change))
    assert login.type(sent, login.code).person_id


def test_a_challenge_that_never_was_is_expired(login: Login) -> None:
    with pytest.raises(CodeExpired):
        login.type(LoginCodeSent("no-such-challenge", 60, 300), "123456")


def test_the_next_code_waits_a_minute(login: Login) -> None:
    login.ask()
    login.clock.advance(seconds=18.5)
    with pytest.raises(TooManyCodes) as refused:
        login.ask()
    assert refused.value.detail["retry_after"] == 42
    assert "42秒" in refused.value.message
    login.clock.advance(seconds=41.5)
    assert login.ask().challenge_id


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
    login: Login, cap: int, change: dict[str, str]
) -> None:
    def request(n: int) -> RequestLoginCode:
        values = {key: pattern.format(n) for key, pattern in change.items()}
        if "document_number" in values:
            seventeen = f"450103197806122{n:02d}"
            values["document_number"] = seventeen + check_digit(seventeen)
        return replace(ASKED, **values)

    for n in range(cap):
        login.clock.advance(seconds=61)
        login.ask(request(n))
    login.clock.advance(seconds=61)
    with pytest.raises(TooManyCodes) as refused:
        login.ask(request(cap))
    assert "小时" in refused.value.message
    assert len(login.phones.sent) == cap
    login.clock.advance(seconds=refused.value.detail["retry_after"])
    assert login.ask(request(cap)).challenge_id


def test_a_refused_request_counts_for_no_limit(login: Login) -> None:
    login.ask()
    before = dict(login.storage.limits)
    with pytest.raises(TooManyCodes):
        login.ask()
    assert login.storage.limits == before


@pytest.mark.parametrize("failure", [SmsNotAccepted(), Unavailable()])
def test_an_sms_that_was_not_sent_costs_nothing(login: Login, failure: Exception) -> None:
    login.phones.fails = failure
    for _ in range(20):
        with pytest.raises(CodeNotSent):
            login.ask()
    assert set(login.storage.states.values()) == {"unsent"}
    login.phones.fails = None
    assert login.type(login.ask(), login.code).person_id


def test_an_sms_that_may_have_been_sent_keeps_its_code(login: Login) -> None:
    sent_anyway = login.phones.sent

    class Slow(FakePhones):
        def call(self, method: object, request: object) -> object:  # type: ignore[override]
            sent_anyway.append(request)  # type: ignore[arg-type]
            raise DeadlineExceeded

    login.phones = Slow(login.storage, sent_anyway)
    sent = login.ask()
    assert "晚到" in sent.notice
    with pytest.raises(TooManyCodes):
        login.ask()
    assert login.type(sent, login.code).person_id


def test_yesterdays_codes_and_counters_are_forgotten(login: Login) -> None:
    login.ask()
    login.clock.advance(hours=49)
    usecases.forget_old(login.storage, login.storage, login.clock)
    assert not login.storage.challenges
    assert not login.storage.limits
