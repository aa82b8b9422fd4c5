"""The other services, as the gateway's use cases see them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from contract.rpc import Method
from tests.fakes.gateway_storage import FakeTransactions


class FakePeers:
    """Answers each method with what was set for it: a payload, an error to raise, or a function of the request.

    Fails the test when a peer is asked while a transaction is open.
    """

    def __init__(self, transactions: FakeTransactions) -> None:
        self._transactions = transactions
        self._answers: dict[str, Any] = {}
        self.asked: dict[str, list[Any]] = defaultdict(list)

    def answer(self, method: Method[Any, Any], answer: Any) -> None:
        self._answers[method.name] = answer

    def call(self, method: Method[Any, Any], request: Any) -> Any:
        assert self._transactions.open == 0, "a transaction is open while the network is asked"
        assert isinstance(request, method.request)
        self.asked[method.name].append(request)
        answer = self._answers[method.name]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, method.answer)
        return answer
