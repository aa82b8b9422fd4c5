"""Asking for codes in parallel, on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from contract.identity import CodeExpired
from contract.notify import SmsNotAccepted
from kit.database import Database
from services.identity.models import challenges, code_limits
from services.identity.usecases import login
from tests.factories.identity_logins import ASKED, RULES, somebody
from tests.integration.identity.desk import DatabaseDesk
from tests.integration.identity.keeping import outcomes

PARALLEL = 50
CAPS = replace(RULES, per_phone=7, per_document=7, per_openid=7, per_network=7)


@pytest.fixture
def desk(database: Database) -> DatabaseDesk:
    return DatabaseDesk(database, CAPS)


def test_fifty_parallel_requests_for_one_phone_send_one_code(desk: DatabaseDesk) -> None:
    found = outcomes(lambda n: desk.ask(replace(somebody(n), phone=ASKED.phone)), PARALLEL)
    assert found == {"through": 1, "TooManyCodes": PARALLEL - 1}
    assert len(desk.phones.sent) == 1


@pytest.mark.parametrize("shared", ["document_number", "openid", "client_ip"])
def test_fifty_parallel_requests_let_no_more_than_the_cap_through(desk: DatabaseDesk, shared: str) -> None:
    found = outcomes(lambda n: desk.ask(replace(somebody(n), **{shared: getattr(ASKED, shared)})), PARALLEL)
    assert found == {"through": 7, "TooManyCodes": PARALLEL - 7}
    assert len(desk.phones.sent) == 7
    with desk.storage.read() as connection:
        counted = connection.execute(
            select(code_limits.c.used).where(code_limits.c.scope == "resend")
        ).scalars()
        assert sum(counted) == 7, "refused requests hold no counter"


def test_fifty_requests_of_fifty_people_do_not_wait_for_each_other(desk: DatabaseDesk) -> None:
    assert outcomes(lambda n: desk.ask(somebody(n)), PARALLEL) == {"through": PARALLEL}


def test_requests_that_share_in_turn_do_not_block_each_other_for_ever(desk: DatabaseDesk) -> None:
    """Pairs share a phone one way and an openid the other way: the order of locks must hold."""
    found = outcomes(
        lambda n: desk.ask(replace(somebody(n % 5), openid=f"openid-{n % 7}", client_ip=str(n % 3))), PARALLEL
    )
    assert found.total() == PARALLEL
    assert found["through"] == 5


def test_a_newer_code_replaces_the_older(desk: DatabaseDesk) -> None:
    first = desk.ask()
    desk.clock.advance(seconds=60)
    desk.ask()
    with pytest.raises(CodeExpired):
        desk.type(first, desk.code_for(first))
    with desk.storage.read() as connection:
        states = connection.execute(select(challenges.c.state).order_by(challenges.c.created_at)).scalars()
        assert list(states) == ["replaced", "live"]


def test_refused_sms_in_parallel_give_every_counter_back(desk: DatabaseDesk) -> None:
    desk.phones.fails = SmsNotAccepted()
    requests = [replace(somebody(n), client_ip=ASKED.client_ip) for n in range(7)]
    assert outcomes(lambda n: desk.ask(requests[n]), times=7) == {"CodeNotSent": 7}
    with desk.storage.read() as connection:
        assert set(connection.execute(select(code_limits.c.used)).scalars()) == {0}
    desk.phones.fails = None
    assert desk.ask(requests[0]).challenge_id


def test_old_codes_and_counters_are_forgotten_and_others_stay(desk: DatabaseDesk) -> None:
    desk.ask(somebody(1))
    desk.clock.advance(hours=49)
    desk.ask(somebody(2))
    login.forget_old(desk.wiring)
    with desk.storage.read() as connection:
        assert len(connection.execute(select(challenges)).all()) == 1
        assert len(connection.execute(select(code_limits)).all()) == 5
