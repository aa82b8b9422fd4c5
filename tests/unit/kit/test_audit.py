"""The journal: acts are added, chained once and in order, and whatever happens to them afterwards is found."""

from __future__ import annotations

import datetime as dt
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from contract.audit import Act, Action
from kit import telemetry
from kit.audit import Journal, anchors, command_line, journal_table
from kit.audit.checking import Fault, check
from kit.audit.tables import STREAMED
from kit.database import Database
from kit.migrations import new_metadata
from kit.seals import SealedRow
from tests.factories.transactions import rolled_back

NOW = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
metadata = new_metadata()
journal_table(metadata)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    with database.transaction() as tx:
        metadata.create_all(tx)
    yield database
    database.engine.dispose()


@pytest.fixture
def journal() -> Journal:
    return Journal()


def act(number: int = 1, **changed: object) -> Act:
    values: dict[str, object] = {
        "actor": "resident:p-1",
        "action": Action.ORDER_PLACED,
        "target": f"order:{number}",
    }
    return Act(**values | changed)  # type: ignore[arg-type]


def add(database: Database, journal: Journal, *acts: Act) -> list[str]:
    with database.transaction() as tx:
        return [journal.add(tx, one, NOW + dt.timedelta(seconds=place)) for place, one in enumerate(acts)]


def chain(database: Database, journal: Journal, limit: int = 500) -> int:
    with database.transaction() as tx:
        return journal.chain(tx, limit, NOW)


def found(
    database: Database, journal: Journal, told: tuple[anchors.Anchor, ...] = ()
) -> list[tuple[Fault, str]]:
    with database.snapshot() as snapshot:
        return [(finding.fault, finding.subject) for finding in check(snapshot, journal, LATER, told)]


