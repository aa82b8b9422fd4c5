"""Batches in PostgreSQL: whole and sealed, edited from several tabs, asked about by several gateways at once."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from contract.household import Insured
from contract.insurance import InsuranceType
from contract.people import DocumentType, Person
from kit.clock import SetClock
from kit.database import Database
from services.gateway.domain.batches import AT_ONCE, Batch, BatchState, Line, LineState, Sheet, Terms
from services.gateway.domain.waiting import ASKING
from services.gateway.storage.batches import Batches
from services.gateway.storage.journeys import Journeys
from services.gateway.storage.sessions import Sessions
from services.gateway.usecases import batches
from services.gateway.usecases.journeys import draft_for
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_aside import FakeAside
from tests.fakes.gateway_peers import FakePeers
from tests.fakes.gateway_storage import FakeTransactions
from tests.unit.gateway.conftest import LIFE, NOW, PAYER, PENSION, enrolment, quoted
from tests.unit.gateway.test_batches import insured_of, typed

BATCHES = Batches()
TERMS = Terms(InsuranceType.PENSION, 2026, reminder_phone=PAYER.phone)
BATCH = Batch("batch-1", PAYER.person_id, BatchState.OPEN, TERMS, 1, NOW, NOW)
SINCE = NOW - ASKING


def line(serial: int) -> Line:
    person = Person(DocumentType.RESIDENT_ID, f"45010319780612{serial:04d}", f"韦某{serial}")
    draft = draft_for(PAYER, Insured(f"relation-{serial}", person, "13900139000", None))
    return Line(f"line-{serial}", BATCH.batch_id, serial, replace(draft, selection=TERMS.selection))


@pytest.fixture
def kept(database: Database) -> Database:
    """A batch of six people."""
    with database.transaction() as tx:
        assert BATCHES.add(tx, BATCH)
        BATCHES.add_lines(tx, [line(serial) for serial in (3, 1, 2, 4, 5, 6)])
    return database


@pytest.fixture
def ports(database: Database) -> Ports:
    peers = FakePeers(FakeTransactions())
    return Ports(database, Sessions(), Journeys(), BATCHES, peers, SetClock(NOW), FakeAside())


@contextmanager
def at_once(*works: Callable[[], Any]) -> Iterator[list[Any]]:
    """All of them at the same moment; what they return or raise."""
    gate, ended = threading.Barrier(len(works)), list[Any]()

    def run(work: Callable[[], Any]) -> None:
        gate.wait()
        try:
            ended.append(work())
        except Exception as error:
            ended.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    yield ended


def test_a_batch_is_whole_again_in_its_order_and_sealed(kept: Database) -> None:
    answered = replace(line(2).draft, enrolment=enrolment(PENSION), quoted=quoted(), quote_expires_at=NOW)
    with kept.transaction() as tx:
        saved = BATCHES.save_line(tx, line(2).settled(answered))
    with kept.read() as tx:
        assert BATCHES.find(tx, PAYER.person_id, BATCH.batch_id) == BATCH
        assert BATCHES.find(tx, "person-2", BATCH.batch_id) is None
        lines = BATCHES.lines(tx, BATCH.batch_id)
        assert [one.position for one in lines] == [1, 2, 3, 4, 5, 6]
        assert lines[1] == saved == BATCHES.find_line(tx, BATCH.batch_id, "line-2")
        assert BATCHES.find_line(tx, "batch-2", "line-2") is None
        raw = [bytes(draft) for (draft,) in tx.execute(text("SELECT draft FROM batch_lines"))]
        raw += [bytes(terms) for (terms,) in tx.execute(text("SELECT terms FROM batches"))]
    for plain in ("韦某", "45010319780612", "13900139000", "13800138000"):
        assert all(plain.encode() not in value for value in raw)


def test_a_payer_has_one_open_batch(kept: Database) -> None:
    other = replace(BATCH, batch_id="batch-2")
    with kept.transaction() as tx:
        assert not BATCHES.add(tx, other)
        BATCHES.leave_open(tx, PAYER.person_id, NOW)
        assert BATCHES.add(tx, other)
        assert BATCHES.find_open(tx, PAYER.person_id, NOW) == other
        assert BATCHES.find_open(tx, PAYER.person_id, NOW + dt.timedelta(seconds=1)) is None


def test_of_two_edits_of_one_line_one_is_kept_and_of_two_lines_both(kept: Database) -> None:
    first, second = line(1), line(2)

    def save(one: Line) -> Line | None:
        with kept.transaction() as tx:
            return BATCHES.save_line(tx, one)

    with at_once(lambda: save(first), lambda: save(first), lambda: save(second)) as saved:
        kept_lines = Counter(one.line_id for one in saved if one is not None)
    assert kept_lines == {"line-1": 1, "line-2": 1}


def test_nobody_is_asked_about_by_two_and_no_more_than_a_few_at_once(kept: Database) -> None:
    def claim() -> Line | None:
        with kept.transaction() as tx:
            return BATCHES.claim_line(tx, BATCH.batch_id, NOW, SINCE, AT_ONCE)

    with at_once(*[claim] * 8) as claimed:
        lines = [one.line_id for one in claimed if one is not None]
    assert len(lines) == len(set(lines)) == AT_ONCE
    with kept.read() as tx:
        progress = BATCHES.progress(tx, BATCH.batch_id, SINCE)
    assert (progress.total, progress.waiting, progress.asking) == (6, 6, AT_ONCE)
    assert progress.ticket in lines


def test_a_line_whose_asker_died_is_claimed_again_and_a_settled_one_never(kept: Database) -> None:
    later = NOW + ASKING + dt.timedelta(seconds=1)
    with kept.transaction() as tx:
        for serial in (2, 3, 4, 5, 6):
            BATCHES.save_line(tx, replace(line(serial), state=LineState.SETTLED))
        first = BATCHES.claim_line(tx, BATCH.batch_id, NOW, SINCE, AT_ONCE)
        assert BATCHES.claim_line(tx, BATCH.batch_id, NOW, SINCE, AT_ONCE) is None
        again = BATCHES.claim_line(tx, BATCH.batch_id, later, later - ASKING, AT_ONCE)
        assert first is not None and again is not None
        assert again.line_id == first.line_id == "line-1"
        assert BATCHES.save_line(tx, first) is None, "who was thought dead comes too late"
        BATCHES.leave_open(tx, PAYER.person_id, NOW)
        assert BATCHES.claim_line(tx, BATCH.batch_id, later + ASKING, later, AT_ONCE) is None


def test_the_same_person_added_from_two_tabs_is_listed_once(ports: Ports) -> None:
    ports.peers.answer(batches.household.name_insured, insured_of)  # type: ignore[attr-defined]
    batch = batches.start_batch(PAYER, LIFE, ports)

    def add() -> Any:
        return batches.add_people(PAYER, batch, [typed(1), typed(2)], ports)

    with at_once(add, add, add) as ended:
        assert sorted(map(len, ended)) == [0, 2, 2]
    sheet = batches.read_sheet(batch, ports)
    assert isinstance(sheet, Sheet)
    assert sorted(one.draft.insured.name for one in sheet.lines) == ["某1", "某2"]


def test_an_answer_does_not_undo_what_was_chosen_meanwhile(ports: Ports, kept: Database) -> None:
    """The payer takes another year for everybody while somebody is being asked about."""
    with kept.transaction() as tx:
        claimed = BATCHES.claim_line(tx, BATCH.batch_id, NOW, SINCE, AT_ONCE)
    assert claimed is not None
    batches.choose_terms(BATCH, InsuranceType.MEDICAL, 2027, ports)
    with kept.transaction() as tx:
        assert BATCHES.save_line(tx, claimed.settled(replace(claimed.draft, quoted=quoted()))) is None
        lines = BATCHES.lines(tx, BATCH.batch_id)
    assert {(one.state, one.draft.selection.year, one.draft.quoted) for one in lines} == {
        (LineState.WAITING, 2027, None)
    }


def test_with_a_batch_its_lines_are_forgotten(kept: Database) -> None:
    with kept.transaction() as tx:
        assert BATCHES.prune(tx, NOW) == 0
        assert BATCHES.remove_of_payer(tx, "person-2") == 0
        assert BATCHES.remove_of_payer(tx, PAYER.person_id) == 1
        assert tx.execute(text("SELECT count(*) FROM batch_lines")).scalar_one() == 0
