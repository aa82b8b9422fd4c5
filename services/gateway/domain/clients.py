"""Programs with an API key: known by the SHA-256 of the key, so that settings hold no key."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.domain.sessions import Session

_LISTED = re.compile(r"([\w-]{1,40}):([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Client:
    """Who calls: `name` tells callers apart and names nobody; `per_minute` is how often it may. `session` is a WeChat
    user's; a program with a key has none, and asks its own people for their consent."""

    name: str
    per_minute: int
    session: Session | None = None


def is_listing(text: str) -> bool:
    """Whether an entry of the setting is `name:sha256-of-the-key`."""
    return _LISTED.fullmatch(text) is not None


def name_of(key: str, listed: Sequence[str]) -> str | None:
    """The name under which a key is listed."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    names = [
        entry.partition(":")[0] for entry in listed if hmac.compare_digest(entry.partition(":")[2], digest)
    ]
    return names[0] if names else None
