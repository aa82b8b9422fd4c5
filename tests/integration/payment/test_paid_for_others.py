"""代他人缴费统计 on PostgreSQL and on SQLite: only the payer's own, page by page, added up by place (3.2.1.13)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from contract.external import ExternalContribution
from contract.insurance import InsuranceType
from contract.paid_for_others import (
    BeginExport,
    EndExport,
    ExportFormat,
    ExportNotFound,
    ListPaidForOthers,
    OperatorNamed,
    PaidFilter,
    PaidForOther,
    PaidResult,
    TotalPaidForOthers,
    UnreadablePosition,
)
from contract.payment import OrderState
from contract.people import DocumentType, Person
from contract.places import Division, Place
from kit.clock import SetClock
from kit.database import Database
from services.payment.domain.external import lines_of
from services.payment.domain.orders import EDGES, Order, Report, Trigger
from services.payment.models import exports, refund_lines, refunds
from services.payment.publishers import Publishers
from services.payment.storage.exports import ExportStorage
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.paid_for_others import PaidForOthersStorage
from services.payment.usecases import paid_for_others
from services.payment.usecases.paid_for_others import Records
from tests.fakes.payment_external import OPERATOR, PLACE, PUBLISHER_KEYS, failed, key_of, said, succeeded
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    OTHER_PAYER,
    PAYER,
    a_back_payment,
    a_quote,
    an_item,
    an_order,
)
from tests.integration.databases import upgrade

ME = OperatorNamed(PAYER.person_id, OPERATOR)
LIUZHOU = Place(Division("4502", "柳州市"), Division("450203", "鱼峰区"))
ALL = PaidFilter()


@pytest.fixture(params=["postgresql", "sqlite"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgresql":
        yield request.getfixturevalue("database")
        return
    database = Database(f"sqlite:///{tmp_path}/payment.sqlite3")
    upgrade("payment", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def records(kept: Database) -> Records:
    publishers = Publishers.parse(PUBLISHER_KEYS)
    return Records(kept, PaidForOthersStorage(), ExportStorage(), publishers, SetClock(NOW))


def put(records: Records, number: int, **changed: Any) -> Order:
    """An order of the payer's for 韦秀兰, of its own minute."""
    at = NOW + dt.timedelta(minutes=number)
    item = changed.pop("item", {})
    quote = changed.pop("quote", a_quote(year=2020 + number, quote_id=f"quote-{number}"))
    values = {
        "order_id": str(uuid.UUID(int=number)), "mer_order_id": f"3194{number:023d}",
        "idempotency_key": f"key-{number}", "created_at": at, "state": OrderState.PAID, "paid_at": at,
        "next_action_at": None,
    }  # fmt: skip
    order = an_order(an_item(quote, **{"place": PLACE, "relation_id": "r"} | item), **values | changed)
    with records.database.transaction() as tx:
        OrderStorage().add(tx, order)
    return order


def hear(records: Records, told: Any, **changed: Any) -> None:
    with records.database.transaction() as tx:
        for line in lines_of(told, said(told, **changed)):
            ExternalStorage().keep(tx, line, NOW + dt.timedelta(minutes=3, seconds=30))


def rows(records: Records, wanted: PaidFilter = ALL, operator: OperatorNamed = ME) -> Sequence[PaidForOther]:
    return paid_for_others.list_paid_for_others(ListPaidForOthers(operator, wanted, limit=500), records).rows


def years(records: Records, wanted: PaidFilter = ALL) -> list[int]:
    return [row.year for row in rows(records, wanted)]


def totals(records: Records, wanted: PaidFilter = ALL) -> list[tuple[str, str, int, int]]:
    found = paid_for_others.total_paid_for_others(TotalPaidForOthers(ME, wanted), records).totals
    return [(total.place_code, total.result.value, total.count, total.amount) for total in found]


def test_a_row_has_every_column_and_nobodys_full_name(records: Records) -> None:
    put(records, 1)
    [row] = rows(records)
    assert (row.city, row.county, row.town, row.village) == ("南宁市", "青秀区", "新竹街道", "七星屯")
    assert (row.insured_number, row.insured_name) == ("4501**********2040", "韦**")
    assert (row.social_number, row.agency_name) == ("4501030090000001", "青秀区社会保险事业管理中心")
    assert (row.insurance_type, row.year, row.amount) == (InsuranceType.MEDICAL, 2021, 40000)
    assert (row.at, row.result) == (NOW + dt.timedelta(minutes=1), PaidResult.SUCCEEDED)


