"""Work that goes on by itself, as the gateway's use cases see it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from contract.errors import ContractError


class FakeAside:
    """Work is done at once; while `impatient`, only when `finish` says so, and nobody hears how it ended."""

    def __init__(self) -> None:
        self.impatient = False
        self._left: list[Callable[[], Any]] = []

    def run(self, work: Callable[[], Any]) -> Any:
        if not self.impatient:
            return work()
        self._left.append(work)
        return None

    def begin(self, work: Callable[[], Any]) -> None:
        self._left.append(work)

    def finish(self) -> None:
        """All that was begun comes to its end."""
        while self._left:
            with contextlib.suppress(ContractError):
                self._left.pop(0)()
