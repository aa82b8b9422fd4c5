"""The same statements on SQLite, as embedded mode runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from contract.identity import CodeExpired, TooManyCodes, WrongCode
from kit.database import Database
from services.identity.models import challenges, code_limits
from services.identity.usecases import login as usecases
from tests.integration.databases import upgrade
from tests.integration.identity.test_limits import ASKED, Login, outcomes, person


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    database = Database(f"sqlite:///{tmp_path}/identity.sqlite3")
    upgrade("identity", database)
    yield Login(database)
    database.engine.dispose()


def test_a_person_logs_in_and_keeps_their_id(login: Login) -> None:
    sent, code = login.ask(), login.phones.sent[0].code
    with pytest.raises(WrongCode) as refused:
        login.type(sent, "x")
    assert refused.value.detail["tries_left"] == 4
    first = login.type(sent, code)
    with pytest.raises(CodeExpired):
        login.type(sent, code)
    login.clock.advance(seconds=60)
    assert login.type(login.ask(), login.phones.sent[1].code) == first


def test_limits_hold_and_are_released(login: Login) -> None:
    login.ask()
    with pytest.raises(TooManyCodes):
        login.ask()
    login.clock.advance(seconds=60)
    login.ask()
    with login.database.read() as connection:
        used = {row.scope: row.used for row in connection.execute(select(code_limits))}
        assert used == {"resend": 1, "phone": 2, "document": 2, "openid": 2, "network": 2}
        states = connection.execute(select(challenges.c.state).order_by(challenges.c.created_at))
        assert list(states.scalars()) == ["replaced", "live"]


def test_a_refused_sms_gives_every_counter_back(login: Login) -> None:
    login.phones.refuses = True
    assert outcomes(lambda n: login.ask(), times=1) == {"CodeNotSent": 1}
    login.phones.refuses = False
    assert login.ask(ASKED).challenge_id


def test_old_codes_are_forgotten(login: Login) -> None:
    login.ask(person(1))
    login.clock.advance(hours=49)
    usecases.forget_old(login.database, login.storage, login.clock)
    with login.database.read() as connection:
        assert connection.execute(select(challenges)).all() == []
        assert connection.execute(select(code_limits)).all() == []
