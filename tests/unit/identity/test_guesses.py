"""Wrong guesses: what they count for, when they lock, and what they never touch (security.md 2)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from contract.identity import CodeExpired, LogIn, LoginCodeSent, RequestLoginCode, TooManyGuesses, WrongCode
from contract.intrusion import CodesGuessed
from contract.people import DocumentType, Person
from kit.intrusion import BURST, Watch
from services.identity.domain import codes
from services.identity.domain.people import Applicant
from services.identity.service import IdentityService
from tests.factories.identity_logins import ASKED, RULES, Desk, id_number, somebody
from tests.fakes.identity_storage import FakeIdentityStorage, FakePhones, FakeRealNames

CAPS = {"guesses_per_phone": 6, "guesses_per_document": 7, "guesses_per_openid": 8, "guesses_per_network": 9}
NO_CHALLENGE = LoginCodeSent("no-such-challenge", 60, 300)


@pytest.fixture
def desk() -> Desk:
    storage = FakeIdentityStorage()
    return Desk(storage, RULES, FakePhones(storage), FakeRealNames(storage))


def counted(desk: Desk) -> dict[str, int]:
    """How many guesses each kind of subject has made."""
    used: Counter[str] = Counter()
    for (scope, _), (count, _) in desk.storage.limits.items():
        if scope.startswith("guess-"):
            used[scope.removeprefix("guess-")] += count
    return {scope: count for scope, count in used.items() if count}


def guess_wrong(desk: Desk, sent: LoginCodeSent, request: RequestLoginCode = ASKED) -> None:
    with pytest.raises(WrongCode):
        desk.type(sent, desk.wrong_for(sent), request)


def guess_blindly(desk: Desk, request: RequestLoginCode = ASKED) -> None:
    with pytest.raises(CodeExpired):
        desk.type(NO_CHALLENGE, "123456", request)


def test_a_wrong_code_counts_for_all_four(desk: Desk) -> None:
    guess_wrong(desk, desk.ask())
    assert counted(desk) == {"phone": 1, "document": 1, "openid": 1, "network": 1}


def test_a_guess_without_a_code_of_its_own_counts_for_the_guesser_only(desk: Desk) -> None:
    sent = desk.ask()
    guess_blindly(desk)
    for change in ({"phone": "13900139000"}, {"name": "韦秀蓝"}, {"openid": "openid-2"}):
        with pytest.raises(CodeExpired):
            desk.type(sent, desk.code_for(sent), replace(ASKED, **change))
    assert counted(desk) == {"openid": 4, "network": 4}


def test_a_right_code_counts_for_nothing(desk: Desk) -> None:
    desk.log_in()
    assert counted(desk) == {}
    sent = desk.ask(somebody(1))
    guess_wrong(desk, sent, somebody(1))
    desk.type(sent, desk.code_for(sent), somebody(1))
    assert counted(desk) == {"phone": 1, "document": 1, "openid": 1, "network": 1}


@pytest.mark.parametrize(
    ("cap", "changed"),
    [
        ("guesses_per_phone", lambda n: replace(somebody(n), phone=ASKED.phone)),
        ("guesses_per_document", lambda n: replace(somebody(n), document_number=ASKED.document_number)),
        ("guesses_per_openid", lambda n: replace(somebody(n), openid=ASKED.openid)),
        ("guesses_per_network", lambda n: replace(somebody(n), client_ip=ASKED.client_ip)),
    ],
    ids=list(CAPS),
)
def test_each_cap_locks_the_right_code_too_and_releases_by_itself(
    desk: Desk, cap: str, changed: Callable[[int], RequestLoginCode]
) -> None:
    desk.rules = replace(RULES, **{cap: CAPS[cap]})
    for n in range(CAPS[cap]):
        desk.clock.advance(seconds=60)
        guess_wrong(desk, desk.ask(changed(n)), changed(n))
    desk.clock.advance(seconds=60)
    last = changed(CAPS[cap])
    sent = desk.ask(last)
    for code in (desk.wrong_for(sent), desk.code_for(sent)):
        with pytest.raises(TooManyGuesses) as refused:
            desk.type(sent, code, last)
        assert refused.value.detail == {"retry_after": 1800 - CAPS[cap] * 60}
        assert f"约{30 - CAPS[cap]}分钟后" in refused.value.message
    desk.clock.advance(seconds=refused.value.detail["retry_after"])
    assert desk.log_in(last).person_id


def test_what_was_refused_is_not_counted_and_costs_no_try(desk: Desk) -> None:
    desk.rules = replace(RULES, guesses_per_phone=1, guess_window=dt.timedelta(minutes=2))
    sent = desk.ask()
    guess_wrong(desk, sent)
    before = counted(desk)
    for _ in range(10):
        with pytest.raises(TooManyGuesses):
            desk.type(sent, desk.wrong_for(sent))
    assert counted(desk) == before
    desk.clock.advance(minutes=2)
    assert desk.type(sent, desk.code_for(sent)).person_id


def test_nobody_can_lock_a_strangers_phone_or_document(desk: Desk) -> None:
    desk.rules = replace(RULES, **dict.fromkeys(CAPS, 3))
    attacker = replace(ASKED, openid="attacker", client_ip="198.51.100.1")
    for _ in range(3):
        guess_blindly(desk, attacker)
    with pytest.raises(TooManyGuesses):
        desk.type(NO_CHALLENGE, "123456", attacker)
    assert desk.log_in().person_id


def test_a_locked_guesser_learns_nothing_about_codes(desk: Desk) -> None:
    """The same refusal with a code of one's own, with a stranger's and with none."""
    desk.rules = replace(RULES, guesses_per_openid=1)
    sent = desk.ask()
    guess_blindly(desk)
    texts = set()
    for challenge, code in (
        (sent, desk.code_for(sent)),
        (sent, desk.wrong_for(sent)),
        (NO_CHALLENGE, "123456"),
    ):
        with pytest.raises(TooManyGuesses) as refused:
            desk.type(challenge, code)
        texts.add((refused.value.message, str(refused.value.detail)))
    assert len(texts) == 1


def test_a_lock_on_guessing_is_none_on_sending(desk: Desk) -> None:
    desk.rules = replace(RULES, guesses_per_phone=1)
    guess_wrong(desk, desk.ask())
    desk.clock.advance(seconds=60)
    assert desk.ask().challenge_id


def test_a_window_that_only_right_codes_opened_does_not_run(desk: Desk) -> None:
    """Else wrong guesses could be timed around its end."""
    desk.rules = replace(RULES, guesses_per_openid=2)
    desk.log_in()
    desk.clock.advance(minutes=29)
    guess_blindly(desk)
    guess_blindly(desk)
    desk.clock.advance(minutes=29)
    with pytest.raises(TooManyGuesses):
        desk.type(NO_CHALLENGE, "123456")


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (1800, 30)])
def test_the_lock_is_told_in_whole_minutes(seconds: int, minutes: int) -> None:
    assert f"约{minutes}分钟后" in codes.lock_text(seconds)


def test_limits_are_taken_in_one_order() -> None:
    """Requests that wait for each other's counters must not wait in a circle."""
    who = Applicant("openid-1", Person(DocumentType.RESIDENT_ID, id_number(1), "韦秀兰"), "13800138000")
    own = [limit.scope for limit in codes.guess_limits(RULES, who, "::1", for_own_code=True)]
    blind = [limit.scope for limit in codes.guess_limits(RULES, who, "::1", for_own_code=False)]
    assert own[-len(blind) :] == blind
    sending = {limit.scope for limit in codes.code_limits(RULES, who, "::1")}
    assert not sending & set(own), "sending and guessing count apart"


def test_a_burst_of_guesses_from_one_address_is_told_once(desk: Desk) -> None:
    told: list[Any] = []
    service: Any = IdentityService()
    service.guessers, service.clock, service.database = Watch(CodesGuessed.type), desk.clock, desk.storage
    service.outbox = SimpleNamespace(add=lambda tx, event, aggregate, now: told.append(event))
    service._login_wiring = lambda: desk.wiring
    blind = LogIn(
        ASKED.openid,
        "no-such-challenge",
        ASKED.name,
        ASKED.document_number,
        ASKED.phone,
        "123456",
        ASKED.client_ip,
    )
    for _ in range(3 * BURST):
        with pytest.raises((CodeExpired, TooManyGuesses)):
            service.log_in(blind)
    assert [(type(event), event.count) for event in told] == [(CodesGuessed, BURST)]
