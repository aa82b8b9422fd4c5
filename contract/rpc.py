"""What an RPC is: a name, a request, an answer, and how it travels (design.md §4, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from contract.errors import ContractError

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Method(Generic[Request, Answer]):
    """One RPC of one service.

    `deadline` is how long, in seconds, a caller waits; the message expires with it and a worker drops what is
    past it. `command` marks a call that changes something: it is confirmed by the broker and must be
    idempotent; all others are reads and travel light. `upstream` names the outside party that serving it asks, where
    that party may be asked only so much at once: such requests wait in a queue of their own (kit.limiter).
    """

    service: str
    name: str
    request: type[Request]
    answer: type[Answer]
    errors: tuple[type[ContractError], ...] = ()
    deadline: float = 5.0
    command: bool = False
    upstream: str = ""

    def __post_init__(self) -> None:
        if any(known.service == self.service and known.name == self.name for known in METHODS):
            raise TypeError(f"{self.service}.{self.name} is defined twice")
        METHODS.append(self)


METHODS: list[Method[Any, Any]] = []
"""Every method defined so far; `contract.catalogue` imports all of them."""
