"""Deletion on PostgreSQL: nothing is left, nobody is missed, and nothing comes back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from contract import events
from contract.household import Kinship, PickInsured
from contract.rights import Deletion, PersonErased, PersonNamed
from kit.clock import SetClock
from kit.crypto import blind_index
from kit.database import Database
from services.identity import models
from services.identity.usecases import household, relations, rights
from services.identity.usecases.wiring import Wiring
from tests.factories.identity_people import NANNING, NOW, adding, known_person, naming, number, somebody
from tests.integration.identity.keeping import dump, logged_in, outcomes, wiring

DUE = NOW + dt.timedelta(days=15)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def w(database: Database, clock: SetClock) -> Wiring:
    return wiring(database, clock)


def live(w: Wiring, person_id: str) -> None:
    """A household with a child that was paid for, and somebody named."""
    child = somebody(1, born="20190520", phone="13900139000", place=NANNING)
    member = household.add_member(adding(child, Kinship.CHILD, person_id), w)
    paid = relations.pick_insured(PickInsured(person_id, member.member_id), w)
    relations.name_insured(naming(somebody(2, name="黄小明"), person_id), w)
    with w.database.transaction() as tx:
        w.relations.mark_paid(tx, paid.relation_id, NOW, NOW)


def traces() -> dict[str, str]:
    """Everything that could tell of the person or of those around them: as text, and as blind indexes."""
    of = known_person(1)
    child, named = number("20190520", 1), number(serial=2)
    plain = {
        "own number": of.person.document_number, "own name": of.person.name, "own phone": of.phone,
        "child's number": child, "child's name": "谭子涵", "child's phone": "13900139000",
        "another's number": named, "another's name": "黄小明",
    }  # fmt: skip
    indexes = {
        "persons.identity": f"201\0{of.person.document_number}\0{of.person.name}",
        "persons.phone": of.phone,
        "bindings.openid": "openid-1",
        "members.document": f"201\0{child}",
        "relations.document": f"201\0{named}",
    }
    return (
        plain
        | {f"{what} in hexadecimal": text.encode().hex() for what, text in plain.items()}
        | {purpose: blind_index(purpose, value).hex() for purpose, value in indexes.items()}
    )


def test_who_was_erased_left_no_trace(w: Wiring, database: Database, clock: SetClock) -> None:
    person_id = logged_in(database, 1)
    live(w, person_id)
    before = dump(database)
    assert {what for what, trace in traces().items() if trace in before} == {
        "persons.identity", "persons.phone", "bindings.openid", "members.document", "relations.document",
    }, "the search below would find what is there"  # fmt: skip
    rights.request_deletion(PersonNamed(person_id), w)
    clock.advance(days=15)
    assert rights.carry_out_deletions(w) == 1
    after = dump(database)
    assert {what for what, trace in traces().items() if trace in after} == set()
    with database.read() as connection:
        rows = {t.name: len(connection.execute(select(t)).all()) for t in models.metadata.sorted_tables}
        assert {name: number for name, number in rows.items() if number and name != "journal"} == {
            "consents": 2,
            "outbox": 1,
        }
        for consent in connection.execute(select(models.consents)):
            assert (consent.about, consent.member_id) == (None, None)
            assert (consent.given_at, consent.withdrawn_at) == (NOW, DUE)
            assert consent.kind and consent.version
        told = events.decode(connection.execute(select(models.outbox.c.body)).scalar_one())
    assert (told.type, told.data) == (PersonErased.type, {"person_id": person_id})


def test_others_keep_everything(w: Wiring, database: Database, clock: SetClock) -> None:
    going, staying = logged_in(database, 1), logged_in(database, 2)
    live(w, going)
    live(w, staying)
    before = rights.export_person(PersonNamed(staying), w)
    rights.request_deletion(PersonNamed(going), w)
    clock.advance(days=15)
    rights.carry_out_deletions(w)
    assert rights.export_person(PersonNamed(staying), w) == before


def test_a_wish_is_noted_once_and_may_be_taken_back(w: Wiring, database: Database, clock: SetClock) -> None:
    me = PersonNamed(logged_in(database, 1))
    with ThreadPoolExecutor(8) as pool:
        wishes = set(pool.map(lambda n: rights.request_deletion(me, w), range(8)))
    assert wishes == {Deletion(NOW, DUE)}
    clock.advance(days=1)
    assert rights.request_deletion(me, w) == Deletion(NOW, DUE)
    rights.cancel_deletion(me, w)
    assert rights.get_account(me, w).deletion is None
    clock.advance(days=30)
    assert rights.carry_out_deletions(w) == 0
    assert rights.request_deletion(me, w).requested_at == clock.now()


def test_several_replicas_erase_everybody_once(w: Wiring, database: Database, clock: SetClock) -> None:
    due = {logged_in(database, n, due_at=DUE) for n in range(rights.ERASED_AT_ONCE * 2 + 5)}
    clock.advance(days=15)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda n: rights.carry_out_deletions(w), range(4)))
    assert sum(counts) == len(due)
    with database.read() as connection:
        told = Counter(connection.execute(select(models.outbox.c.aggregate)).scalars())
        assert told == dict.fromkeys(due, 1)
        assert connection.execute(select(models.persons)).all() == []


def test_what_is_done_while_somebody_is_erased_leaves_nothing_behind(
    w: Wiring, database: Database, clock: SetClock
) -> None:
    person_id = logged_in(database, 1, due_at=DUE)
    clock.advance(days=15)

    def act(n: int) -> None:
        if n == 5:
            while rights.carry_out_deletions(w) == 0:
                pass  # the person is busy: left for the next round, as the timer does
        elif n % 2:
            relations.name_insured(naming(somebody(n), person_id), w)
        else:
            household.add_member(adding(somebody(n), owner_id=person_id), w)

    found = outcomes(act, 16)
    assert found.keys() <= {"through", "PersonNotFound"} and found.total() == 16
    with database.read() as connection:
        for table in (models.persons, models.bindings, models.members, models.relations):
            assert connection.execute(select(table)).all() == [], table.name
