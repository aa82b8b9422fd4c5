"""What is not finished: orders, refunds, agreements, certificates, reminders; and the last reconciliation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial

from sqlalchemy import func, select

from deploy.inspection.findings import Finding, ago, bad, good, graded, looked_at, watch
from deploy.target import Target
from kit.clock import china
from services.certificate.storage.register import Register
from services.contribution.storage.agreements import AgreementStorage
from services.notify.storage import NotifyStorage
from services.payment.models import notifies, reconciliation_breaks, refund_cases
from services.payment.reconciliation.breaks import ORDER_STATES
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.storage.runs import RunStorage

_STATES = {
    "requested": "已申请", "submitted": "已提交银联", "unknown": "结果不明", "failed": "未成功，待处理",
    "signing": "签订中", "pending": "待银行答复", "cancelling": "解约中", "queued": "待发送", "sending": "发送中",
}  # fmt: skip
"""States as operators read them, but for orders'."""


def backlog(target: Target) -> Iterator[Finding]:
    """Everything that waits for somebody."""
    for subject, check in (("订单", _orders), ("退费", _refunds), ("三方协议", _agreements),
                           ("缴费证明", _certificates), ("短信提醒", _reminders)):  # fmt: skip
        yield from looked_at(subject, partial(check, target))


def _orders(target: Target) -> Iterator[Finding]:
    now = target.settings["payment"].clock.now()
    with target.reading("payment") as connection:
        found = OrderStorage().not_final(connection)
        unread = select(func.count()).select_from(notifies).where(notifies.c.processed_at.is_(None))
        kept = connection.execute(unread).scalar_one()
    if not found:
        yield good("订单", "没有未完成的订单")
    for state, waiting in sorted(found.items()):
        age = (now - waiting.oldest).total_seconds()
        said = f"{ORDER_STATES[state]} {waiting.number} 笔，最早的 {ago(age)}前"
        yield graded("订单", said, age, 3_600, 14_400) if state != "refunding" else good("订单", said)
    yield graded("支付通知", f"收到而未处理 {kept} 条", kept, 1, 100)


def _refunds(target: Target) -> Iterator[Finding]:
    with target.reading("payment") as connection:
        found = RefundStorage().not_final(connection)
        open_ = select(func.count()).select_from(refund_cases).where(refund_cases.c.closed_at.is_(None))
        cases = connection.execute(open_).scalar_one()
    if not found:
        yield good("退费", "没有未完成的退费")
    for state, number in sorted(found.items()):
        yield graded("退费", f"{_STATES[state]} {number} 笔", 2 if state == "failed" else 0, 1, 2)
    yield graded("多收的款", f"待退回 {cases} 笔", cases, 1, 20)


def _agreements(target: Target) -> Iterator[Finding]:
    with target.reading("contribution") as connection:
        found = {
            state: number for state, number in AgreementStorage().unsettled(connection).items() if number
        }
    if not found:
        yield good("三方协议", "没有等待答复的协议")
    for state, number in sorted(found.items()):
        yield graded("三方协议", f"{_STATES.get(state, state)} {number} 份", number, 50, 500)


def _certificates(target: Target) -> Iterator[Finding]:
    with target.reading("certificate") as connection:
        number = Register().waiting(connection)
    yield graded("缴费证明", f"等待开具 {number} 份", number, 100, 1_000)


def _reminders(target: Target) -> Iterator[Finding]:
    with target.reading("notify") as connection:
        for state, number in NotifyStorage().waiting(connection).items():
            yield graded("短信提醒", f"{_STATES[state]} {number} 条", number, 5_000, 50_000)


def reconciliation(target: Target) -> Iterator[Finding]:
    """The newest day whose books agree with UnionPay's and the tax core's, and what does not."""
    yield from looked_at("对账", partial(_reconciliation, target))


def _reconciliation(target: Target) -> Iterator[Finding]:
    today = china(target.settings["payment"].clock.now()).date()
    table = reconciliation_breaks
    with target.reading("payment") as connection:
        last = RunStorage().last_day_done(connection)
        open_ = connection.execute(
            select(func.count(), func.min(table.c.first_seen)).where(table.c.closed_at.is_(None))
        ).one()
    if last is None:
        yield watch("对账", "还没有完成过对账")
    else:
        behind = (today - last) / dt.timedelta(days=1)
        yield graded("对账", f"最近完成的对账日 {last}", behind, 2, 3)
    number, oldest = open_
    if not number:
        yield good("对账差异", "没有待处理的差异")
    else:
        yield bad("对账差异", f"待处理 {number} 条，最早发现于 {china(oldest).date()}")
