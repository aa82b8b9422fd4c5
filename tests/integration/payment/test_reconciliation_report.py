"""What a day's reconciliation tells: the report, the table and the measures; none of them names anybody."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl

from contract.reconciliation import BreakAction
from kit.clock import CHINA
from services.payment.reconciliation import measures
from services.payment.reconciliation.report import html_report
from services.payment.reconciliation.spreadsheet import write_spreadsheet
from services.payment.reconciliation.summary import summarise
from tests.fakes.payment_orders import INSURED, PAYER
from tests.integration.payment.office import DAY, Office


def test_nothing_shown_or_written_names_anybody(office: Office, tmp_path: Path) -> None:
    order = office.paid()
    office.parties.recorded[DAY] = []
    office.paid(known=False)
    office.reconcile()
    office.resolve(office.breaks()[0], BreakAction.HAND_OVER, '=HYPERLINK("http://x")')
    summary = summarise(DAY, office.desk)
    page, sheet = html_report(summary), tmp_path / "report.xlsx"
    write_spreadsheet(summary, office.desk, sheet)
    book = openpyxl.load_workbook(sheet)
    cells = [cell for rows in book for row in rows for cell in row if cell.value is not None]
    told = page + " ".join(str(cell.value) for cell in cells)
    for personal in (PAYER.name, INSURED.name, PAYER.phone, order.items[0].person_number):
        assert personal not in told
    assert "韦**" in page and "黄**" in page
    assert not [cell for cell in cells if cell.data_type == "f"], "no text from outside is run"
    assert "'=HYPERLINK" in told
    assert {sheet.title for sheet in book} == {"汇总", "差异明细"}
    assert book["差异明细"].max_row == 1 + len(office.breaks(day=DAY))


def test_the_report_of_a_day_without_breaks_says_so(office: Office) -> None:
    assert "还没有完成对账" in html_report(summarise(DAY, office.desk))
    office.paid()
    office.reconcile()
    page = html_report(summarise(DAY, office.desk))
    assert "三方账目相符：我方 1 笔，没有待处理的差异" in page
    assert "<script" not in page


def test_open_breaks_are_measured_by_kind_and_age(office: Office) -> None:
    office.paid()
    office.parties.recorded.pop(DAY)
    office.reconcile()
    office.clock.advance(days=3)
    measures.measure(office.desk)
    assert measures._OPEN.labels("missing_with_core", "2-3")._value.get() == 1
    assert measures._OPEN.labels("missing_with_core", "0-1")._value.get() == 0
    assert measures._LAST._value.get() == dt.datetime.combine(DAY, dt.time(), CHINA).timestamp()
