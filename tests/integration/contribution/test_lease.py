"""Who may ask an upstream, on PostgreSQL: never two at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kit.database import Database
from kit.lease import Lease
from services.contribution.models import upstream_leases

SECONDS = 0.6


@pytest.fixture
def database(contribution_database: Database) -> Database:
    with contribution_database.transaction() as tx:
        tx.execute(upstream_leases.delete())
    return contribution_database


def test_one_has_it_until_it_ends(database: Database) -> None:
    first, second = (Lease(database, "tested", SECONDS) for _ in range(2))
    assert not first.outlasts(0)
    assert not first.take(), "the row is made by the first who asks"
    assert first.take() and first.outlasts(SECONDS / 2) and not first.outlasts(SECONDS)
    assert not second.take() and not second.outlasts(0)
    time.sleep(SECONDS / 2)
    assert first.take(), "its holder may prolong it"
    time.sleep(SECONDS * 0.7)
    assert not second.take(), "which counts from then"
    time.sleep(SECONDS * 0.5)
    assert not first.outlasts(0)
    assert second.take()
    assert not first.take()


def test_who_gives_it_back_leaves_it_to_the_next_at_once(database: Database) -> None:
    first, second = (Lease(database, "tested", 60) for _ in range(2))
    first.take()
    assert first.take() and not second.take()
    second.release()
    assert first.outlasts(30) and not second.take(), "only its holder can"
    first.release()
    assert not first.outlasts(0)
    assert second.take()


def test_each_upstream_has_its_own(database: Database) -> None:
    for upstream in ("one", "other"):
        lease = Lease(database, upstream, 60)
        lease.take()
        assert lease.take()


def test_of_many_who_take_at_once_one_has_it_at_any_time(database: Database) -> None:
    """Eight threads take, hold while it lasts, and sometimes give back; two who both believe they hold it fail."""
    Lease(database, "tested", SECONDS).take()
    holders, most, taken = set(), [], []
    guard = threading.Lock()
    until = time.monotonic() + 4

    def contend(number: int) -> None:
        lease = Lease(database, "tested", SECONDS)
        while time.monotonic() < until:
            if not lease.take():
                continue
            with guard:
                holders.add(number)
                most.append(len(holders))
                taken.append(number)
            time.sleep(SECONDS / 10)
            with guard:
                holders.discard(number)
            if number % 2:
                lease.release()
            else:
                time.sleep(SECONDS)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(contend, number) for number in range(8)]:
            done.result()
    assert max(most) == 1
    assert len(set(taken)) > 1, "it went from one to another"
