"""Bytes of others, made up and mutated: whatever comes, every parser reads it or refuses it in its own words.

`scripts/fuzz N` tries N of each instead of a few.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import ContractError
from contract.events import EVENTS, UnfitEvent, data_of, decode
from contract.people import DocumentType, Person
from contract.upstream import UpstreamUnavailable
from kit.breaker import Breaker
from kit.clock import SystemClock
from kit.upstream import Upstream
from services.certificate.adapters import rolls
from services.certificate.domain.rolls import students
from services.contribution.adapters.esb import Esb, _Nonsense, _read_body, _read_reply
from services.contribution.adapters.spreadsheet import SpreadsheetReader
from services.contribution.adapters.taxcore_records import EsbRecords
from services.contribution.adapters.taxcore_wire import read_wire
from services.notify.adapters.base import UnreadableReceipt
from tests.contract.adapters.esb_answers import RECORD, listed
from tests.contract.adapters.test_sms import adapter, catalogue
from tests.factories.payloads import SAMPLES, sample

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
PHONE = "13800138000"
PERSON = Person(DocumentType.RESIDENT_ID, RECORD["ZJHM"], RECORD["XM"])

fuzz = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
"""Any JSON, with what Python's own json takes beyond it: NaN, infinity, lone surrogates."""


@st.composite
def damaged(draw: Callable[[Any], Any], whole: bytes) -> bytes:
    """Bytes that were right: cut, doubled, or changed in a few places."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        act = draw(st.sampled_from(("change", "cut", "insert", "repeat")))
        piece = draw(st.binary(min_size=1, max_size=6))
        if act == "change":
            content[at : at + len(piece)] = piece
        elif act == "cut":
            del content[at : at + draw(st.integers(1, 40))]
        elif act == "insert":
            content[at:at] = piece
        else:
            content[at:at] = content[at : at + draw(st.integers(1, 200))]
    return bytes(content)


@st.composite
def altered(draw: Callable[[Any], Any], whole: Any) -> Any:
    """JSON that was right, with a few of its values replaced, taken away or added."""
    data = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 4))):
        inside: Any = data
        while isinstance(inside, dict | list) and inside:
            keys = sorted(inside) if isinstance(inside, dict) else list(range(len(inside)))
            key = draw(st.sampled_from(keys))
            deeper = inside[key]
            if not isinstance(deeper, dict | list) or not deeper or draw(st.integers(0, 3)) == 0:
                if draw(st.booleans()) and isinstance(inside, dict):
                    del inside[key]
                else:
                    inside[key] = draw(anything)
                break
            inside = deeper
    return data


def _tells_nobody(error: Exception) -> None:
    """What is logged of a refusal holds nothing of what was refused."""
    assert not any(personal in str(error) for personal in (PERSON.document_number, PERSON.name, PHONE))


def _esb() -> Esb:
    return Esb("http://nobody.invalid", 1, SystemClock(), Upstream("esb", Breaker(10**6, 0)), read_wire(None))


@fuzz
@given(st.binary(max_size=300) | damaged(listed(RECORD).encode()))
def test_what_the_integration_platform_answers(content: bytes) -> None:
    try:
        _read_body(_read_reply(content).body)
    except _Nonsense as error:
        _tells_nobody(error)


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(sorted(RECORD)), st.text(max_size=20) | st.sampled_from(list(RECORD.values()))
    )
)
def test_records_of_the_tax_core(changes: dict[str, str]) -> None:
    """Whatever its fields hold, a record is read, or nothing of the answer is used."""
    fields = {name: "".join(ch for ch in value if ch.isprintable()) for name, value in changes.items()}
    answer = _read_body(_read_reply(listed(RECORD | fields).encode()).body)
    esb = _esb()
    esb.ask = lambda operation, asked: answer  # type: ignore[method-assign]
    try:
        for record in EsbRecords(esb).list_records(PERSON, "202601", "202612"):
            assert record.amount >= 0
    except UpstreamUnavailable:
        pass


RECEIPTS = {
    "tencent": [{
        "user_receive_time": "2026-11-26 09:30:00", "nationcode": "86", "mobile": PHONE,
        "report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "2019:1",
    }],
    "aliyun": [{
        "phone_number": PHONE, "send_time": "2026-11-26 09:30:00", "report_time": "2026-11-26 09:30:02",
        "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1", "biz_id": "900619746936",
        "out_id": "1",
    }],
    "gateway": {"reports": [{"taskid": "1", "status": "DELIVRD"}]},
}  # fmt: skip


@pytest.mark.parametrize("provider", sorted(RECEIPTS))
def test_receipts_of_sms_providers(provider: str) -> None:
    receiver: Any = adapter(provider, "http://nobody.invalid", catalogue())

    @fuzz
    @given(anything | altered(RECEIPTS[provider]))
    def reads(body: Any) -> None:
        try:
            for found in receiver.receipts(body):
                assert isinstance(found.serial, str)
        except UnreadableReceipt as error:
            _tells_nobody(error)

    reads()


def test_events_from_the_bus() -> None:
    kinds = {name: kind for name, kind in EVENTS.items() if (SAMPLES / f"{name}.json").exists()}

    @fuzz
    @given(st.data())
    def reads(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(kinds)))
        message = sample(name)
        body = json.dumps(data.draw(anything | altered(message))).encode()
        try:
            data_of(decode(data.draw(st.just(body) | damaged(body))), kinds[name])
        except UnfitEvent as error:
            _tells_nobody(error)

    reads()


def _workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.worksheets[0].append(("姓名", "身份证号码"))
    book.worksheets[0].append((PERSON.name, PERSON.document_number))
    book.save(file)
    return file.getvalue()


_TEXT = f"姓名,身份证号码\n{PERSON.name},{PERSON.document_number}\n".encode()


@fuzz
@given(
    st.binary(max_size=300)
    | damaged(_workbook())
    | damaged(_TEXT)
    | damaged(_TEXT.decode().encode("gb18030"))
)
def test_spreadsheets(content: bytes) -> None:
    """The authority's tables and schools' lists."""
    for read in (SpreadsheetReader().read, lambda upload: students(rolls.rows(upload))):
        try:
            read(content)
        except ContractError as error:
            _tells_nobody(error)
