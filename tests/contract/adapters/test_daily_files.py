"""UnionPay's settlement file and the tax core's records: our readers against the sandbox, and against no files."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from kit.clock import china
from services.payment.adapters import layouts
from services.payment.adapters.base import DailyFile, FileNotReady, FileUnusable
from services.payment.adapters.daily import CoreRecords
from services.payment.adapters.layouts import BadLayouts, read_layouts
from services.payment.adapters.unionpay import Netpay
from services.payment.config import Route
from services.payment.domain.orders import Order
from services.payment.reconciliation.entries import Entry, Malformed
from tests.contract.adapters.sandbox_process import RunningSandbox, serving
from tests.contract.adapters.unionpay_orders import adapter, new_order, pay, reach, refund_of
from tests.fakes.payment_orders import an_item, settings

HEADING = (
    "settleDate,tradeDate,tradeTime,transactionAmount,transactionType,referenceNumber,merchantNumber,orderNumber,"
    "returnOrderNo"
)
LINE = "2026-11-22,2026-11-22,10:06:00,400.00,pay,T-1,898340149000005,31942026112210060000000001,"
DAY = dt.date(2026, 11, 22)
MID = settings().unionpay_mid


@pytest.fixture(autouse=True)
def early(sandbox: RunningSandbox) -> Iterator[None]:
    """Today's files can be had."""
    calm = {"early": True, "damage": ""}
    sandbox.api("PUT", "/settings", {"settlement": calm, "records": calm})
    yield
    sandbox.api("PUT", "/settings", {"settlement": calm, "records": calm})


def today() -> dt.date:
    return china(dt.datetime.now(dt.UTC)).date()


def core(url: str) -> CoreRecords:
    return CoreRecords(settings(taxcore_records_url=f"{url}/esb/records"))


def posted(sandbox: RunningSandbox, unionpay: Netpay, persona: str = "medical_only") -> Order:
    """A paid order whose line the tax core has."""
    (person,) = [p for p in sandbox.api("GET", "/personas")["personas"] if p["persona"] == persona]
    item = an_item(registration_number=person["djxh"], person_number=person["enrolments"][0]["rybm"])
    order = new_order(item)
    assert "400.00" in reach(unionpay, order)
    sandbox.act(order.mer_order_id, "pay")
    return order


def of(order: Order, file: DailyFile) -> list[Entry]:
    return [said for said in file if isinstance(said, Entry) and said.number == order.mer_order_id]


def test_a_payment_and_its_refund_are_entries(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order, amount=10000)
    unionpay.refund(order, refund)
    file = unionpay.fetch_settlement(today(), MID)
    paid, returned = of(order, file)
    ledger = sandbox.order(order.mer_order_id)
    assert paid == Entry(
        order.mer_order_id, "2", "pay", "", order.amount, ledger["payTime"], MID, ledger["targetOrderId"]
    )
    assert (returned.movement, returned.item, returned.amount) == ("refund", refund.refund_order_id, 10000)
    assert file.lines >= 2 and len(file.sha256) == 64