def alter(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as tx:
        tx.execute(text(statement), values)


def test_an_act_is_there_exactly_when_its_transaction_is(database: Database, journal: Journal) -> None:
    with rolled_back(database) as tx:
        journal.add(tx, act(), NOW)
    add(database, journal, act(2))
    with database.read() as connection:
        (only,) = journal.latest(connection)
    assert (only.target, only.actor, only.action, only.result) == (
        "order:2",
        "resident:p-1",
        "order.placed",
        "ok",
    )


def test_what_was_chained_is_whole(database: Database, journal: Journal) -> None:
    add(database, journal, *(act(number) for number in range(7)))
    assert chain(database, journal, limit=3) == 3
    while chain(database, journal):
        pass
    assert found(database, journal) == []
    with database.read() as connection:
        acts = journal.after(connection, 0, 100)
        assert journal.waiting(connection) == 0
    assert [one.target for one in acts] == [f"order:{number}" for number in range(7)], (
        "in the order they came"
    )
    assert [one.sequence for one in acts] == list(range(1, 8))


CHANGES: list[tuple[str, list[tuple[Fault, str]]]] = [
    ("UPDATE journal SET actor = 'resident:p-2' WHERE sequence = 3", [(Fault.EDITED, "3")]),
    ("UPDATE journal SET detail = '{\"amount\": 1}' WHERE sequence = 3", [(Fault.EDITED, "3")]),
    ("UPDATE journal SET rows = NULL WHERE sequence = 3", [(Fault.EDITED, "3")]),
    ("UPDATE journal SET rows = X'01' WHERE sequence = 3", [(Fault.EDITED, "3")]),
    ("UPDATE journal SET link = (SELECT link FROM journal WHERE sequence = 2) WHERE sequence = 3",
     [(Fault.MOVED, "3"), (Fault.MOVED, "4")]),
    ("DELETE FROM journal WHERE sequence = 3", [(Fault.REMOVED, "3")]),
    ("DELETE FROM journal WHERE sequence IN (2, 3)", [(Fault.REMOVED, "2-3")]),
    ("DELETE FROM journal WHERE sequence = 1", [(Fault.REMOVED, "1")]),
    ("DELETE FROM journal WHERE sequence > 3", [(Fault.SHORTENED, "4-5")]),
    ("UPDATE journal_marks SET sequence = 4 WHERE mark = 'chained'",
     [(Fault.MARK, "chained"), (Fault.MOVED, "5")]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), CHANGES, ids=[statement for statement, _ in CHANGES])
def test_a_change_with_sql_is_found(
    database: Database, journal: Journal, statement: str, expected: list[tuple[Fault, str]]
) -> None:
    with database.transaction() as tx:
        for number in range(5):
            journal.add(
                tx, act(number), NOW + dt.timedelta(seconds=number), [SealedRow("orders", {"amount": 40000})]
            )
    chain(database, journal)
    alter(database, statement)
    assert found(database, journal) == expected


def test_two_acts_that_changed_places_are_found(database: Database, journal: Journal) -> None:
    add(database, journal, *(act(number) for number in range(4)))
    chain(database, journal)
    alter(database, "UPDATE journal SET sequence = 99 WHERE sequence = 2")
    alter(database, "UPDATE journal SET sequence = 2 WHERE sequence = 3")
    alter(database, "UPDATE journal SET sequence = 3 WHERE sequence = 99")
    assert [fault for fault, _ in found(database, journal)] == [Fault.MOVED] * 3


def test_an_act_that_never_got_its_place_is_found_and_a_fresh_one_is_not(
    database: Database, journal: Journal
) -> None:
    (act_id,) = add(database, journal, act())
    assert found(database, journal) == [(Fault.UNCHAINED, act_id)]
    with database.snapshot() as snapshot:
        assert list(check(snapshot, journal, NOW + dt.timedelta(minutes=1))) == []


def test_a_copy_of_an_act_cannot_be_added(database: Database, journal: Journal) -> None:
    add(database, journal, act())
    with pytest.raises(Exception, match="UNIQUE"):
        alter(database, "INSERT INTO journal SELECT * FROM journal")


def test_a_shortened_journal_whose_mark_was_put_back_contradicts_its_anchor(
    database: Database, journal: Journal, tmp_path: Path
) -> None:
    add(database, journal, act(1), act(2))
    chain(database, journal)
    with database.read() as connection:
        (old,) = connection.execute(text("SELECT * FROM journal_marks WHERE mark = 'chained'")).mappings()
    add(database, journal, act(3))
    chain(database, journal)
    anchored(database, journal, tmp_path)
    alter(database, "DELETE FROM journal WHERE sequence = 3")
    alter(
        database, "UPDATE journal_marks SET sequence = :sequence, link = :link, at = :at, seal = :seal"
        " WHERE mark = 'chained'", **{name: old[name] for name in ("sequence", "link", "at", "seal")},
    )  # fmt: skip
    assert found(database, journal) == [], "the database alone cannot tell"
    assert found(database, journal, tuple(anchors.read(tmp_path, "payment"))) == [(Fault.ANCHOR, "3")]


def anchored(database: Database, journal: Journal, to: Path) -> anchors.Anchor | None:
    with database.transaction() as tx:
        return anchors.export(tx, journal, "payment", to, NOW)


def test_anchors_that_fit_say_nothing(database: Database, journal: Journal, tmp_path: Path) -> None:
    add(database, journal, act(1), act(2))
    chain(database, journal)
    anchored(database, journal, tmp_path)
    add(database, journal, act(3))
    chain(database, journal)
    told = tuple(anchors.read(tmp_path / "payment.jsonl", "payment"))
    assert [anchor.sequence for anchor in told] == [2]
    assert found(database, journal, told) == []
    (tmp_path / "payment.jsonl").write_text("{}\n")
    with pytest.raises(anchors.BadAnchors):
        list(anchors.read(tmp_path, "payment"))


def test_an_anchor_is_due_once_a_day_when_something_was_added(
    database: Database, journal: Journal, tmp_path: Path
) -> None:
    day = dt.timedelta(days=1)
    with database.transaction() as tx:
        assert not anchors.due(tx, journal, NOW, day), "nothing is chained"
    add(database, journal, act(1))
    chain(database, journal)
    with database.transaction() as tx:
        assert anchors.due(tx, journal, NOW, day)
    anchored(database, journal, tmp_path)
    add(database, journal, act(2))
    chain(database, journal)
    with database.transaction() as tx:
        assert not anchors.due(tx, journal, NOW + day / 2, day)
        assert anchors.due(tx, journal, NOW + day, day)


def test_old_acts_are_forgotten_from_the_beginning_and_the_rest_stays_whole(
    database: Database, journal: Journal
) -> None:
    add(database, journal, *(act(number) for number in range(5)))
    chain(database, journal)
    before = NOW + dt.timedelta(seconds=3)
    with database.transaction() as tx:
        assert journal.forget(tx, before, 2, 500, NOW) == 2, "the collector has two"
        assert journal.forget(tx, before, None, 500, NOW) == 1
    assert found(database, journal) == []
    alter(database, "DELETE FROM journal WHERE sequence = 4")
    assert found(database, journal) == [(Fault.REMOVED, "4")]


def test_the_words_of_an_act_never_make_it_fail_and_never_carry_a_number(
    database: Database, journal: Journal
) -> None:
    add(
        database,
        journal,
        act(purpose="查" * 500, detail={"who": "45010319780612204X", "phone": "13800138000"}),
    )
    with database.read() as connection:
        (kept,) = journal.latest(connection)
    assert kept.purpose == "查" * 200
    assert kept.detail == {"who": "[redacted]", "phone": "[redacted]"}


def test_the_rows_of_an_act_are_encrypted_and_read_back(database: Database, journal: Journal) -> None:
    row = SealedRow("order_lines", {"insured_number": "45010319780612204X", "amount": 40000})
    with database.transaction() as tx:
        journal.add(tx, act(), NOW, [row])
    with database.read() as connection:
        (kept,) = journal.latest(connection)
    assert b"45010319780612204X" not in kept.raw_rows
    assert journal.rows_of(kept) == [row]


def test_an_act_knows_the_address_of_its_work(database: Database, journal: Journal) -> None:
    telemetry.originate("203.0.113.9")
    add(database, journal, act(1), act(2, origin="203.0.113.7"))
    telemetry.originate("not an address")
    add(database, journal, act(3))
    with database.read() as connection:
        origins = {one.target: one.origin for one in journal.latest(connection)}
    assert origins == {"order:1": "203.0.113.9", "order:2": "203.0.113.7", "order:3": ""}


def test_an_act_of_a_command_line_says_from_which_account_it_came(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    @command_line
    def main() -> int:
        add(database, journal, act(actor="staff:whoever"))
        return 0

    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert main() == 0
    with database.read() as connection:
        (told,) = journal.latest(connection)
    assert (told.actor, told.origin) == ("staff:whoever", f"cli:{pwd.getpwuid(os.getuid()).pw_name}")
    assert telemetry.origin() == "", "what comes after it is other work"


def test_acts_are_found_by_who_what_and_kind(database: Database, journal: Journal) -> None:
    add(database, journal, act(1), act(2, actor="staff:gx0007"), act(3, action=Action.REFUND_WANTED))
    with database.read() as connection:
        assert [one.target for one in journal.latest(connection)] == ["order:3", "order:2", "order:1"]
        assert [one.target for one in journal.latest(connection, actor="staff:gx0007")] == ["order:2"]
        assert [one.target for one in journal.latest(connection, target="order:1")] == ["order:1"]
        assert [one.target for one in journal.latest(connection, action=Action.REFUND_WANTED)] == ["order:3"]
        assert journal.mark(connection, STREAMED).sequence == 0


def test_every_action_has_a_name_in_chinese() -> None:
    assert len({action.label for action in Action}) == len(Action)
