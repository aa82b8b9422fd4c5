"""代他人缴费统计: the filter, what the page says, and the download with its record."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract.errors import InvalidInput, Unavailable
from contract.insurance import Channel, InsuranceType
from contract.paid_for_others import (
    ExportBegun,
    ExportEnded,
    ExportFormat,
    PaidForOther,
    PaidForOthers,
    PaidResult,
    PaidTotal,
    PaidTotals,
    begin_export,
    end_export,
    list_paid_for_others,
    total_paid_for_others,
)
from contract.places import Division, Divisions, list_divisions
from services.gateway.domain.sessions import Session
from services.gateway.domain.statistics import Chosen, chosen, without_errors
from services.gateway.pages import Pages
from services.gateway.usecases import statistics
from services.gateway.usecases.ports import Ports
from services.gateway.usecases.statistics import COLUMNS, filter_of
from tests.fakes.gateway_peers import FakePeers
from tests.fakes.gateway_storage import FakeTransactions
from tests.unit.gateway.conftest import NOW, PAYER
from tests.unit.gateway.test_tables import read_csv, read_xlsx

ROW = PaidForOther(
    "order-1", "南宁市", "青秀区", "新竹街道", "=七星屯", "4501**********2040", "韦**", "100123", "青秀区医保局",
    InsuranceType.MEDICAL, 2026, 40_000, NOW, PaidResult.SUCCEEDED, Channel.WECHAT_ACCOUNT,
)  # fmt: skip
TOTALS = PaidTotals((
    PaidTotal("", PaidResult.SUCCEEDED, 1, 40_000), PaidTotal("4501", PaidResult.FAILED, 2, 80_000),
    PaidTotal("4501", PaidResult.SUCCEEDED, 3, 120_000), PaidTotal("4599", PaidResult.PENDING, 1, 40_000),
))  # fmt: skip


@pytest.fixture
def peers() -> FakePeers:
    """The other services, where the payer paid for others on two pages."""
    peers = FakePeers(FakeTransactions())
    peers.answer(list_divisions, Divisions((Division("4501", "南宁市"), Division("4502", "柳州市"))))
    peers.answer(total_paid_for_others, TOTALS)
    peers.answer(begin_export, ExportBegun("export-1"))
    peers.answer(end_export, ExportEnded("export-1"))
    peers.answer(
        list_paid_for_others,
        lambda asked: PaidForOthers((ROW, ROW), "" if asked.after else "page-2"),
    )
    return peers


def test_a_filter_is_days_of_china_a_place_and_kinds() -> None:
    asked = chosen({
        "since": "2026-01-01", "until": "2026-12-31", "place_city": "4501", "place_county": "450103",
        "insurance_type": "medical", "year": "2026", "result": "refunded",
    })  # fmt: skip
    wanted = filter_of(asked)
    assert (wanted.since, wanted.before) == (
        dt.datetime(2025, 12, 31, 16, tzinfo=dt.UTC), dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC),
    )  # fmt: skip
    assert (wanted.place_code, wanted.year) == ("450103", 2026)
    assert (wanted.insurance_type, wanted.result) == (InsuranceType.MEDICAL, PaidResult.REFUNDED)
    assert chosen(asked.given) == Chosen(**{**vars(asked), "typed": chosen(asked.given).typed})


def test_a_county_of_another_city_is_dropped_when_the_city_changes() -> None:
    assert chosen({"place_city": "4502", "place_county": "450103"}).place_code == "4502"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"since": "yesterday"}, "since"), ({"until": "2026-02-30"}, "until"), ({"year": "二六"}, "year"),
        ({"year": "20261"}, "year"), ({"since": "2026-02-01", "until": "2026-01-01"}, "until"),
        ({"place_code": "45%"}, "place_code"), ({"place_code": "3101"}, "place_code"),
        ({"place_code": "45010"}, "place_code"), ({"result": "x"}, "result"),
        ({"insurance_type": "x"}, "insurance_type"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named_and_its_text_kept(given: Mapping[str, str], field: str) -> None:
    asked = chosen(given)
    assert set(asked.errors) == {field}
    assert asked.typed[field] == given[field]
    with pytest.raises(InvalidInput) as refused:
        filter_of(asked)
    assert refused.value.detail["field"] == field
    filter_of(without_errors(asked))


def test_the_payer_asks_for_nobody_elses(peers: FakePeers, ports: Ports) -> None:
    statistics.overview(PAYER, chosen({}), "", ports)
    for name in ("list_paid_for_others", "total_paid_for_others"):
        assert [asked.operator.person_id for asked in peers.asked[name]] == [PAYER.person_id]
        assert [asked.operator.person for asked in peers.asked[name]] == [PAYER.person]


def page(ports: Ports, given: Mapping[str, str], after: str = "") -> str:
    asked = chosen(given)
    view = statistics.overview(PAYER, without_errors(asked), after, ports)
    request = Request(EnvironBuilder(path="/paid-for-others").get_environ())
    session = Session(b"", "openid", "csrf", NOW, NOW, payer=PAYER)
    answer = Pages().render(
        "paid_for_others.html",
        request,
        session,
        asked=asked,
        errors=asked.errors,
        view=view,
        later=bool(after),
    )
    return answer.get_data(as_text=True)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_the_page_adds_up_and_says_what_is_not_counted(peers: FakePeers, ports: Ports) -> None:
    text = words(page(ports, {}))
    assert "一共缴费成功 4 笔 1600.00 元" in text
    assert "另有 3 笔没有成功" in text
    assert "南宁市3 笔，1200.00 元未计入 2 笔" in text
    assert "4599" in text  # a place whose name nobody tells
    assert "没有选择到这一级1 笔，400.00 元" in text
    assert text.index("南宁市3") < text.index("没有选择到这一级")


def test_every_link_keeps_the_filter(peers: FakePeers, ports: Ports) -> None:
    html = page(ports, {"place_city": "4501", "year": "2026"})
    links = [
        link for link in re.findall(r'href="(/paid-for-others[^"]*)"', html) if link != "/paid-for-others"
    ]
    assert len(links) == 4
    assert all("place_code=4501&amp;year=2026" in link for link in links)
    assert "after=page-2" in links[0]


def test_a_filter_is_told_in_words(peers: FakePeers, ports: Ports) -> None:
    given = {"since": "2026-01-01", "until": "2026-12-31", "place_city": "4501", "insurance_type": "pension",
             "year": "2026", "result": "succeeded"}  # fmt: skip
    text = words(page(ports, given))
    assert "查询条件：2026-01-01起，到2026-12-31，南宁市，养老保险，2026年度，成功。" in text
    assert "查询条件" not in words(page(ports, {}))


def test_an_error_shows_what_was_typed(peers: FakePeers, ports: Ports) -> None:
    html = page(ports, {"year": "二〇二六"})
    assert "<title>错误：" in html and 'href="#year"' in html and 'value="二〇二六"' in html


def test_a_page_says_that_there_is_nothing(peers: FakePeers, ports: Ports) -> None:
    peers.answer(list_paid_for_others, PaidForOthers(()))
    peers.answer(total_paid_for_others, PaidTotals(()))
    assert "您还没有为他人缴过费。" in words(page(ports, {}))
    assert "没有符合条件的缴费。" in words(page(ports, {"year": "2026"}))


def test_a_page_works_while_places_cannot_be_listed(peers: FakePeers, ports: Ports) -> None:
    peers.answer(list_divisions, Unavailable())
    assert "所在地的名单暂时查询不到" in words(page(ports, {"place_city": "4501"}))


@pytest.mark.parametrize(("format_", "read"), [(ExportFormat.XLSX, read_xlsx), (ExportFormat.CSV, read_csv)])
def test_a_table_has_the_columns_of_the_requirement(
    peers: FakePeers, ports: Ports, format_: ExportFormat, read: Any
) -> None:
    header, *rows = read(b"".join(statistics.export(PAYER, chosen({"year": "2026"}), format_, ports)))
    assert header == [
        "市", "县（区）", "乡镇", "村屯", "证件号码（脱敏）", "姓名（脱敏）", "社保编号", "社保经办机构", "险种",
        "所属年度", "金额", "缴费时间", "缴费结果",
    ] == list(COLUMNS)  # fmt: skip
    local = (NOW + dt.timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    assert rows == [[
        "南宁市", "青秀区", "新竹街道", "'=七星屯", "4501**********2040", "韦**", "100123", "青秀区医保局", "医疗保险",
        "2026", "400.00", local, "成功",
    ]] * 4  # fmt: skip


def test_a_download_is_recorded_before_its_first_row_and_at_its_end(peers: FakePeers, ports: Ports) -> None:
    pieces = statistics.export(PAYER, chosen({"year": "2026"}), ExportFormat.CSV, ports)
    [begun] = peers.asked["begin_export"]
    assert (begun.operator.person_id, begun.format, begun.wanted.year) == (
        PAYER.person_id,
        ExportFormat.CSV,
        2026,
    )
    assert not peers.asked["end_export"]
    list(pieces)
    [ended] = peers.asked["end_export"]
    assert (ended.person_id, ended.export_id, ended.rows, ended.complete) == (
        PAYER.person_id,
        "export-1",
        4,
        True,
    )


def test_a_download_that_is_broken_off_is_recorded_as_such(peers: FakePeers, ports: Ports) -> None:
    pieces = statistics.export(PAYER, chosen({}), ExportFormat.CSV, ports)
    pieces.close()  # type: ignore[attr-defined]
    [ended] = peers.asked["end_export"]
    assert (ended.rows, ended.complete) == (0, False)


def test_an_error_before_the_first_row_is_an_answer_like_any_other(peers: FakePeers, ports: Ports) -> None:
    peers.answer(list_paid_for_others, Unavailable())
    with pytest.raises(Unavailable):
        statistics.export(PAYER, chosen({}), ExportFormat.XLSX, ports)
    assert [ended.complete for ended in peers.asked["end_export"]] == [False]


def test_an_error_later_breaks_the_file_off(peers: FakePeers, ports: Ports) -> None:
    """Half a table must not look like a whole one."""
    answers = iter([PaidForOthers((ROW,), "page-2"), Unavailable()])
    peers.answer(list_paid_for_others, lambda asked: next(answers))
    pieces = statistics.export(PAYER, chosen({}), ExportFormat.XLSX, ports)
    with pytest.raises(Unavailable):
        list(pieces)
    assert [(ended.rows, ended.complete) for ended in peers.asked["end_export"]] == [(1, False)]


def test_that_the_end_cannot_be_recorded_does_not_spoil_the_file(peers: FakePeers, ports: Ports) -> None:
    peers.answer(end_export, Unavailable())
    assert read_csv(b"".join(statistics.export(PAYER, chosen({}), ExportFormat.CSV, ports)))[1:]
