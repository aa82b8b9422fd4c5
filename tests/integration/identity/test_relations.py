"""Payer → insured under parallel requests, on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from contract.household import Insured, ListInsured, PickInsured, RemoveRelation
from contract.payment import PaymentSucceeded
from kit.clock import SetClock
from kit.database import Database
from services.identity import models
from services.identity.usecases import household, relations
from services.identity.usecases.wiring import Wiring
from tests.factories.identity_people import NANNING, NOW, adding, naming, somebody
from tests.factories.payloads import event
from tests.integration.identity.keeping import logged_in, outcomes, wiring

PARALLEL = 20


@pytest.fixture
def payer(database: Database) -> str:
    return logged_in(database, 1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def w(database: Database, clock: SetClock) -> Wiring:
    return wiring(database, clock)


def pay(w: Wiring, insured: Insured, minutes: int = 0) -> None:
    paid = event(PaymentSucceeded, paid_at=NOW + dt.timedelta(minutes=minutes))
    paid = replace(paid, contribution=replace(paid.contribution, relation_id=insured.relation_id))
    with w.database.transaction() as tx:
        relations.record_payment(tx, paid, w.relations, w.clock.now())


def picks(w: Wiring, payer: str) -> list[str]:
    return [pick.pick_id for pick in relations.list_insured(ListInsured(payer), w).picks]


def test_somebody_named_many_times_at_once_is_one_relation(w: Wiring, payer: str) -> None:
    def name(n: int) -> str:
        return relations.name_insured(naming(somebody(), payer), w).relation_id

    with ThreadPoolExecutor(PARALLEL) as pool:
        assert len(set(pool.map(name, range(PARALLEL)))) == 1


def test_newest_words_stand_and_empty_ones_keep_the_old(w: Wiring, payer: str) -> None:
    first = relations.name_insured(naming(somebody(phone="13900139000", place=NANNING), payer), w)
    second = relations.name_insured(naming(somebody(name="谭子函"), payer), w)
    assert second == replace(first, person=replace(first.person, name="谭子函"))
    third = relations.name_insured(naming(somebody(phone="13900139001"), payer), w)
    assert third == replace(first, phone="13900139001")
    assert relations.pick_insured(PickInsured(payer, first.relation_id), w) == third


def test_the_list_is_ordered_and_holds_everybody_once(w: Wiring, payer: str, clock: SetClock) -> None:
    members = []
    for serial in (1, 2, 3):
        members.append(household.add_member(adding(somebody(serial), owner_id=payer), w))
        clock.advance(seconds=1)
    other, unpaid = (relations.name_insured(naming(somebody(n), payer), w) for n in (8, 9))
    pay(w, relations.pick_insured(PickInsured(payer, members[0].member_id), w), minutes=1)
    pay(w, other, minutes=2)
    assert unpaid.relation_id not in picks(w, payer)
    listed = [other.relation_id, members[0].member_id, members[2].member_id, members[1].member_id]
    assert picks(w, payer) == listed
    relations.remove_relation(RemoveRelation(logged_in(w.database, 2), other.relation_id), w)  # type: ignore[arg-type]
    assert picks(w, payer) == listed
    relations.remove_relation(RemoveRelation(payer, other.relation_id), w)
    pay(w, other, minutes=3)
    assert picks(w, payer) == listed[1:]


def test_payments_recorded_at_once_leave_the_newest(w: Wiring, payer: str) -> None:
    named = relations.name_insured(naming(somebody(), payer), w)
    assert outcomes(lambda n: pay(w, named, minutes=n * 7 % PARALLEL), PARALLEL) == {"through": PARALLEL}
    (pick,) = relations.list_insured(ListInsured(payer), w).picks
    assert pick.paid_at == NOW + dt.timedelta(minutes=PARALLEL - 1)


def test_nobody_finds_another_payers_people(w: Wiring, payer: str) -> None:
    named = relations.name_insured(naming(somebody(), payer), w)
    pay(w, named)
    stranger = logged_in(w.database, 2)  # type: ignore[arg-type]
    assert picks(w, stranger) == []
    picked = outcomes(lambda n: relations.pick_insured(PickInsured(stranger, named.relation_id), w), 1)
    assert picked == {"InsuredNotFound": 1}
    assert relations.name_insured(naming(somebody(), stranger), w).relation_id != named.relation_id


def test_only_who_was_never_paid_for_is_forgotten(w: Wiring, payer: str, clock: SetClock) -> None:
    unpaid, paid, fresh = (relations.name_insured(naming(somebody(n), payer), w) for n in (1, 2, 3))
    pay(w, paid)
    clock.advance(days=30)
    relations.pick_insured(PickInsured(payer, fresh.relation_id), w)
    clock.advance(seconds=1)
    relations.forget_unpaid(w)
    with w.database.read() as connection:
        left = set(connection.execute(select(models.relations.c.relation_id)).scalars())
    assert left == {paid.relation_id, fresh.relation_id} and unpaid.relation_id not in left
