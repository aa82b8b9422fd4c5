"""The two daily files: UnionPay's settlement of a merchant, and the tax core's records (docs/adr/0017)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from contract.money import fen_from_yuan
from services.payment.adapters.files import Download
from services.payment.adapters.layouts import Layout, read_layouts
from services.payment.adapters.signing import signed
from services.payment.config import Config
from services.payment.reconciliation.entries import Entry, Movement, Side, line_item

_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,40}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_WAIT = 30.0
"""Seconds between two pieces of a file: whoever makes a day's file may take a while."""


def settlement(config: Config, day: dt.date, mid: str) -> Download:
    """UnionPay's file, asked for with the communication key whichever route is spoken [A]."""
    asked = {"mid": mid, "settleDate": f"{day:%Y-%m-%d}"}
    query = signed(asked, config.unionpay_communication_keys[0], config.unionpay_sign_type)
    url = config.unionpay_url.rstrip("/") + config.unionpay_settlement_path
    layout = read_layouts(config.reconciliation_layouts)["unionpay"]
    return Download(f"银联对账文件（商户{mid}）", url, query, _WAIT, layout, _settled(layout, day))


def _settled(layout: Layout, day: dt.date) -> Callable[[Mapping[str, str]], Entry]:
    movements = {layout.types[movement]: movement for movement in Movement if movement in layout.types}
    on = f"{day:%Y-%m-%d}"

    def read(line: Mapping[str, str]) -> Entry:
        movement = movements.get(line["type"])
        if movement is None:
            raise ValueError("交易类型不明")
        if line["day"] != on:
            raise ValueError("不是当日的清算日期")
        item = _number(line["refund_number"]) if movement is Movement.REFUND else ""
        at = _moment(f"{line['date']} {line['time']}")
        return Entry(
            _number(line["number"]), Side.UNIONPAY, movement, item, _fen(line["amount"]), at,
            _number(line["merchant"]), line["reference"][:64],
        )  # fmt: skip

    return read


class CoreRecords:
    """The tax core's records of a day, as the integration platform hands them out."""

    def __init__(self, config: Config) -> None:
        self._url = config.taxcore_records_url
        self._layout = read_layouts(config.reconciliation_layouts)["core"]

    def fetch_records(self, day: dt.date) -> Download:
        """What was paid on the day, and what was voided on it, as it stands when the file is asked for."""
        query = {"date": f"{day:%Y-%m-%d}"}
        return Download("社保征收子系统缴费记录", self._url, query, _WAIT, self._layout, _recorded(day))


def _recorded(day: dt.date) -> Callable[[Mapping[str, str]], Entry]:
    def read(line: Mapping[str, str]) -> Entry:
        item = line_item(_number(line["person_number"]), _number(line["insurance_type"]), line["period"][:4])
        at = _moment(line["paid_at"])
        # What was paid on another day is in this day's file because it was voided on it.
        movement = Movement.LINE if at.startswith(f"{day:%Y-%m-%d}") else Movement.VOID
        return Entry(
            _number(line["number"]), Side.CORE, movement, item, _fen(line["amount"]), at,
            reference=line["reference"][:64], state=_number(line["state"]),
        )  # fmt: skip

    return read


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("编号缺失或格式不符")
    return text


def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        raise ValueError("日期或时间格式不符")
    return text


def _fen(text: str) -> int:
    try:
        return fen_from_yuan(text)
    except ValueError:
        raise ValueError("金额格式不符") from None
