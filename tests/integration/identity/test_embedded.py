"""The same statements on SQLite, as embedded mode runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from contract.identity import (
    CodeExpired,
    CodeNotSent,
    PhoneChanged,
    Standing,
    TooManyCodes,
    TooManyGuesses,
    WrongCode,
)
from contract.notify import SmsNotAccepted
from kit.database import Database
from services.identity.models import challenges, code_limits, outbox
from services.identity.usecases import login
from tests.factories.identity_logins import ASKED, RULES, somebody
from tests.integration.databases import upgrade
from tests.integration.identity.desk import DatabaseDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DatabaseDesk]:
    database = Database(f"sqlite:///{tmp_path}/identity.sqlite3")
    upgrade("identity", database)
    yield DatabaseDesk(database, RULES)
    database.engine.dispose()


def test_a_person_logs_in_is_recalled_and_moves(desk: DatabaseDesk) -> None:
    sent = desk.ask()
    with pytest.raises(WrongCode) as refused:
        desk.type(sent, "x")
    assert refused.value.detail["tries_left"] == 4
    first = desk.type(sent, desk.code_for(sent))
    with pytest.raises(CodeExpired):
        desk.type(sent, desk.code_for(sent))
    assert desk.recall().login == first
    moved = desk.log_in(openid="openid-2", phone="13900139000")
    assert (moved.person_id, moved.phone_version) == (first.person_id, 2)
    assert desk.recall().standing is Standing.KNOWN
    desk.leave(moved.person_id, "openid-2")
    assert desk.recall("openid-2").standing is Standing.KNOWN
    with desk.storage.read() as connection:
        assert [row.type for row in connection.execute(select(outbox))] == [PhoneChanged.type]


def test_limits_hold_and_are_released(desk: DatabaseDesk) -> None:
    desk.ask()
    with pytest.raises(TooManyCodes):
        desk.ask()
    desk.clock.advance(seconds=60)
    desk.ask()
    with desk.storage.read() as connection:
        used = {row.scope: row.used for row in connection.execute(select(code_limits))}
        assert used == {"resend": 1, "phone": 2, "document": 2, "openid": 2, "network": 2}
        states = connection.execute(select(challenges.c.state).order_by(challenges.c.created_at))
        assert list(states.scalars()) == ["replaced", "live"]


def test_wrong_guesses_lock_and_are_released(desk: DatabaseDesk) -> None:
    desk.rules = replace(RULES, guesses_per_phone=1)
    sent = desk.ask()
    with pytest.raises(WrongCode):
        desk.type(sent, desk.wrong_for(sent))
    with pytest.raises(TooManyGuesses):
        desk.type(sent, desk.code_for(sent))
    desk.clock.advance(minutes=30)
    assert desk.log_in().person_id


def test_a_refused_sms_gives_every_counter_back(desk: DatabaseDesk) -> None:
    desk.phones.fails = SmsNotAccepted()
    with pytest.raises(CodeNotSent):
        desk.ask()
    desk.phones.fails = None
    assert desk.ask(ASKED).challenge_id


def test_old_codes_are_forgotten(desk: DatabaseDesk) -> None:
    desk.ask(somebody(1))
    desk.clock.advance(hours=49)
    login.forget_old(desk.wiring)
    with desk.storage.read() as connection:
        assert connection.execute(select(challenges)).all() == []
        assert connection.execute(select(code_limits)).all() == []
