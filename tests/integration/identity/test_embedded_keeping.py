"""Households, relations and rights on SQLite, as embedded mode runs them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from contract.household import EditMember, HouseholdFull, Kinship, ListInsured, ListMembers, PickInsured
from contract.rights import Deletion, PersonNamed
from kit.clock import SetClock
from kit.database import Database
from services.identity import models
from services.identity.usecases import household, relations, rights
from tests.factories.identity_people import NANNING, NOW, adding, naming, somebody
from tests.integration.databases import upgrade
from tests.integration.identity.keeping import logged_in, wiring


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/identity.sqlite3")
    upgrade("identity", database)
    yield database
    database.engine.dispose()


def test_whom_one_keeps_and_pays_for_is_listed_and_in_the_end_forgotten(database: Database) -> None:
    clock = SetClock(NOW.astimezone(ZoneInfo("Asia/Shanghai")))
    w, owner = wiring(database, clock, household_limit=2), logged_in(database, 1)
    child = household.add_member(adding(somebody(1, place=NANNING), owner_id=owner), w)
    clock.advance(seconds=1)
    other = household.add_member(adding(somebody(2), owner_id=owner), w)
    with pytest.raises(HouseholdFull):
        household.add_member(adding(somebody(3), owner_id=owner), w)
    child = household.edit_member(
        EditMember(owner, child.member_id, somebody(1, phone="13900139000", place=NANNING), Kinship.CHILD), w
    )
    assert household.list_members(ListMembers(owner), w).members == (child, other)

    picked = relations.pick_insured(PickInsured(owner, child.member_id), w)
    assert relations.name_insured(naming(somebody(1), owner), w) == picked
    relations.name_insured(naming(somebody(4), owner), w)
    for minutes in (2, 1):
        with database.transaction() as tx:
            w.relations.mark_paid(tx, picked.relation_id, NOW + dt.timedelta(minutes=minutes), NOW)
    first, second = relations.list_insured(ListInsured(owner), w).picks
    assert (first.pick_id, first.paid_at) == (child.member_id, NOW + dt.timedelta(minutes=2))
    assert (second.pick_id, second.paid_at) == (other.member_id, None)

    clock.advance(days=31)
    relations.forget_unpaid(w)
    assert len(rights.export_person(PersonNamed(owner), w).paid_for) == 1
    wish = Deletion(clock.now(), clock.now() + dt.timedelta(days=15))
    assert rights.request_deletion(PersonNamed(owner), w) == wish
    clock.advance(days=14)
    assert rights.request_deletion(PersonNamed(owner), w) == wish
    assert rights.carry_out_deletions(w) == 0
    clock.advance(days=1)
    assert rights.carry_out_deletions(w) == 1
    with database.read() as connection:
        left = {t.name: len(connection.execute(select(t)).all()) for t in models.metadata.sorted_tables}
        assert {name: number for name, number in left.items() if number and name != "journal"} == {
            "consents": 2,
            "outbox": 1,
        }
        assert set(connection.execute(select(models.consents.c.withdrawn_at)).scalars()) == {wish.due_at}