def test_another_payers_orders_are_never_seen(records: Records) -> None:
    put(records, 1, payer_id=OTHER_PAYER.person_id)
    hear(records, succeeded(external=ExternalContribution(key_of(INSURED), key_of(INSURED))))
    hear(records, succeeded("city-2", external=ExternalContribution(key_of(INSURED))))
    assert rows(records) == () and totals(records) == []


def test_what_was_paid_for_oneself_is_not_paid_for_others(records: Records) -> None:
    put(records, 1, item={"insured": OPERATOR})
    hear(records, succeeded(external=ExternalContribution(key_of(OPERATOR), key_of(OPERATOR))))
    assert rows(records) == ()


def test_other_systems_payments_stand_among_ours_by_time(records: Records) -> None:
    for number in range(1, 6):
        put(records, number)
    hear(records, succeeded(years=(2030,)))
    assert years(records) == [2025, 2024, 2030, 2023, 2022, 2021]
    [other] = [row for row in rows(records) if not row.order_id]
    assert other.channel.label == "微信城市服务" and other.village == "七星屯"


def test_another_person_of_the_same_number_sees_nothing_of_other_systems(records: Records) -> None:
    hear(records, succeeded())
    for person in (
        replace(OPERATOR, name="黄丽"),
        Person(DocumentType.PASSPORT, OPERATOR.document_number, "黄丽华"),
    ):
        assert rows(records, operator=OperatorNamed("somebody", person)) == ()


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_show_every_row_once(records: Records, limit: int) -> None:
    for number in range(1, 4):
        put(records, number)
    put(records, 9, quote=a_back_payment())  # thirteen rows of one moment
    hear(records, succeeded(years=(2030,)))
    shown, after = [], ""
    while True:
        page = paid_for_others.list_paid_for_others(ListPaidForOthers(ME, ALL, after, limit), records)
        assert len(page.rows) <= limit
        shown += page.rows
        if not (after := page.next):
            break
    assert shown == list(rows(records)) and len(shown) == 17


def test_a_row_that_is_paid_between_two_pages_is_neither_missed_nor_repeated(records: Records) -> None:
    first, *_ = [
        put(records, n, state=OrderState.SUBMITTED, paid_at=None, next_action_at=NOW) for n in (1, 2, 3)
    ]
    page = paid_for_others.list_paid_for_others(ListPaidForOthers(ME, ALL, limit=2), records)
    with records.database.transaction() as tx:
        report = Report(Trigger.SUCCEEDED, "notify", "t", NOW + dt.timedelta(hours=1), 40000)
        OrderStorage().move(tx, first, EDGES[first.state, report.trigger], report, None)
    rest = paid_for_others.list_paid_for_others(ListPaidForOthers(ME, ALL, page.next, 2), records)
    assert [row.year for row in (*page.rows, *rest.rows)] == [2023, 2022, 2021]
    assert rest.rows[0].result is PaidResult.SUCCEEDED


@pytest.mark.parametrize("after", ["x", "ÿ", "MjAyNg", "MjAyNi0wMS0wMSBh", "=" * 5, "a" * 3000])
def test_a_position_that_is_none_is_refused(records: Records, after: str) -> None:
    with pytest.raises(UnreadablePosition):
        paid_for_others.list_paid_for_others(ListPaidForOthers(ME, ALL, after), records)


def test_filters_leave_what_they_say(records: Records) -> None:
    put(records, 1)
    put(records, 2, item={"place": LIUZHOU}, state=OrderState.CLOSED, paid_at=None)
    put(records, 3, item={"place": None})
    put(records, 4, quote=a_back_payment(quote_id="q", lines=a_back_payment().lines[:1]))
    hear(records, failed(years=(2030,)))
    second = NOW + dt.timedelta(minutes=2)
    assert years(records, PaidFilter(place_code="4501")) == [2011, 2030, 2021]
    assert years(records, PaidFilter(place_code="450103001")) == [2011, 2030, 2021]
    assert years(records, PaidFilter(place_code="4502")) == [2022]
    assert years(records, PaidFilter(place_code="450")) == [2011, 2030, 2022, 2021]
    assert years(records, PaidFilter(place_code="%")) == []
    assert years(records, PaidFilter(insurance_type=InsuranceType.PENSION)) == [2011]
    assert years(records, PaidFilter(year=2023)) == [2023]
    assert years(records, PaidFilter(result=PaidResult.FAILED)) == [2030, 2022]
    assert years(records, PaidFilter(result=PaidResult.PENDING)) == []
    assert years(records, PaidFilter(since=second)) == [2011, 2023, 2022]
    assert years(records, PaidFilter(before=second)) == [2030, 2021]


