"""`scripts/chaos`: break a running system while people pay, then compare all books."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import make_plan
from tests.chaos.trial import Trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--payments", type=int, default=200, help="journeys that must end paid (200)")
    parser.add_argument("--kills", type=int, help="workers killed (one per 25 payments, at least 12)")
    parser.add_argument("--seed", type=int, help="plan to carry out again (default: a new one)")
    parser.add_argument(
        "--keep", action="store_true", help="leave databases and logs behind, also after success"
    )
    asked = parser.parse_args()
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    state = Path(tempfile.mkdtemp(prefix="contribution-chaos-"))
    state.chmod(0o711)  # PostgreSQL runs as another user
    trial = Trial(make_plan(asked.payments, asked.kills, seed), state, _say)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _break_off(trial, state))
    report = trial.run()
    _say(report.text())
    if report.violations or asked.keep:
        _say(f"databases and logs: {state}")
    else:
        _remove(trial, state)
    return 1 if report.violations else 0


def _remove(trial: Trial, state: Path) -> None:
    trial.destroy()
    shutil.rmtree(state, ignore_errors=True)


def _break_off(trial: Trial, state: Path) -> None:
    """Leave nothing running and do not wait for the people who are on their way."""
    _remove(trial, state)
    os._exit(130)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
