"""The journal as who audits reads it (security.md 12). Served by every service that keeps one, of its own acts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.rpc import Method

MOST = 200


@dataclass(frozen=True)
class ListActs:
    """The newest acts; of one actor, about one target, of one kind (contract.audit.Action), where named."""

    actor: str = ""
    target: str = ""
    action: str = ""
    limit: int = 100


@dataclass(frozen=True)
class ActSeen:
    """One act. `action` and `label` are its kind for programs and in Chinese, `detail` is what else was said of it;
    `sequence` is its place in the chain, None for a moment; `intact` is whether its seal holds."""

    at: dt.datetime
    actor: str
    origin: str
    action: str
    label: str
    target: str
    result: str
    purpose: str
    detail: str
    sequence: int | None
    intact: bool


@dataclass(frozen=True)
class ActsSeen:
    """Newest first, MOST at most."""

    acts: tuple[ActSeen, ...]


KEEPERS = ("gateway", "identity", "contribution", "payment", "notify", "certificate")
"""The services whose journals are read over the bus; the console reads its own."""

LIST_ACTS = {name: Method(name, "list_acts", ListActs, ActsSeen) for name in KEEPERS}
