"""What payment asks of UnionPay, whichever route answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from contract.errors import Refused
from services.payment.domain.orders import Order, Report
from services.payment.domain.refunds import Refund, RefundReport
from services.payment.reconciliation.entries import Entry, Malformed


class ForgedNotify(Refused):
    """The notify is not signed by UnionPay, or cannot be read."""

    code = "forged_notify"
    text = "验签失败"
    status = 400


class FileNotReady(Exception):
    """A day's file is not there yet; the message is Chinese and names it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}：{reason}")


class FileUnusable(FileNotReady):
    """What came is not the file, or not all of it: nothing in it may be believed."""


class DailyFile(Protocol):
    """A day's file, read once and while it comes. Iterating raises FileNotReady, FileUnusable."""

    name: str
    lines: int

    @property
    def sha256(self) -> str: ...

    def __iter__(self) -> Iterator[Entry | Malformed]: ...


@dataclass(frozen=True)
class Buyer:
    """Who pays inside WeChat: a user of that official account or mini program."""

    app_id: str
    openid: str = field(repr=False)


@dataclass(frozen=True)
class PhonePayment:
    """What the phone needs to open WeChat's own payment (wx.requestPayment, chooseWXPay), signed by WeChat."""

    app_id: str
    timestamp: str
    nonce: str
    package: str
    sign_type: str
    pay_sign: str


class UnionPay(Protocol):
    """One order at UnionPay, always under the merchant it was placed with.

    Reports never raise for want of an answer: that is the trigger UNANSWERED, or the refund status of that name.
    """

    def payment_page(self, order: Order) -> str:
        """The signed address of the payment page; the payer's browser is sent there. No network."""
        ...

    def phone_payment(self, order: Order, buyer: Buyer) -> PhonePayment | None:
        """Place the order for a mini program (`order.inst_mid` MINIDEFAULT) or a page inside WeChat, which pays
        without leaving it. None without a clear yes: the order may be asked for again, or be paid already."""
        ...

    def query(self, order: Order) -> Report | None:
        """What became of the order; None when UnionPay never saw it."""
        ...

    def close(self, order: Order) -> Report | None:
        """Close it so that it cannot be paid any more, and say what became of it; None when never seen."""
        ...

    def refund(self, order: Order, refund: Refund) -> RefundReport:
        """Give money of a paid order back. The same refund again is the earlier one, never a second."""
        ...

    def query_refund(self, order: Order, refund: Refund) -> RefundReport | None:
        """What became of the refund; None when UnionPay never saw it."""
        ...

    def read_notify(self, fields: dict[str, str]) -> str:
        """The order number of a genuine notify. Raises ForgedNotify."""
        ...

    def report_of(self, fields: dict[str, str], order: Order) -> Report:
        """What a genuine notify says about an order."""
        ...

    def fetch_settlement(self, day: dt.date, mid: str) -> DailyFile:
        """What a merchant took and gave back on a day, as UnionPay settles it."""
        ...


class Core(Protocol):
    """The tax core, where contributions are posted."""

    def fetch_records(self, day: dt.date) -> DailyFile:
        """What was posted as paid on the day, and what was voided on it."""
        ...
