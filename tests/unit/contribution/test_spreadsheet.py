"""Files from outside: what is read of them, and what is refused before it costs anything."""

from __future__ import annotations

import io
import random
import time
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from contract.tiers import FILE_LIMIT, SpreadsheetUnreadable
from services.contribution.adapters.spreadsheet import LINES, SpreadsheetReader
from services.contribution.adapters.template import SHEET, template
from services.contribution.divisions import pooling_names
from services.contribution.domain.cells import SheetRow
from services.contribution.domain.sheets import read_sheet
from tests.factories.contribution_sheets import HEAD, flexible, resident, workbook

XLSX = workbook(resident())


def read(content: bytes) -> list[SheetRow]:
    return list(SpreadsheetReader().read(content))


def cells(*line: Any) -> tuple[str, ...]:
    return read(workbook(line))[1].cells


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The same file with some parts replaced; `sheet` and `strings` are the ones that hold cells."""
    names = {"sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml", "more": "xl/more.xml"}
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        replaced = {names[part]: data for part, data in parts.items()}
        for name in dict.fromkeys([*old.namelist(), *replaced]):
            new.writestr(name, replaced.get(name) or old.read(name))
    return target.getvalue()


def test_numbers_are_read_as_they_were_meant() -> None:
    line = ("450100", "城乡居民", 2026, 2026.0, 400, 400.5, 4053.6, 1e15, True)
    assert cells(*line)[:9] == (
        "450100", "城乡居民", "2026", "2026", "400", "400.5", "4053.6",
        "1000000000000000", "True",
    )  # fmt: skip
    sheet = repacked(workbook(("x", 1.5)), sheet=_sheet(b'<c r="B2"><v>0.28999999999999998</v></c>'))
    assert read(sheet)[1].cells[1] == "0.29", "as Excel writes 0.29"


def test_a_percentage_is_told_from_the_number_behind_it() -> None:
    made = Workbook()
    made.active.append(HEAD)
    made.active.append([0.2, 0.085, 20])
    made.active["A2"].number_format = "0%"
    made.active["B2"].number_format = "0.00%"
    target = io.BytesIO()
    made.save(target)
    assert read(target.getvalue())[1].cells[:3] == ("20%", "8.5%", "20")


def test_formulas_are_never_values() -> None:
    assert cells("=1+1", "=HYPERLINK(A1)")[:2] == ("=公式", "=公式")


def test_the_sheet_of_the_template_is_read_wherever_it_lies() -> None:
    made = Workbook()
    made.active.append(["别的"])
    made.create_sheet(SHEET).append(["对的"])
    target = io.BytesIO()
    made.save(target)
    assert read(target.getvalue())[0].cells[0] == "对的"


def test_the_template_is_empty_but_its_examples_fit() -> None:
    content = template(2026)
    assert [row.texts for row in read(content)] == [HEAD]
    made = load_workbook(io.BytesIO(content))
    assert made.sheetnames == [SHEET, "示例", "填写说明"]
    assert made["填写说明"].max_row > 8
    del made[SHEET]
    target = io.BytesIO()
    made.save(target)
    sheet = read_sheet(read(target.getvalue()), pooling_names(), (2026, 2027))
    assert sheet.faults == ()
    assert [len(table.tiers) for table in sheet.tables] == [1, 2, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_says_the_same(encoding: str) -> None:
    lines = [",".join(map(str, line)) for line in (HEAD, resident(), flexible())]
    content = "\r\n".join(lines).encode(encoding)
    read_csv, read_xlsx = read(content), read(workbook(resident(), flexible()))
    assert [row.texts for row in read_csv] == [row.texts for row in read_xlsx]


def test_what_lies_beyond_the_last_column_is_not_lost() -> None:
    for content in (workbook((*resident(), "备注")), ",".join(map(str, (*resident(), "备注"))).encode()):
        assert "备注" in read(content)[-1].texts


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不能是空的"),
        (b"x" * (FILE_LIMIT + 1), "不能超过384KB"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "旧版 Excel 或加了密码"),
        (b"PK\x03\x04broken", "读不出来"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "读不出来"),
        (b"a\x00b", "读不出来"),
        (("x" * 200_000).encode(), "读不出来"),
        (("\n" * (LINES + 2)).encode(), "最多5000行"),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(SpreadsheetUnreadable, match=words) as refused:
        read(content)
    assert "没有改动任何标准" in refused.value.message


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked(XLSX, strings=b"<sst>" + b" " * 200_000_000 + b"</sst>")
    assert len(bomb) < FILE_LIMIT
    began = time.process_time()
    with pytest.raises(SpreadsheetUnreadable, match="解压后过大"):
        read(bomb)
    assert time.process_time() - began < 2


def test_entities_are_not_expanded() -> None:
    entity = b'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    cell = b'<c r="A2" t="inlineStr"><is><t>&x;</t></is></c>'
    with pytest.raises(SpreadsheetUnreadable):
        read(repacked(XLSX, sheet=entity + _sheet(cell)))
    assert read(repacked(XLSX, sheet=_sheet(cell.replace(b"&x;", b"x"))))[1].cells[0] == "x"


def test_a_row_far_down_costs_nothing_and_is_refused() -> None:
    far = _sheet(b"", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')
    with pytest.raises(SpreadsheetUnreadable, match="最多5000行"):
        read(repacked(XLSX, sheet=far))


def test_the_largest_file_is_read_in_time() -> None:
    content = workbook(*(flexible(f"第{n}档", f"{5000 + n / 100:.2f}") for n in range(LINES)))
    assert len(content) <= FILE_LIMIT
    began = time.process_time()
    assert len(read(content)) == LINES + 1
    assert time.process_time() - began < 12


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(seed: int) -> None:
    chance, damaged = random.Random(seed), bytearray(XLSX)
    for _ in range(chance.randint(1, 12)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    try:
        rows = read(bytes(damaged))
    except SpreadsheetUnreadable:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row.cells)


def _sheet(cells_of_2: bytes, more: bytes = b"") -> bytes:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = b'<row r="1"/><row r="2">' + cells_of_2 + b"</row>" + more
    return b'<worksheet xmlns="' + space + b'"><sheetData>' + rows + b"</sheetData></worksheet>"
