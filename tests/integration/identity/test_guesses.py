"""Guessing in parallel, on PostgreSQL: no more than the cap get through, and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from contract.errors import ContractError
from contract.identity import CodeExpired, LoginCodeSent, TooManyGuesses, WrongCode
from kit.database import Database
from services.identity.models import bindings, challenges, code_limits, outbox, persons
from tests.factories.identity_logins import ASKED, RULES, somebody
from tests.integration.identity.desk import DatabaseDesk
from tests.integration.identity.keeping import outcomes

PARALLEL = 50
BLIND = LoginCodeSent("no-such-challenge", 60, 300)


@pytest.fixture
def desk(database: Database) -> DatabaseDesk:
    return DatabaseDesk(database, RULES)


def guesses(desk: DatabaseDesk) -> dict[str, int]:
    """What is counted, by scope."""
    t = code_limits.c
    query = select(t.scope, func.sum(t.used)).where(t.scope.like("guess-%")).group_by(t.scope)
    with desk.storage.read() as connection:
        return {row[0].removeprefix("guess-"): row[1] for row in connection.execute(query) if row[1]}


def test_guesses_at_one_code_stop_at_five(desk: DatabaseDesk) -> None:
    sent = desk.ask()
    wrong = desk.wrong_for(sent)
    found = outcomes(lambda n: desk.type(sent, wrong), PARALLEL)
    assert found == {"WrongCode": 5, "CodeExpired": PARALLEL - 5}
    assert guesses(desk) == {"phone": 5, "document": 5, "openid": PARALLEL, "network": PARALLEL}
    with pytest.raises(CodeExpired):
        desk.type(sent, desk.code_for(sent))


def test_guesses_at_one_phone_stop_at_its_cap(desk: DatabaseDesk) -> None:
    desk.rules = replace(RULES, tries=PARALLEL, guesses_per_phone=7)
    sent = desk.ask()
    wrong = desk.wrong_for(sent)
    found = outcomes(lambda n: desk.type(sent, wrong), PARALLEL)
    assert found == {"WrongCode": 7, "TooManyGuesses": PARALLEL - 7}
    with desk.storage.read() as connection:
        assert connection.execute(select(challenges.c.tries)).scalar_one() == 7
    desk.clock.advance(minutes=4)
    with pytest.raises(TooManyGuesses):
        desk.type(sent, desk.code_for(sent))


@pytest.mark.parametrize(
    ("shared", "cap"),
    [
        ("document_number", "guesses_per_document"),
        ("openid", "guesses_per_openid"),
        ("client_ip", "guesses_per_network"),
    ],
)
def test_guesses_over_many_codes_stop_at_the_cap(desk: DatabaseDesk, shared: str, cap: str) -> None:
    """Fifty phones with a code each: what they share stops them."""
    desk.rules = replace(RULES, **{cap: 7})
    requests = [replace(somebody(n), **{shared: getattr(ASKED, shared)}) for n in range(PARALLEL)]
    sents = [desk.ask(request) for request in requests]
    found = outcomes(lambda n: desk.type(sents[n], desk.wrong_for(sents[n]), requests[n]), PARALLEL)
    assert found == {"WrongCode": 7, "TooManyGuesses": PARALLEL - 7}
    for n in range(PARALLEL):
        with pytest.raises(TooManyGuesses):
            desk.type(sents[n], desk.code_for(sents[n]), requests[n])


def test_guesses_at_the_older_codes_of_a_phone_count_for_the_guesser(desk: DatabaseDesk) -> None:
    desk.rules = replace(RULES, guesses_per_openid=7)
    sents = []
    for _ in range(5):
        sents.append(desk.ask())
        desk.clock.advance(seconds=60)
    older = sents[:-1]
    found = outcomes(lambda n: desk.type(older[n % 4], desk.code_for(older[n % 4])), PARALLEL)
    assert found == {"CodeExpired": 7, "TooManyGuesses": PARALLEL - 7}
    assert guesses(desk) == {"openid": 7, "network": 7}


def test_blind_guesses_lock_the_guesser_and_not_the_phone(desk: DatabaseDesk) -> None:
    desk.rules = replace(RULES, guesses_per_openid=7, guesses_per_phone=1, guesses_per_document=1)
    attacker = replace(ASKED, openid="attacker", client_ip="198.51.100.1")
    found = outcomes(lambda n: desk.type(BLIND, "123456", attacker), PARALLEL)
    assert found == {"CodeExpired": 7, "TooManyGuesses": PARALLEL - 7}
    assert desk.log_in().person_id


def test_the_same_right_code_typed_in_parallel_logs_in_once(desk: DatabaseDesk) -> None:
    sent = desk.ask()
    code = desk.code_for(sent)
    found = outcomes(lambda n: desk.type(sent, code), PARALLEL)
    assert found == {"through": 1, "CodeExpired": PARALLEL - 1}
    assert guesses(desk) == {"openid": PARALLEL - 1, "network": PARALLEL - 1}


def test_right_codes_count_for_nothing_however_many_come_at_once(desk: DatabaseDesk) -> None:
    desk.rules = replace(RULES, guesses_per_network=1)
    requests = [replace(somebody(n), client_ip=ASKED.client_ip) for n in range(PARALLEL)]
    sents = [desk.ask(request) for request in requests]
    found = outcomes(lambda n: desk.type(sents[n], desk.code_for(sents[n]), requests[n]), PARALLEL)
    assert found == {"through": PARALLEL}
    assert guesses(desk) == {}


def test_a_wrong_guess_stays_counted_and_is_released_by_itself(desk: DatabaseDesk) -> None:
    desk.rules = replace(RULES, guesses_per_phone=1)
    sent = desk.ask()
    with pytest.raises(WrongCode):
        desk.type(sent, desk.wrong_for(sent))
    desk.clock.advance(minutes=29)
    late = desk.ask()
    with pytest.raises(TooManyGuesses) as refused:
        desk.type(late, desk.code_for(late))
    assert refused.value.detail["retry_after"] == 60
    desk.clock.advance(seconds=60)
    assert desk.type(late, desk.code_for(late)).person_id


def test_one_person_moving_between_phones_in_parallel_is_one_person_with_every_step_told(
    desk: DatabaseDesk,
) -> None:
    """Right, wrong and blind guesses, departures and new requests of one person at once: the order of locks must
    hold."""
    person_id = desk.log_in().person_id
    requests = [
        replace(somebody(n), document_number=ASKED.document_number, client_ip=str(n % 3)) for n in range(10)
    ]
    sents = [desk.ask(request) for request in requests]

    def act(n: int) -> None:
        request, sent = requests[n % 10], sents[n % 10]
        if n < 10:
            desk.type(sent, desk.code_for(sent), request)
        elif n < 20:
            desk.type(sent, desk.wrong_for(sent), request)
        elif n < 30:
            desk.type(BLIND, "123456", request)
        elif n < 40:
            desk.leave(person_id, request.openid)
        else:
            desk.ask(replace(request, phone=requests[(n + 3) % 10].phone))

    found = outcomes(act, PARALLEL)
    assert found.total() == PARALLEL
    assert found["through"] >= 20
    with desk.storage.read() as connection:
        (person,) = connection.execute(select(persons)).all()
        assert person.phone_version == 11, "ten more phones, one after the other"
        assert len(connection.execute(select(outbox)).all()) == 10
        standing = connection.execute(select(bindings.c.openid).where(bindings.c.ended.is_(False))).all()
        assert len(standing) <= 1


def test_nothing_but_contract_errors_ever_comes_of_a_guess(desk: DatabaseDesk) -> None:
    sent = desk.ask()
    seen: Counter[str] = Counter()
    for code in ("", "x", "1" * 1000, "验证码", "\0", "'; drop table persons", desk.wrong_for(sent)):
        try:
            desk.type(sent, code)
        except ContractError as error:
            seen[type(error).__name__] += 1
    assert seen == {"WrongCode": 5, "CodeExpired": 2}
