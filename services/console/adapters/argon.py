"""argon2id (RFC 9106): 64 MiB and three passes for every guess."""

from __future__ import annotations

import functools

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from eventlet import tpool

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


class Argon:
    """Hashes where it is called: for the command line."""

    def hash(self, password: str) -> str:
        return _HASHER.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        """As Hasher says."""
        try:
            return _HASHER.verify(password_hash or _nobodys(), password) and bool(password_hash)
        except (Argon2Error, InvalidHashError):
            return False


class ArgonOfItsOwn(Argon):
    """Hashes in a thread: a tenth of a second that does not yield would keep every other request waiting."""

    def hash(self, password: str) -> str:
        hashed: str = tpool.execute(super().hash, password)
        return hashed

    def verify(self, password_hash: str, password: str) -> bool:
        """As Hasher says."""
        return bool(tpool.execute(super().verify, password_hash, password))


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's")
