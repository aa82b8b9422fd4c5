"""Whole systems for tests, each started once, by the first test that asks for it, and stopped at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.leftovers import stop_leftovers
from deploy.local.process import Daemon, free_base
from deploy.local.system import EmbeddedSystem, FullSystem

_PREFIX = "contribution-test-"


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A directory for what this run starts. What earlier, killed runs left behind is stopped and removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not Daemon("tests", old).alive:
            _clear(old)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    path.chmod(0o711)  # PostgreSQL runs as another user
    Daemon("tests", path).record_self()
    yield path
    _clear(path)


@pytest.fixture(scope="session")
def embedded_system(scratch: Path) -> Iterator[EmbeddedSystem]:
    """The product in one process with its sandbox, as `scripts/run` starts it."""
    with EmbeddedSystem(scratch / "embedded", free_base()) as system:
        yield system


@pytest.fixture(scope="session")
def full_system(scratch: Path) -> Iterator[FullSystem]:
    """The product on RabbitMQ and PostgreSQL as `scripts/run --full` starts it, with payment twice."""
    with FullSystem(scratch / "full", free_base(), replicas={"payment": 2}) as system:
        yield system


def _clear(scratch: Path) -> None:
    for state in scratch.glob("*/secrets.env"):
        stop_leftovers(state.parent)
    shutil.rmtree(scratch, ignore_errors=True)