def test_totals_are_of_the_level_below_the_filters_place(records: Records) -> None:
    put(records, 1)
    put(records, 2, item={"place": LIUZHOU}, state=OrderState.CLOSED, paid_at=None)
    put(records, 3, item={"place": None})
    hear(records, succeeded(years=(2029, 2030), amount=50000, external=ExternalContribution(
        key_of(INSURED), key_of(OPERATOR), (20000, 30000), PLACE)))  # fmt: skip
    assert totals(records) == [
        ("", "succeeded", 1, 40000), ("4501", "succeeded", 3, 90000), ("4502", "failed", 1, 40000),
    ]  # fmt: skip
    assert totals(records, PaidFilter(place_code="450103")) == [("450103001", "succeeded", 3, 90000)]
    # The village was typed: of it no code is known.
    assert totals(records, PaidFilter(place_code="450103001")) == [("", "succeeded", 3, 90000)]
    assert totals(records, PaidFilter(place_code="4502")) == [("450203", "failed", 1, 40000)]


def test_a_refund_is_that_of_its_lines(records: Records) -> None:
    """While some lines of an order are refunded or being refunded, the others are paid."""
    quote = a_back_payment(lines=a_back_payment().lines[:3])
    order = put(records, 1, quote=quote, state=OrderState.REFUNDING)
    for line, state in ((0, "refunded"), (1, "submitted")):
        _refund(records, order, line, state)
    found = {row.year: row.result for row in rows(records)}
    assert found == {2011: PaidResult.REFUNDED, 2012: PaidResult.REFUNDING, 2013: PaidResult.SUCCEEDED}
    assert years(records, PaidFilter(result=PaidResult.REFUNDED)) == [2011]
    assert years(records, PaidFilter(result=PaidResult.SUCCEEDED)) == [2013]
    assert [count for _, _, count, _ in totals(records)] == [1, 1, 1]


def _refund(records: Records, order: Order, line: int, state: str) -> None:
    """A refund of one line, as the tables keep it."""
    refund_id = str(uuid.UUID(int=line))
    with records.database.transaction() as tx:
        tx.execute(refunds.insert().values(
            refund_id=refund_id, order_id=order.order_id, refund_order_id=f"3194R{line:020d}", transaction_id="t",
            amount=20000, reason="重复缴费", origin="staff", operator_id="o", operator_name="覃", attempts=0,
            idempotency_key=str(line), body_hash="h", state=state, created_at=NOW,
        ))  # fmt: skip
        tx.execute(
            refund_lines.insert().values(order_id=order.order_id, item=0, line=line, refund_id=refund_id)
        )


def test_a_download_is_recorded_with_who_when_what_and_how_many(records: Records) -> None:
    wanted = PaidFilter(place_code="4501", year=2026)
    begun = paid_for_others.begin_export(BeginExport(ME, wanted, ExportFormat.CSV), records)
    ended = EndExport(PAYER.person_id, begun.export_id, 17, True)
    for rows_told in (17, 99):  # told twice, the first stands
        paid_for_others.end_export(replace(ended, rows=rows_told), records)
    with pytest.raises(ExportNotFound):
        paid_for_others.end_export(replace(ended, person_id="somebody"), records)
    with records.database.read() as connection:
        [row] = connection.execute(select(exports)).all()
    assert (row.person_id, row.format, row.rows, row.complete) == (PAYER.person_id, "csv", 17, True)
    assert (row.begun_at, row.ended_at) == (NOW, NOW)
    assert row.filter["place_code"] == "4501" and row.filter["year"] == 2026


def test_a_page_costs_two_statements_however_many_rows_there_are(database: Database) -> None:
    records = Records(
        database, PaidForOthersStorage(), ExportStorage(), Publishers.parse(PUBLISHER_KEYS), SetClock(NOW)
    )
    put(records, 1, quote=a_back_payment())
    asked: list[str] = []
    event.listen(database._at_once, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert len(rows(records)) == 13
    assert len(asked) == 2
