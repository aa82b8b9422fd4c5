"""The audit of questions and the voids, on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from contract.audit import Action
from contract.declarations import VoidingState
from contract.people import Person
from contract.records import AskedAs
from kit.audit import JOURNAL
from kit.database import Database
from services.contribution.domain.queries import ASKED, Query
from services.contribution.domain.voidings import SentVoid
from services.contribution.models import query_audit, voidings
from services.contribution.storage.query_audit import QueryAudit
from services.contribution.storage.voidings import Voidings
from services.contribution.usecases import records
from tests.factories.contributions import WEI

NOW = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
SOON = NOW + dt.timedelta(seconds=30)
SENT = SentVoid("D1", WEI, "person-1", AskedAs.OWN, VoidingState.CONFIRMING, "", NOW)
AUDIT, VOIDINGS = QueryAudit(), Voidings()


@pytest.fixture(autouse=True)
def empty(contribution_database: Database) -> None:
    with contribution_database.transaction() as tx:
        tx.execute(text("TRUNCATE query_audit, voidings"))


def person(number: int) -> Person:
    return replace(WEI, document_number=f"{number:018d}")


def ask(tx: Connection, who: Person, *, asker: str = "person-1", asked_as: AskedAs = AskedAs.TYPED) -> None:
    AUDIT.add(tx, Query("q", "list_contributions", asker, asked_as, who), ASKED, NOW)


def test_nothing_of_a_person_can_be_read_in_the_tables(tx: Connection) -> None:
    ask(tx, WEI)
    assert VOIDINGS.send(tx, SENT, SOON)
    for table in ("query_audit", "voidings"):
        (row,) = tx.execute(text(f"SELECT {table}::text FROM {table}")).scalars()
        for personal in (
            WEI.name,
            WEI.document_number,
            WEI.name.encode().hex(),
            WEI.document_number.encode().hex(),
        ):
            assert personal not in row
    (kept,) = tx.execute(select(query_audit)).all()
    assert (kept.person["name"], kept.at, kept.outcome) == (WEI.name, NOW, "asked")


@pytest.mark.parametrize("change", ["UPDATE query_audit SET outcome = 'nothing'", "DELETE FROM query_audit"])
def test_a_row_of_the_audit_is_never_changed(contribution_database: Database, change: str) -> None:
    with contribution_database.transaction() as tx:
        ask(tx, WEI)
    with pytest.raises(DBAPIError, match="only ever added"), contribution_database.transaction() as tx:
        tx.execute(text(change))
    with contribution_database.read() as connection:
        assert connection.execute(select(query_audit.c.outcome)).scalars().all() == ["asked"]


def test_questions_are_forgotten_from_the_beginning_and_not_before_half_a_year(
    contribution_database: Database,
) -> None:
    today = dt.datetime.now(dt.UTC)
    with contribution_database.transaction() as tx:
        for days in (400, 200, 190, 10):
            query = Query(str(days), "list_contributions", "person-1", AskedAs.OWN, WEI)
            AUDIT.add(tx, query, ASKED, today - dt.timedelta(days=days))
    assert records.forget_old(contribution_database, AUDIT, today - dt.timedelta(days=195)) == 2
    with contribution_database.read() as connection:
        assert connection.execute(select(query_audit.c.query_id)).scalars().all() == ["190", "10"]
    with pytest.raises(DBAPIError, match="only ever added"):
        records.forget_old(contribution_database, AUDIT, today)
    with contribution_database.read() as connection:
        assert connection.execute(select(query_audit.c.query_id)).scalars().all() == ["190", "10"]


@pytest.mark.parametrize(
    ("asked_as", "action"),
    [(AskedAs.TYPED, Action.PERSON_QUERIED), (AskedAs.PICKED, Action.PERSON_QUERIED),
     (AskedAs.OWN, Action.OWN_QUERIED)],
)  # fmt: skip
def test_a_query_of_another_person_is_an_act(tx: Connection, asked_as: AskedAs, action: Action) -> None:
    """Who, when, what, with which result; about whom is found by the query's id (security.md 12)."""
    query = Query("query-7", "list_contributions", "person-7", asked_as, WEI)
    AUDIT.add(tx, query, "found", NOW)
    (act,) = JOURNAL.latest(tx, actor="resident:person-7", limit=1)
    assert (act.at, act.action, act.target, act.result) == (NOW, action, "query:query-7", "found")
    assert WEI.document_number not in str(act.detail) and WEI.name not in str(act.detail)


