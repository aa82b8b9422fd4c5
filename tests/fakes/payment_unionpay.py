"""UnionPay without a network: pages and notifies are the real adapter's, answers are those a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.domain.orders import Order, Report, Trigger
from services.payment.domain.refunds import Refund, RefundReport, RefundStatus
from tests.fakes.payment_storage import FakeOrderStorage

DONE = RefundReport(RefundStatus.SUCCEEDED, "refund-transaction-1", 40000)
SILENCE = Report(Trigger.UNANSWERED, "query")


@dataclass
class FakeUnionPay:
    """`queried` and `closed` are what query and close say next; None: the order was never seen. `refunded` and
    `refund_known` are what refund and refund-query do."""

    config: Config
    storage: FakeOrderStorage
    queried: Report | None = None
    closed: Report | None = None
    refunded: RefundReport = DONE
    refund_known: RefundReport | None = None
    asked_back: list[Refund] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._real = connect(self.config)
        self.payment_page = self._real.payment_page
        self.read_notify = self._real.read_notify
        self.report_of = self._real.report_of

    def query(self, order: Order) -> Report | None:
        self._ask("query")
        return self.queried

    def close(self, order: Order) -> Report | None:
        self._ask("close")
        return self.closed

    def refund(self, order: Order, refund: Refund) -> RefundReport:
        self._ask("refund")
        self.asked_back.append(refund)
        return self.refunded

    def query_refund(self, order: Order, refund: Refund) -> RefundReport | None:
        self._ask("refund-query")
        return self.refund_known

    def _ask(self, call: str) -> None:
        assert self.storage.open_transactions == 0, "no transaction is held while UnionPay is asked"
        self.asked.append(call)
