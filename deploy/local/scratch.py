"""Directories for systems that live only as long as a test run, a chaos run or a bench."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.local.leftovers import stop_leftovers
from deploy.local.process import Daemon

_PREFIX = "contribution-"
_OWNER = "owner"


@contextlib.contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A directory that is emptied of processes and deleted at the end of the block.

    What runs that were killed left behind, processes and files, is cleared away first.
    """
    clear_abandoned(Path(tempfile.gettempdir()))
    path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-"))
    path.chmod(0o711)  # PostgreSQL runs as another user
    Daemon(_OWNER, path).record_self()
    try:
        yield path
    finally:
        _clear(path)


def clear_abandoned(parent: Path) -> None:
    """Stop and delete what is in scratch directories whose owner no longer lives."""
    for path in parent.glob(f"{_PREFIX}*"):
        owner = Daemon(_OWNER, path)
        if owner.record.exists() and not owner.alive:
            _clear(path)


def _clear(path: Path) -> None:
    for state in (path, *(child for child in path.iterdir() if child.is_dir())):
        if (state / "secrets.env").exists():
            stop_leftovers(state)
    shutil.rmtree(path, ignore_errors=True)
