"""A month in figures, read from the services' databases and never written to; nobody is named in them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, func, literal_column, select, text

from contract.insurance import Channel, InsuranceType
from contract.reconciliation import BreakKind
from deploy.monthly.incidents import Fired, Incident, parked
from deploy.target import Target
from kit.clock import CHINA
from services.notify.storage import NotifyStorage
from services.notify.templates import TITLES
from services.payment.domain.failures import failure
from services.payment.models import (
    external_payments,
    order_lines,
    orders,
    reconciliation_breaks,
    reconciliation_runs,
    refund_cases,
    refunds,
)

_AGENCIES = 14


@dataclass(frozen=True)
class Bar:
    """A named number, with money in fen where there is some."""

    label: str
    number: int
    amount: int = 0


@dataclass(frozen=True)
class Sms:
    """What a provider did with one kind of message."""

    provider: str
    title: str
    attempts: int
    accepted: int
    delivered: int
    failed: int
    segments: int


@dataclass
class Month:
    """Everything a report says. Days and hours are China's; amounts are fen; `fired` is None where no Prometheus was
    asked."""

    first: dt.date
    days: list[Bar] = field(default_factory=list)
    placed: int = 0
    paid: int = 0
    amount: int = 0
    people: int = 0
    channels: list[Bar] = field(default_factory=list)
    types: list[Bar] = field(default_factory=list)
    agencies: list[Bar] = field(default_factory=list)
    causes: list[Bar] = field(default_factory=list)
    refunds: list[Bar] = field(default_factory=list)
    cases: int = 0
    sms: list[Sms] = field(default_factory=list)
    reconciled_days: int = 0
    breaks: list[Bar] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    fired: list[Fired] | None = None
    peak: Bar = field(default_factory=lambda: Bar("—", 0))
    sizes: list[Bar] = field(default_factory=list)
    orders_ever: int = 0

    @property
    def ended(self) -> int:
        """Orders of which it is known how they ended."""
        return self.paid + sum(one.number for one in self.causes)

    @property
    def success(self) -> float | None:
        """The share of them that were paid."""
        return self.paid / self.ended if self.ended else None


def bounds(first: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of a month in China, and of the next."""
    following = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    since, until = (dt.datetime.combine(day, dt.time(), CHINA) for day in (first, following))
    return since, until


def read_month(target: Target, first: dt.date) -> Month:
    """The figures of the month that begins on a day."""
    month, (since, until) = Month(first), bounds(first)
    with target.reading("payment") as connection:
        for part in (_volume, _split, _causes, _refunds, _reconciliation):
            part(connection, month, since, until)
    with target.reading("notify") as connection:
        month.sms = [
            Sms(
                one.provider,
                TITLES[one.kind],
                one.attempts,
                one.accepted,
                one.delivered,
                one.failed,
                one.segments,
            )
            for one in NotifyStorage().figures(connection, since, until)
        ]
    for service in target.with_database:
        with target.reading(service) as connection:
            month.sizes.append(Bar(service, _size(connection)))
            month.incidents += parked(connection, service, since, until)
    return month


def _volume(connection: Connection, month: Month, since: dt.datetime, until: dt.datetime) -> None:
    hour = _hour(connection, orders.c.paid_at, "orders.paid_at")
    paid = select(hour, func.count(), func.sum(orders.c.amount)).where(
        orders.c.paid_at >= since, orders.c.paid_at < until
    )
    numbers, amounts = Counter[str](), Counter[str]()
    for at, number, amount in connection.execute(paid.group_by(hour)):
        numbers[at[:10]] += number
        amounts[at[:10]] += int(amount)
        if number > month.peak.number:
            month.peak = Bar(f"{at}时", number)
    day = since.date()
    while day < until.date():
        month.days.append(Bar(f"{day.day}", numbers[str(day)], amounts[str(day)]))
        day += dt.timedelta(days=1)
    month.paid, month.amount = numbers.total(), amounts.total()
    placed = select(func.count()).where(orders.c.created_at >= since, orders.c.created_at < until)
    month.placed = connection.execute(placed).scalar_one()
    month.orders_ever = connection.execute(select(func.count()).select_from(orders)).scalar_one()


