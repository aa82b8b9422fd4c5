"""Which other tax systems may tell of payments, and the keys they name people by (docs/adr/0019)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contract.external import key_text
from contract.people import Person
from kit.crypto import hmac_sm3

_ENTRY = re.compile(r"(/[a-z0-9-]+(?:/[a-z0-9-]+)*)=([0-9a-f]{64})")


class BadPublishers(ValueError):
    """The setting cannot be used; the message never repeats a key."""


class Publishers:
    """The systems by their CloudEvents `source`, each with one key, or two while it changes over."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def parse(cls, entries: Sequence[str]) -> Publishers:
        """From settings like `/wechat-city=<64 hex digits>`. Raises BadPublishers."""
        found = [_ENTRY.fullmatch(entry) for entry in entries]
        if not all(found):
            raise BadPublishers("expected /SOURCE=64-HEX-DIGITS, comma separated")
        return cls([(entry[1], bytes.fromhex(entry[2])) for entry in found if entry])

    def know(self, source: str) -> bool:
        return any(source == known for known, _ in self._keys)

    def keys_of(self, person: Person) -> list[str]:
        """What the person may be called in their events: one key for each of theirs."""
        return [hmac_sm3(key, key_text(person)).hex() for _, key in self._keys]
