"""The monthly report: figures as they are stored, by China's days, and nobody's name in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from contract.payment import OrderState
from deploy.monthly import charts, report
from deploy.monthly.figures import Bar, Month, bounds, read_month
from deploy.monthly.incidents import Fired, read_fired
from deploy.target import Target
from kit.clock import CHINA
from services.payment.models import inbox, orders
from services.payment.storage.orders import OrderStorage
from tests.fakes.deploy_target import at_rest, database_of
from tests.fakes.payment_orders import INSURED, a_quote, an_order

NOVEMBER = dt.date(2026, 11, 1)
MADE_AT = dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC)


def placed(system: Target, number: int, **changed: object) -> None:
    """Store an order as it ended."""
    order = an_order()
    (item,) = order.items
    order = replace(
        order, order_id=f"order-{number}", mer_order_id=f"3194{number}", idempotency_key=f"key-{number:08d}",
        items=(replace(item, quote_id=f"quote-{number}", insured=replace(INSURED, document_number=f"n-{number}")),),
    )  # fmt: skip
    database = database_of(system, "payment")
    with database.transaction() as tx:
        OrderStorage().add(tx, order)
        tx.execute(update(orders).where(orders.c.order_id == order.order_id).values(**changed))
    database.close()


@pytest.fixture
def system(tmp_path: Path) -> Target:
    return at_rest(tmp_path)


def at(day: int, hour: int, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=CHINA)


def test_a_month_counts_what_was_paid_in_it_by_chinas_days(system: Target) -> None:
    paid = {"state": OrderState.PAID.value}
    placed(system, 1, **paid, paid_at=at(1, 0), created_at=at(1, 0))  # still October in UTC
    placed(system, 2, **paid, paid_at=at(30, 23), created_at=at(30, 23))
    placed(system, 3, **paid, paid_at=at(30, 23), created_at=at(30, 23))
    placed(system, 4, **paid, paid_at=at(1, 0, 12), created_at=at(1, 0, 12))  # December
    placed(system, 5, state="closed", failure_code="expired", created_at=at(9, 9))
    month = read_month(system, NOVEMBER)
    assert (month.placed, month.paid, month.orders_ever) == (4, 3, 5)
    assert month.amount == 3 * an_order().amount and month.people == 3
    assert [(day.label, day.number) for day in month.days if day.number] == [("1", 1), ("30", 2)]
    assert len(month.days) == 30
    assert (month.peak.label, month.peak.number) == ("2026-11-30 23时", 2)
    assert month.success == pytest.approx(3 / 4)
    assert month.causes[0].number == 1 and "超过支付时限" in month.causes[0].label
    assert [one.label for one in month.channels] == ["广西税务12366微信公众号"]
    assert month.agencies[0] == Bar(a_quote().agency_name, 3, month.amount)


def test_events_that_failed_are_incidents_told_without_numbers(system: Target) -> None:
    row = {
        "event_id": "e-1", "consumer": "c", "type": "contribution.refund_requested.v1", "state": "parked", "raw": "{}",
        "reason": "UnfitEvent: 450103197806122040 is unknown", "attempts": 8, "received_at": at(5, 9),
        "changed_at": at(5, 9),
    }  # fmt: skip
    database = database_of(system, "payment")
    with database.transaction() as tx:
        tx.execute(insert(inbox), row)
        tx.execute(insert(inbox), row | {"event_id": "e-2", "received_at": at(5, 9, 10)})
    database.close()
    (incident,) = read_month(system, NOVEMBER).incidents
    assert (incident.number, incident.waiting) == (1, 1)
    assert incident.reason == "UnfitEvent: [redacted] is unknown"


def test_alerts_are_told_by_how_long_they_fired() -> None:
    """As Prometheus 2.42 answers an instant query."""
    answer = {
        "status": "success",
        "data": {"resultType": "vector", "result": [
            {"metric": {"alertname": "EventsParked"}, "value": [1796054400, "12"]},
            {"metric": {"alertname": "ServiceDown"}, "value": [1796054400, "1440"]},
        ]},
    }  # fmt: skip
    month = Month(NOVEMBER, fired=read_fired(answer))
    assert month.fired == [Fired("ServiceDown", 1440), Fired("EventsParked", 12)]
    page = report.html(month, MADE_AT)
    assert "1,440 分钟" in page and "记录在案的问题 2 类" in page and "没有查询告警记录" not in page
    assert "没有查询告警记录" in report.html(Month(NOVEMBER), MADE_AT)


def test_an_empty_month_is_a_report_all_the_same(system: Target) -> None:
    month = read_month(system, dt.date(2026, 2, 1))
    page = report.html(month, MADE_AT)
    assert "本月没有缴费" in page and "没有记录在案的问题" in page and "运维月报（2026年2月）" in page
    assert report.pdf(month, MADE_AT).startswith(b"%PDF")


def test_the_report_names_nobody_and_escapes_what_it_shows(system: Target) -> None:
    placed(system, 1, state=OrderState.PAID.value, paid_at=at(2, 9), created_at=at(2, 9))
    month = read_month(system, NOVEMBER)
    month.agencies = [Bar("<b>甲</b>", 1, 100)]
    page = report.html(month, MADE_AT)
    assert INSURED.name not in page and INSURED.document_number not in page
    assert "<b>甲</b>" not in page and page.count("&lt;b&gt;甲&lt;/b&gt;") == 2
    assert "400.00" in page


@pytest.mark.parametrize(
    ("first", "days"), [(dt.date(2026, 2, 1), 28), (dt.date(2026, 12, 1), 31), (NOVEMBER, 30)]
)
def test_a_month_begins_and_ends_at_chinas_midnight(first: dt.date, days: int) -> None:
    since, until = bounds(first)
    assert (until - since).days == days and since.utcoffset() == dt.timedelta(hours=8)


def test_a_chart_of_nothing_is_a_chart() -> None:
    assert charts.columns([Bar("1", 0)]).startswith("<svg") and charts.bars([]).endswith("</svg>")
    assert Month(NOVEMBER).success is None