def _split(connection: Connection, month: Month, since: dt.datetime, until: dt.datetime) -> None:
    """By channel, ours and what other systems told; and by what and where our orders' lines were paid for."""
    ours = select(orders.c.channel, func.count(), func.sum(orders.c.amount)).group_by(orders.c.channel)
    others = external_payments.c
    told = select(others.channel, func.count(), func.sum(others.amount)).group_by(others.channel)
    rows = [
        *connection.execute(ours.where(orders.c.paid_at >= since, orders.c.paid_at < until)),
        *connection.execute(told.where(others.at >= since, others.at < until, others.state == "succeeded")),
    ]
    month.channels = _bars(rows, lambda channel: Channel(channel).label)
    lines = order_lines.c
    joined = order_lines.join(orders, orders.c.order_id == lines.order_id)
    in_month = orders.c.paid_at >= since, orders.c.paid_at < until
    for name in ("insurance_type", "agency_name"):
        by = lines[name]
        found = (
            select(by, func.count(), func.sum(lines.amount)).select_from(joined).where(*in_month).group_by(by)
        )
        bars = _bars(connection.execute(found).all(), _type_label if name == "insurance_type" else str)
        if name == "insurance_type":
            month.types = bars
        else:
            month.agencies = _with_rest(bars)
    people = select(func.count(lines.insured_index.distinct())).select_from(joined).where(*in_month)
    month.people = connection.execute(people).scalar_one()


def _causes(connection: Connection, month: Month, since: dt.datetime, until: dt.datetime) -> None:
    code = orders.c.failure_code
    failed = select(code, func.count()).where(
        orders.c.created_at >= since, orders.c.created_at < until, orders.c.state.in_(("failed", "closed"))
    )
    rows = connection.execute(failed.group_by(code))
    month.causes = _bars(((one, number, 0) for one, number in rows), lambda one: failure(one).reason)


def _refunds(connection: Connection, month: Month, since: dt.datetime, until: dt.datetime) -> None:
    words = {"staff": "工作人员发起", "core": "征收子系统发起", "case": "多收的款退回"}
    back = select(refunds.c.origin, func.count(), func.sum(refunds.c.amount)).where(
        refunds.c.refunded_at >= since, refunds.c.refunded_at < until
    )
    rows = connection.execute(back.group_by(refunds.c.origin)).all()
    month.refunds = _bars(rows, lambda origin: words.get(origin, origin))
    opened = select(func.count()).where(refund_cases.c.opened_at >= since, refund_cases.c.opened_at < until)
    month.cases = connection.execute(opened).scalar_one()


def _reconciliation(connection: Connection, month: Month, since: dt.datetime, until: dt.datetime) -> None:
    runs, breaks = reconciliation_runs.c, reconciliation_breaks.c
    done = select(func.count(runs.day.distinct())).where(
        runs.finished_at.is_not(None), runs.day >= since.date(), runs.day < until.date()
    )
    month.reconciled_days = connection.execute(done).scalar_one()
    kinds = select(breaks.kind, func.count()).where(breaks.day >= since.date(), breaks.day < until.date())
    rows = connection.execute(kinds.group_by(breaks.kind))
    month.breaks = _bars(((kind, number, 0) for kind, number in rows), lambda kind: BreakKind(kind).label)


def _bars(rows: Any, label: Callable[[Any], str]) -> list[Bar]:
    """Rows of a key, a number and a sum as bars, the largest first."""
    numbers, amounts = Counter[str](), Counter[str]()
    for key, number, amount in rows:
        numbers[label(key)] += number
        amounts[label(key)] += int(amount or 0)
    return [Bar(name, number, amounts[name]) for name, number in numbers.most_common()]


def _with_rest(bars: Sequence[Bar]) -> list[Bar]:
    shown, rest = list(bars[:_AGENCIES]), bars[_AGENCIES:]
    if rest:
        amount = sum(one.amount for one in rest)
        shown.append(Bar(f"其余 {len(rest)} 个", sum(one.number for one in rest), amount))
    return shown


def _type_label(value: str) -> str:
    return InsuranceType(value).label


def _hour(connection: Connection, column: Column[Any], name: str) -> Any:
    """A moment's hour in China as `2026-11-23 08`; SQLite keeps moments as UTC's text."""
    if connection.dialect.name == "sqlite":
        return literal_column(f"strftime('%Y-%m-%d %H', {name}, '+8 hours')")
    return func.to_char(func.timezone("Asia/Shanghai", column), "YYYY-MM-DD HH24")


def _size(connection: Connection) -> int:
    """Bytes of a database."""
    if connection.dialect.name == "sqlite":
        pages = connection.execute(
            text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        )
        return int(pages.scalar_one())
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
