"""The restore drill of scripts/deploy-test measures what was lost and how long it took, and fails on too much."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.deploy import trials
from tests.deploy.trials import Findings

LAST = dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC)


class Town:
    """People who pay, all of them to the end."""

    @contextlib.contextmanager
    def paying(self, journeys: int, *_: Any, **__: Any) -> Iterator[Any]:
        yield SimpleNamespace(travelled=[], troubles=0)

    def pays_through(self) -> float:
        return 3.5


class Machines:
    """A database whose disk is lost; the backup ends `lost` seconds before."""

    def __init__(self, lost: float) -> None:
        self.did: list[str] = []
        self.project = SimpleNamespace(variables={}, name="drill")
        self.postgresql, self._lost = self, lost

    def container(self) -> Any:
        return SimpleNamespace(kill_for_good=lambda: self.did.append("lost"))

    def run(self, statement: str, database: str) -> list[tuple[dt.datetime]]:
        assert (statement, database) == ("SELECT max(created_at) FROM orders", "payment")
        restored = "deploy/restore" in self.did
        return [(LAST - dt.timedelta(seconds=self._lost if restored else 0),)]

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
    assert f"RPO {lost:6.1f} s" in told and "RTO" in told and "a payment is through" in told
    assert (found.wrong == []) is right
