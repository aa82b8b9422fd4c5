"""Whole systems for tests, each started once, by the first test that asks for it, and stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eventlet import patcher
from hypothesis import settings

from deploy.local import scratch as local
from deploy.local.process import free_base
from deploy.local.system import EmbeddedSystem, FullSystem
from tests.factories import keys

__all__ = ["keys"]  # in the environment before anything else looks for them

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")  # how long an example takes says nothing where others work too


def pytest_collection_finish(session: pytest.Session) -> None:
    """A command or runner that is imported patches sockets and threads of the whole run: servers that other tests run
    in threads then stand still. Integration tests live with that."""
    integration = session.config.rootpath / "tests" / "integration"
    if patcher.is_monkey_patched("socket") and not any(
        one.path.is_relative_to(integration) for one in session.items
    ):
        raise pytest.UsageError(
            "a test imports what patches the standard library: it belongs into tests/integration"
        )


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A directory for what this run starts."""
    with local.scratch("test") as path:
        yield path


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
