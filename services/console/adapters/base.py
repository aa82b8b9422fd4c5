"""What hashes passwords."""

from __future__ import annotations

from typing import Protocol


class Hasher(Protocol):
    """A slow hash of its own salt."""

    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether the hash is of this password. An empty hash is of none, and takes as long to find out."""
        ...
