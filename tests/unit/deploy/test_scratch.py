"""Scratch directories clean up after runs that could not do so themselves, and leave the living alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

from deploy.local.process import Daemon, Identity
from deploy.local.scratch import clear_abandoned, scratch
from deploy.local.settings import INSTANCE

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def _instance(parent: Path, owner_lives: bool) -> tuple[Path, subprocess.Popen[bytes]]:
    path = parent / f"contribution-{'alive' if owner_lives else 'dead'}"
    state = path / "full"
    state.mkdir(parents=True)
    (state / "secrets.env").touch()
    owner = Daemon("owner", path)
    owner.record_self()
    if not owner_lives:
        present = owner.identity
        assert isinstance(present, Identity)
        owner.record.write_text(json.dumps(asdict(replace(present, started=present.started - 1))))
    return path, subprocess.Popen(SLEEP, env={INSTANCE: str(state)})


def test_what_a_killed_run_left_is_stopped_and_deleted(tmp_path: Path) -> None:
    path, process = _instance(tmp_path, owner_lives=False)
    clear_abandoned(tmp_path)
    assert process.wait(10) != 0
    assert not path.exists()


def test_a_run_that_still_lives_is_left_alone(tmp_path: Path) -> None:
    path, process = _instance(tmp_path, owner_lives=True)
    try:
        clear_abandoned(tmp_path)
        assert process.poll() is None
        assert path.exists()
    finally:
        process.kill()
        process.wait()


def test_a_directory_without_an_owner_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "contribution-of-somebody").mkdir()
    clear_abandoned(tmp_path)
    assert (tmp_path / "contribution-of-somebody").exists()


def test_scratch_is_deleted_at_the_end() -> None:
    with scratch("unit") as path:
        assert path.stat().st_mode & 0o777 == 0o711
    assert not path.exists()
