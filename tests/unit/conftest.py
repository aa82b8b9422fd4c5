"""Unit tests run on the standard library as it is."""

from __future__ import annotations

import pytest
from eventlet import patcher


def pytest_collection_finish(session: pytest.Session) -> None:
    """A command or runner that a unit test imports patches sockets and threads for all of them: servers that tests
    run in threads then stand still."""
    ours = [
        item for item in session.items if item.path.is_relative_to(session.config.rootpath / "tests" / "unit")
    ]
    if len(ours) == len(session.items) and patcher.is_monkey_patched("socket"):
        raise pytest.UsageError(
            "a unit test imports what patches the standard library: test it in tests/integration"
        )
