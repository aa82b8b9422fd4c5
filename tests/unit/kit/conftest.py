"""Keys for personal fields; they protect nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.database import Database
from kit.inbox import Inbox, inbox_table
from kit.migrations import new_metadata
from kit.outbox import Outbox, outbox_table

metadata = new_metadata()
_outbox_table = outbox_table(metadata)
_inbox_table = inbox_table(metadata)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite file with an outbox and an inbox, as in embedded mode."""
    database = Database(f"sqlite:///{tmp_path / 'kit.sqlite3'}")
    with database.transaction() as tx:
        metadata.create_all(tx)
    yield database
    database.engine.dispose()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(_outbox_table, "payment")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(_inbox_table)
