"""People pay while everything around them is killed, restarted, lost and doubled; afterwards all books agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import make_plan
from tests.chaos.trial import Trial

_SEED = 20261123


@pytest.mark.full
@pytest.mark.timeout(540)
def test_nothing_is_lost_doubled_or_stuck_whatever_breaks(scratch: Path) -> None:
    trial = Trial(make_plan(payments=200, kills=None, seed=_SEED), scratch / "chaos", print)
    report = trial.run()
    print(report.text())  # noqa: T201
    assert report.violations == []
    assert report.paid >= 200
    assert report.kills >= 10
    assert all(incident.recovered is not None for incident in report.incidents)
