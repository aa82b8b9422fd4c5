"""Amounts in words, lists of schools, tables of authorities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import services.certificate
from contract.schools import RollUnreadable
from services.certificate.adapters.rolls import rows
from services.certificate.domain.amounts import capital
from services.certificate.domain.authorities import BadAuthorities, authority_book
from services.certificate.domain.rolls import students

WORDS = {
    0: "零元整", 5: "伍分", 50: "伍角整", 100: "壹元整", 1005: "壹拾元零伍分", 38_000: "叁佰捌拾元整",
    1_000_503: "壹万零伍元零叁分", 10_000_000: "壹拾万元整", 1_010_010_010: "壹仟零壹拾万零壹佰元壹角整",
    100_000_000_000: "壹拾亿元整", 1_600_780: "壹万陆仟零柒元捌角整", 10_000_000_100: "壹亿零壹元整",
}  # fmt: skip


@pytest.mark.parametrize(("fen", "words"), WORDS.items())
def test_an_amount_in_words(fen: int, words: str) -> None:
    assert capital(fen) == words


def test_no_amount_is_not_written_out() -> None:
    for fen in (-1, 10**18):
        with pytest.raises(ValueError):
            capital(fen)


GOOD = "姓名,身份证号码\n韦秀兰,450103197806122040\n唐小凤,45010319890214018x\n,\n韦秀兰,450103197806122040\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_list_is_read_once_each_in_its_order(encoding: str) -> None:
    found = students(rows(GOOD.encode(encoding)))
    assert [(one.name, one.document_number[-4:]) for one in found] == [("韦秀兰", "2040"), ("唐小凤", "018X")]


def test_a_workbook_is_read_too(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.append(["姓名", "身份证号码", "班级"])
    sheet.append(["韦秀兰", "450103197806122040", "一班"])
    book.save(tmp_path / "it.xlsx")
    assert len(students(rows((tmp_path / "it.xlsx").read_bytes()))) == 1


def test_every_fault_is_named_by_its_line() -> None:
    with pytest.raises(RollUnreadable, match="第2行身份证号码有误；第3行没有姓名"):
        students(rows("韦秀兰,450103197806122040\n黄丽华,450202198503243122\n,450123196911302319\n".encode()))
    with pytest.raises(RollUnreadable, match="姓名不同"):
        students(rows("韦秀兰,450103197806122040\n黄丽华,450103197806122040\n".encode()))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"\x00\x01", "姓名,号码\n".encode()])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(RollUnreadable):
        students(rows(content))


def test_every_county_has_an_authority_with_a_seal() -> None:
    path = Path(services.certificate.__file__).with_name("authorities.json")
    book = authority_book(json.loads(path.read_text("utf-8")))
    assert len(book.authorities) == 111
    found = book.of("1" + "4501030000")
    assert found is not None
    assert (found.name, found.seal.label) == ("国家税务总局南宁市青秀区税务局", "税收业务专用章")
    assert book.of("1" + "4509990000") is None


def test_a_bad_table_is_refused_whole() -> None:
    for data in ({}, {"authorities": []}, {"authorities": [{"code": "1", "name": "某税务局"}]}, [],
                 {"seal": {"colour": "blue"}, "authorities": [{"division": "450103", "name": "某县税务局"}]},
                 {"authorities": [{"division": "450103", "name": "某县税务局"}] * 2}):  # fmt: skip
        with pytest.raises(BadAuthorities):
            authority_book(data)