def test_people_typed_before_are_counted_once_each_and_for_their_asker(tx: Connection) -> None:
    for number in (1, 2, 1, 3, 2):
        ask(tx, person(number))
    ask(tx, person(4), asker="person-2")
    ask(tx, person(5), asked_as=AskedAs.PICKED)
    before = [AUDIT.typed_before(tx, "person-1", person(n), NOW) for n in (1, 2, 3, 9)]
    assert before == [0, 1, 2, 3]
    assert AUDIT.typed_before(tx, "person-2", person(4), NOW) == 0
    assert AUDIT.typed_before(tx, "person-1", person(3), NOW + dt.timedelta(seconds=1)) == 0, "another day"


def test_of_many_taps_at_once_one_sends(contribution_database: Database) -> None:
    def tap(_: int) -> bool:
        with contribution_database.transaction() as tx:
            return VOIDINGS.send(tx, SENT, SOON)

    with ThreadPoolExecutor(8) as taps:
        assert sorted(taps.map(tap, range(8))) == [False] * 7 + [True]


def test_the_first_word_stands_and_an_undone_void_may_be_sent_again(tx: Connection) -> None:
    assert VOIDINGS.send(tx, SENT, SOON)
    assert VOIDINGS.confirming(tx, WEI) == {"D1"}
    assert VOIDINGS.settle(tx, "D1", VoidingState.UNDONE, "")
    assert not VOIDINGS.settle(tx, "D1", VoidingState.VOIDED, "")
    assert VOIDINGS.find(tx, WEI, "D1") == replace(SENT, state=VoidingState.UNDONE)
    assert VOIDINGS.confirming(tx, WEI) == frozenset()
    assert VOIDINGS.send(tx, replace(SENT, asker_id="person-2"), SOON)
    found = VOIDINGS.find(tx, WEI, "D1")
    assert found is not None and (found.asker_id, found.state) == ("person-2", VoidingState.CONFIRMING)


def test_another_persons_void_is_not_found(tx: Connection) -> None:
    VOIDINGS.send(tx, SENT, SOON)
    assert VOIDINGS.find(tx, person(1), "D1") is None
    assert VOIDINGS.confirming(tx, person(1)) == frozenset()


def test_what_is_due_is_claimed_once_and_ever_more_seldom(contribution_database: Database) -> None:
    with contribution_database.transaction() as tx:
        VOIDINGS.send(tx, SENT, SOON)
    with contribution_database.transaction() as tx:
        assert VOIDINGS.claim_due(tx, NOW, 20) == []
        (claimed,) = VOIDINGS.claim_due(tx, SOON, 20)
        assert claimed == SENT
        with contribution_database.transaction() as other:
            assert VOIDINGS.claim_due(other, SOON, 20) == [], "another replica does not wait for it"
        assert VOIDINGS.claim_due(tx, SOON, 20) == []
        (again,) = VOIDINGS.claim_due(tx, SOON + dt.timedelta(seconds=10), 20)
        assert again.looks == 1
        assert VOIDINGS.claim_due(tx, SOON + dt.timedelta(seconds=60), 20) == []
        VOIDINGS.settle(tx, "D1", VoidingState.VOIDED, "")
        assert tx.execute(select(voidings.c.next_look_at)).scalar_one() is None
