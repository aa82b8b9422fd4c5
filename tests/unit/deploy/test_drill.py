"""The restore drill of scripts/deploy-test measures what was lost and how long it took, and fails on too much."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.deploy import trials
from tests.deploy.findings import Findings

LAST = dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC)


class Town:
    """People who pay, all of them to the end; two payments are in no database after the restore."""

    @contextlib.contextmanager
    def paying(self, journeys: int, *_: Any, **__: Any) -> Iterator[Any]:
        yield SimpleNamespace(travelled=[], met=Counter())

    @contextlib.contextmanager
    def paying_meanwhile(self) -> Iterator[Any]:
        crowd = SimpleNamespace(enough=threading.Event())
        yield SimpleNamespace(crowd=crowd, wait_for_more=lambda _: None)
        assert crowd.enough.is_set(), "nobody begins to pay while nothing is there"

    def unknown_payments(self) -> int:
        return 2

    def pays_through(self) -> Any:
        return SimpleNamespace(seconds=3.5)


class Machines:
    """A database whose disk is lost; the backup ends `lost` seconds before."""

    def __init__(self, lost: float) -> None:
        self.did: list[str] = []
        self.project = SimpleNamespace(
            variables={}, name="drill", files=("docker-compose.yml",), containers=self._containers
        )
        self.clustered, self.postgresql, self._lost = False, self, lost

    def _containers(self, service: str) -> list[Any]:
        lost = SimpleNamespace(kill_for_good=lambda: self.did.append("lost"))
        return [lost] if service == "postgresql" else []

    def run(self, statement: str, database: str) -> list[tuple[int, dt.datetime]]:
        assert statement.startswith("SELECT count(*), max(created_at) FROM orders") and database == "payment"
        restored = "deploy/restore" in self.did
        return [(98 if restored else 100, LAST - dt.timedelta(seconds=self._lost if restored else 0))]

    def wait_ready(self) -> None:
        self.did.append("ready")


@pytest.mark.parametrize(("lost", "right"), [(0, True), (31.5, True), (61, False)])
def test_the_drill_tells_rpo_and_rto_and_fails_on_too_much(
    monkeypatch: pytest.MonkeyPatch, lost: float, right: bool
) -> None:
    machines, said = Machines(lost), list[str]()
    monkeypatch.setattr(trials, "run", lambda command, _: machines.did.append(command[0]))
    found = Findings(said.append)
    trials.restoring(machines, Town(), found, 10)  # type: ignore[arg-type]
    assert machines.did == ["deploy/backup", "lost", "deploy/restore", "ready"]
    told = "\n".join(said)
    assert (
        f"{lost:6.1f} s  RPO: 98 of 100 orders" in told and "RTO" in told and "a payment is through" in told
    )
    assert "2 payments that UnionPay took are left to reconciliation" in told
    assert (found.wrong == []) is right
