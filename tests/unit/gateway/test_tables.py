"""Tables as files: what a spreadsheet reads back is what was in the rows, and nothing is a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.tables import Cell, csv_file, neutral, xlsx_file

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HEADER = ("姓名（脱敏）", "金额")
ROWS: list[list[Cell]] = [
    ["韦**", Decimal("380.00")],
    ['=HYPERLINK("http://x")', Decimal("0.10")],
    ["<&>\"'", 2026],
]


def read_xlsx(content: bytes) -> list[list[str]]:
    """The cells' texts as a spreadsheet reads them; fails for an archive or a document that is not well formed."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        for name in file.namelist():
            ElementTree.fromstring(file.read(name))
        sheet = ElementTree.fromstring(file.read("xl/worksheets/sheet1.xml"))
    return [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{_MAIN}row")]


def read_csv(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8")
    assert text[0] == "\ufeff"
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize(("make", "read"), [(csv_file, read_csv), (xlsx_file, read_xlsx)])
def test_a_file_holds_the_rows(make: object, read: object) -> None:
    found = read(b"".join(make(HEADER, ROWS)))  # type: ignore[operator]
    assert found == [
        ["姓名（脱敏）", "金额"], ["韦**", "380.00"], ["'=HYPERLINK(\"http://x\")", "0.10"], ["<&>\"'", "2026"],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＠a"])
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


def test_a_formula_does_not_hide_behind_what_is_taken_out() -> None:
    assert neutral("\0=1") == "'=1"


@pytest.mark.parametrize("cell", ["", "韦**", "4501**********2040", "1-2", 5, Decimal("-1.00")])
def test_everything_else_stays_as_it_is(cell: Cell) -> None:
    assert neutral(cell) == cell


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), max_size=5))
def test_whatever_text_there_is_the_files_can_be_read(rows: list[list[str]]) -> None:
    for make, read in ((csv_file, read_csv), (xlsx_file, read_xlsx)):
        found = read(b"".join(make(("a", "b", "c"), rows)))  # type: ignore[operator]
        assert len(found) == len(rows) + 1
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in found for cell in row)


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_pieces_leave_while_rows_are_still_to_come(make: object) -> None:
    """100,000 rows are never in memory together."""
    read = 0

    def rows() -> Iterator[list[str]]:
        nonlocal read
        for number in range(20_000):
            read += 1
            yield [f"{number * 7919 % 10007:05d}" * 4] * 13

    pieces = make(tuple("abcdefghijklm"), rows())  # type: ignore[operator]
    sizes = [len(next(pieces))]
    assert sizes[0] and read < 10_000
    sizes += map(len, pieces)
    assert max(sizes) < 256 * 1024
    assert read == 20_000
    if make is xlsx_file:
        assert sum(sizes) < 20_000 * 13 * 20 / 2, "it is compressed"