def test_a_posted_line_is_an_entry(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = posted(sandbox, unionpay)
    (line,) = of(order, core(sandbox.url).fetch_records(today()))
    (item,) = order.items
    assert line == Entry(
        order.mer_order_id, "3", "line", f"{item.person_number} 10212 2026", 40000,
        sandbox.order(order.mer_order_id)["payTime"], "", f"{order.mer_order_id}-1", "1",
    )  # fmt: skip
    sandbox.misbehave(order.mer_order_id, records={"voided_rate": 1, "other_amount_rate": 1})
    (changed,) = of(order, core(sandbox.url).fetch_records(today()))
    assert (changed.state, changed.amount) == ("2", 40001)
    sandbox.misbehave(order.mer_order_id, records={"missing_rate": 1})
    assert of(order, core(sandbox.url).fetch_records(today())) == []


def test_breaks_are_planted_in_unionpays_file(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    late, strange, twice = (pay(sandbox, unionpay) for _ in range(3))
    sandbox.misbehave(late.mer_order_id, settlement={"late_rate": 1})
    sandbox.misbehave(strange.mer_order_id, settlement={"other_merchant_rate": 1})
    sandbox.misbehave(twice.mer_order_id, settlement={"twice_rate": 1})
    said = list(unionpay.fetch_settlement(today(), MID))
    entries = [one for one in said if isinstance(one, Entry)]
    assert entries == said
    assert [e for e in entries if e.number == late.mer_order_id] == []
    assert [e.mid for e in entries if e.number == strange.mer_order_id] == ["898000000000009"]
    assert len({e.reference for e in entries if e.number == twice.mer_order_id}) == 2
    tomorrow = unionpay.fetch_settlement(today() + dt.timedelta(days=1), MID)
    assert len(of(late, tomorrow)) == 1


def test_a_file_that_is_not_there_yet_is_to_be_asked_for_again(
    sandbox: RunningSandbox, unionpay: Netpay
) -> None:
    sandbox.api("PUT", "/settings", {"settlement": {"early": False}, "records": {"early": False}})
    for file in (unionpay.fetch_settlement(today(), MID), core(sandbox.url).fetch_records(today())):
        with pytest.raises(FileNotReady, match="账单尚未生成") as late:
            list(file)
        assert not isinstance(late.value, FileUnusable)


def test_a_file_of_a_strangers_key_is_refused(sandbox: RunningSandbox, route: Route) -> None:
    stranger = adapter(sandbox.url, route, unionpay_communication_keys=("another key" * 3,))
    with pytest.raises(FileUnusable, match="401"):
        list(stranger.fetch_settlement(today(), MID))


@pytest.mark.parametrize(
    ("damage", "reason"), [("truncated", "不完整"), ("heading", "表头缺少"), ("html", "网页")]
)
def test_what_is_not_the_whole_file_is_not_believed(
    sandbox: RunningSandbox, unionpay: Netpay, damage: str, reason: str
) -> None:
    pay(sandbox, unionpay)
    sandbox.api("PUT", "/settings", {"settlement": {"damage": damage}, "records": {"damage": damage}})
    for file in (unionpay.fetch_settlement(today(), MID), core(sandbox.url).fetch_records(today())):
        with pytest.raises(FileUnusable, match=reason):
            list(file)


def test_lines_nobody_can_read_swallow_no_others(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    sandbox.api("PUT", "/settings", {"settlement": {"damage": "lines"}})
    said = list(unionpay.fetch_settlement(today(), MID))
    assert [one.line for one in said if isinstance(one, Malformed)] == [2, 3, 4, 5]
    assert len([one for one in said if isinstance(one, Entry) and one.number == order.mer_order_id]) == 1


def read(*lines: str, **headers: str) -> list[Any]:
    """What our reader makes of a file of UnionPay's that holds these lines."""
    body = "".join(f"{line}\n" for line in lines).encode()
    with serving(body, **headers) as url:
        return list(adapter(url, Route.OPEN_PLATFORM).fetch_settlement(DAY, MID))


def test_columns_are_found_by_their_names() -> None:
    turned = ",".join(reversed(HEADING.split(",")))
    (entry,) = read(f"\ufeff{turned}", ",".join(reversed(LINE.split(","))))
    assert entry == read(HEADING, LINE)[0]
    assert (entry.amount, entry.at, entry.reference) == (40000, "2026-11-22 10:06:00", "T-1")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("400.00", "400.005", "金额格式不符"),
        ("400.00", "-400.00", "金额格式不符"),
        ("400.00", "NaN", "金额格式不符"),
        (",pay,", ",transfer,", "交易类型不明"),
        (",pay,", ",refund,", "编号缺失或格式不符"),
        ("2026-11-22,2026", "2026-11-21,2026", "不是当日的清算日期"),
        ("10:06:00", "", "日期或时间格式不符"),
        ("3194", "31 94", "编号缺失或格式不符"),
        ("T-1", "T\x1b1", "含有不应出现的字符"),
        ("T-1,", "T-1", "列数不足"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(old: str, new: str, reason: str) -> None:
    malformed, good = read(HEADING, LINE.replace(old, new, 1), LINE)
    assert malformed == Malformed(2, reason)
    assert isinstance(good, Entry)


def test_a_quoted_file_is_read_as_well() -> None:
    assert read(HEADING, ",".join(f'"{value}"' for value in LINE.split(","))) == read(HEADING, LINE)


def test_an_empty_answer_is_no_file() -> None:
    with pytest.raises(FileUnusable, match="表头缺少"):
        read()


def test_a_line_without_end_is_no_file() -> None:
    with pytest.raises(FileUnusable, match="过长"):
        read("x" * 100_000)


def test_a_body_shorter_than_announced_is_no_file() -> None:
    with pytest.raises(FileUnusable, match="下载中断"):
        read(HEADING, LINE, **{"Content-Length": "100000"})


def test_a_redirect_is_not_followed() -> None:
    with serving(b"", 302, Location="http://127.0.0.1:9/") as url, pytest.raises(FileUnusable, match="302"):
        list(adapter(url, Route.OPEN_PLATFORM).fetch_settlement(DAY, MID))


def test_nobody_there_is_no_file() -> None:
    with pytest.raises(FileUnusable, match="下载中断"):
        list(adapter("http://127.0.0.1:9", Route.OPEN_PLATFORM).fetch_settlement(DAY, MID))


def test_a_compressed_bomb_is_not_unpacked() -> None:
    with serving(gzip.compress(b"x" * 1000)) as url, pytest.raises(FileUnusable):
        list(adapter(url, Route.OPEN_PLATFORM).fetch_settlement(DAY, MID))


def test_both_layouts_are_configuration(tmp_path: Any) -> None:
    ours = read_layouts()
    path = tmp_path / "layouts.toml"
    for text in ("", "x = 1", "[unionpay]\n[core]\n", "{"):
        path.write_text(text)
        with pytest.raises(BadLayouts):
            read_layouts(path)
        (problem,) = settings(reconciliation_layouts=path).problems()
        assert problem.startswith("RECONCILIATION_LAYOUTS: ")
    path.write_text(layouts._OURS.read_text().replace('"orderNumber"', '"DDH"'))
    assert read_layouts(path)["unionpay"].columns["number"] == "DDH"
    assert read_layouts(path)["core"] == ours["core"]
