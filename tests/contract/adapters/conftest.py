"""One sandbox for all adapters; every test uses its own order or puts back what it set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox
