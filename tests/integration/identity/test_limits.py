"""Limits and codes under parallel requests, on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select, text

from contract.identity import (
    CodeExpired,
    CodeNotSent,
    LogIn,
    LoginCodeSent,
    RequestLoginCode,
    TooManyCodes,
    WrongCode,
)
from contract.notify import CodeSent, SendCode, SmsNotAccepted
from kit.clock import SetClock
from kit.database import Database
from services.identity.domain.codes import CodeRules
from services.identity.domain.people import check_digit
from services.identity.models import challenges, code_limits, metadata, persons
from services.identity.storage.logins import IdentityStorage
from services.identity.usecases import login as usecases

PARALLEL = 50
RULES = CodeRules(
    valid_for=dt.timedelta(minutes=5), resend_after=dt.timedelta(seconds=60), tries=5, per_phone=7, per_document=7,
    per_openid=7, per_network=7,
)  # fmt: skip
ASKED = RequestLoginCode("openid-1", "韦秀兰", "450103197806122040", "13800138000", "203.0.113.7")


@dataclass
class Phones:
    """What the notify service was asked to send."""

    sent: list[SendCode] = field(default_factory=list)
    refuses: bool = False

    def call(self, method: Any, request: SendCode) -> CodeSent:
        if self.refuses:
            raise SmsNotAccepted
        self.sent.append(request)
        return CodeSent(request.reference)


@dataclass
class Login:
    """The use cases on a real database."""

    database: Database
    phones: Phones = field(default_factory=Phones)
    clock: SetClock = field(default_factory=lambda: SetClock(dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)))
    storage: IdentityStorage = field(default_factory=IdentityStorage)

    def ask(self, request: RequestLoginCode = ASKED) -> LoginCodeSent:
        return usecases.request_login_code(
            request, self.database, self.storage, self.phones, self.clock, RULES
        )

    def type(self, sent: LoginCodeSent, code: str, request: RequestLoginCode = ASKED) -> str:
        typed = LogIn(
            request.openid, sent.challenge_id, request.name, request.document_number, request.phone, code,
            request.client_ip,
        )  # fmt: skip
        return usecases.log_in(typed, self.database, self.storage, self.clock, RULES).person_id


@pytest.fixture
def login(database: Database) -> Login:
    return Login(database)


def outcomes(act: Callable[[int], object], times: int = PARALLEL) -> Counter[str]:
    """How often each outcome came when all act at once."""

    def run(n: int) -> str:
        try:
            act(n)
        except (TooManyCodes, CodeExpired, CodeNotSent, WrongCode) as error:
            return type(error).__name__
        return "through"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(run, range(times)))


def person(n: int) -> RequestLoginCode:
    """A different person, phone, WeChat user and network for each n."""
    seventeen = f"4501031978061{n:04d}"
    return RequestLoginCode(
        f"openid-{n}", "韦秀兰", seventeen + check_digit(seventeen), f"138001{n:05d}", f"203.0.113.{n}"
    )


def test_fifty_parallel_requests_for_one_phone_send_one_code(login: Login) -> None:
    found = outcomes(lambda n: login.ask(replace(person(n), phone=ASKED.phone)))
    assert found == {"through": 1, "TooManyCodes": PARALLEL - 1}
    assert len(login.phones.sent) == 1


@pytest.mark.parametrize("shared", ["document_number", "openid", "client_ip"])
def test_fifty_parallel_requests_let_no_more_than_the_cap_through(login: Login, shared: str) -> None:
    found = outcomes(lambda n: login.ask(replace(person(n), **{shared: getattr(ASKED, shared)})))
    assert found == {"through": 7, "TooManyCodes": PARALLEL - 7}
    assert len(login.phones.sent) == 7
    with login.database.read() as connection:
        counted = connection.execute(
            select(code_limits.c.used).where(code_limits.c.scope == "resend")
        ).scalars()
        assert sum(counted) == 7, "refused requests hold no counter"


def test_fifty_requests_of_fifty_people_do_not_wait_for_each_other(login: Login) -> None:
    assert outcomes(lambda n: login.ask(person(n))) == {"through": PARALLEL}


def test_requests_that_share_in_turn_do_not_block_each_other_for_ever(login: Login) -> None:
    """Pairs share a phone one way and an openid the other way: the order of locks must hold."""
    found = outcomes(
        lambda n: login.ask(replace(person(n % 5), openid=f"openid-{n % 7}", client_ip=str(n % 3)))
    )
    assert found.total() == PARALLEL
    assert found["through"] == 5


def test_parallel_wrong_guesses_are_counted_and_stop_at_five(login: Login) -> None:
    sent = login.ask()
    wrong = f"{(int(login.phones.sent[0].code) + 1) % 10**6:06d}"
    assert outcomes(lambda n: login.type(sent, wrong)) == {"WrongCode": 5, "CodeExpired": PARALLEL - 5}
    with pytest.raises(CodeExpired):
        login.type(sent, login.phones.sent[0].code)


def test_the_same_right_code_typed_in_parallel_logs_in_once(login: Login) -> None:
    sent = login.ask()
    found = outcomes(lambda n: login.type(sent, login.phones.sent[0].code))
    assert found == {"through": 1, "CodeExpired": PARALLEL - 1}


def test_one_person_on_many_phones_is_created_once(login: Login) -> None:
    requests = [replace(person(n), name=ASKED.name, document_number=ASKED.document_number) for n in range(7)]
    sents = [login.ask(request) for request in requests]
    codes = {code.reference: code.code for code in login.phones.sent}
    with ThreadPoolExecutor(7) as pool:
        ids = set(
            pool.map(lambda n: login.type(sents[n], codes[sents[n].challenge_id], requests[n]), range(7))
        )
    assert len(ids) == 1
    with login.database.read() as connection:
        assert len(connection.execute(select(persons)).all()) == 1


def test_a_newer_code_replaces_the_older(login: Login) -> None:
    first, code = login.ask(), login.phones.sent[0].code
    login.clock.advance(seconds=60)
    login.ask()
    with pytest.raises(CodeExpired):
        login.type(first, code)
    with login.database.read() as connection:
        states = connection.execute(select(challenges.c.state).order_by(challenges.c.created_at)).scalars()
        assert list(states) == ["replaced", "live"]


def test_refused_sms_in_parallel_give_every_counter_back(login: Login) -> None:
    login.phones.refuses = True
    requests = [replace(person(n), client_ip=ASKED.client_ip) for n in range(7)]
    assert outcomes(lambda n: login.ask(requests[n]), times=7) == {"CodeNotSent": 7}
    with login.database.read() as connection:
        assert set(connection.execute(select(code_limits.c.used)).scalars()) == {0}
    login.phones.refuses = False
    assert login.ask(requests[0]).challenge_id


def test_the_database_holds_nothing_personal_in_plain(login: Login) -> None:
    sent = login.ask()
    code = login.phones.sent[0].code
    login.type(sent, code)
    with login.database.read() as connection:
        dump = "".join(
            str(row)
            for table in metadata.sorted_tables
            for row in connection.execute(
                text(f"SELECT encode(t::text::bytea, 'escape') FROM {table.name} t")
            )
        )
    assert sent.challenge_id in dump
    for plain in (ASKED.name, ASKED.document_number, ASKED.phone, ASKED.openid, ASKED.client_ip):
        for form in (plain, plain.encode().hex()):
            assert form not in dump
    assert code.encode().hex() not in dump


def test_old_codes_and_counters_are_forgotten_and_others_stay(login: Login) -> None:
    login.ask(person(1))
    login.clock.advance(hours=49)
    login.ask(person(2))
    usecases.forget_old(login.database, login.storage, login.clock)
    with login.database.read() as connection:
        assert len(connection.execute(select(challenges)).all()) == 1
        assert len(connection.execute(select(code_limits)).all()) == 5
