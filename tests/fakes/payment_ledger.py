"""UnionPay without a network that keeps books of its own: who paid what, what it gave back, and whether it answers."""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from kit.clock import SetClock, china
from sandbox.signatures import communication_key_sign
from services.payment.adapters.reading import report_of
from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.domain.orders import Order, Report, Trigger
from services.payment.domain.refunds import Refund, RefundReport, RefundStatus
from tests.fakes.payment_orders import KEY, paid_fields


class Answer(enum.StrEnum):
    """What becomes of a request to give money back."""

    DONE = "done"
    PROCESSING = "processing"
    LOST = "lost"  # done, and nobody hears of it
    NOT_HEARD = "not_heard"  # never arrived
    FAILED = "failed"
    REFUSED = "refused"
    DEATH = "death"  # done, and whoever asked dies


class Died(Exception):
    """The process ended while it waited for UnionPay."""


@dataclass
class Account:
    """One order as UnionPay knows it; `payments` by transaction, in fen."""

    closed: bool = False
    payments: dict[str, tuple[int, dt.datetime]] = field(default_factory=dict)


@dataclass
class LedgerUnionPay:
    """An order is known once its payer has seen the page. UnionPay answers unless it is `silent`; what becomes of
    refunds is `answer`. It gives back whatever it is asked for: that it is never too much is for us to see to."""

    config: Config
    clock: SetClock
    silent: bool = False
    answer: Answer = Answer.DONE
    accounts: dict[str, Account] = field(default_factory=dict)
    returns: dict[str, tuple[RefundStatus, str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._real = connect(self.config)
        self._transactions = count(1)
        self.payment_page = self._real.payment_page
        self.read_notify = self._real.read_notify
        self.report_of = self._real.report_of

    def pay(self, order: Order, amount: int) -> dict[str, str]:
        """The payer pays, once more even, and after the end: the notify of it."""
        transaction = f"transaction-{next(self._transactions)}"
        self.accounts.setdefault(order.mer_order_id, Account()).payments[transaction] = (
            amount,
            self.clock.now(),
        )
        fields = self._fields(order, transaction)
        return fields | {"sign": communication_key_sign(fields, KEY, "SHA256")}

    def query(self, order: Order) -> Report | None:
        account = self.accounts.get(order.mer_order_id)
        if self.silent:
            return Report(Trigger.UNANSWERED, "query")
        return None if account is None else self._report(order, account)

    def close(self, order: Order) -> Report | None:
        account = self.accounts.get(order.mer_order_id)
        if self.silent:
            return Report(Trigger.UNANSWERED, "close")
        if account is not None and not account.payments:
            account.closed = True
        return None if account is None else self._report(order, account)

    def refund(self, order: Order, refund: Refund) -> RefundReport:
        known = self.returns.get(refund.refund_order_id)
        if known is None or known[0] is RefundStatus.PROCESSING:
            status = {
                Answer.DONE: RefundStatus.SUCCEEDED, Answer.LOST: RefundStatus.SUCCEEDED,
                Answer.DEATH: RefundStatus.SUCCEEDED, Answer.PROCESSING: RefundStatus.PROCESSING,
                Answer.FAILED: RefundStatus.FAILED,
            }.get(self.answer)  # fmt: skip
            if status is not None:
                self.returns[refund.refund_order_id] = (status, refund.transaction_id, refund.amount)
        if self.answer is Answer.DEATH:
            raise Died
        return self._answered(refund)

    def query_refund(self, order: Order, refund: Refund) -> RefundReport | None:
        if self.answer in (Answer.LOST, Answer.NOT_HEARD):
            return RefundReport(RefundStatus.UNANSWERED)
        known = self.returns.get(refund.refund_order_id)
        if known is None:
            return None
        if known[0] is RefundStatus.PROCESSING and self.answer is Answer.DONE:
            self.returns[refund.refund_order_id] = (RefundStatus.SUCCEEDED, *known[1:])
        return self._answered(refund)

    @property
    def paid(self) -> Counter[str]:
        """What was paid by transaction, in fen."""
        return Counter({t: fen for one in self.accounts.values() for t, (fen, _) in one.payments.items()})

    @property
    def given_back(self) -> Counter[str]:
        """What went back by transaction, in fen."""
        back = Counter[str]()
        for status, transaction, amount in self.returns.values():
            back[transaction] += amount if status is RefundStatus.SUCCEEDED else 0
        return back

    def _answered(self, refund: Refund) -> RefundReport:
        if self.answer in (Answer.LOST, Answer.NOT_HEARD):
            return RefundReport(RefundStatus.UNANSWERED)
        known = self.returns.get(refund.refund_order_id)
        if known is None:
            return RefundReport(RefundStatus.REFUSED)
        return RefundReport(known[0], f"back-{refund.refund_order_id}", known[2])

    def _report(self, order: Order, account: Account) -> Report:
        """What it says of the last payment, if there is one."""
        if account.payments:
            transaction = next(reversed(account.payments))
            fields, back = self._fields(order, transaction), self.given_back[transaction]
            if back:
                fields |= {"status": "TRADE_REFUND", "refundAmount": str(back)}
            return report_of(fields, order, "query")
        if account.closed or self.clock.now() >= order.expires_at:
            return Report(Trigger.SHUT, "query", failure_code="expired")
        return Report(Trigger.AWAITED, "query")

    def _fields(self, order: Order, transaction: str) -> dict[str, str]:
        amount, at = self.accounts[order.mer_order_id].payments[transaction]
        paid_at = f"{china(at):%Y-%m-%d %H:%M:%S}"
        return paid_fields(order.mer_order_id, amount, targetOrderId=transaction, payTime=paid_at)
