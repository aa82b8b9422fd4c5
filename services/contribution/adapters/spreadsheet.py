"""Spreadsheets from outside: .xlsx through openpyxl, .csv through the standard library. Whatever a file holds, reading
it stays small, runs nothing, and gives text only."""

from __future__ import annotations

import csv
import io
import itertools
import logging
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import openpyxl

from contract.tiers import FILE_LIMIT, SpreadsheetUnreadable
from services.contribution.adapters.template import SHEET
from services.contribution.domain.cells import Column, SheetRow

LINES = 5_000
"""Tiers in a file; the province's counties together have some thousand."""

_UNPACKED = 6 * 1024 * 1024
_PARTS = 200
_WIDTH = len(Column) + 1
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

_log = logging.getLogger(__name__)


class SpreadsheetReader:
    """Reads the sheet of the template, else the first."""

    def read(self, content: bytes) -> Sequence[SheetRow]:
        """The rows of a file, formulas as text that begins with =. Raises SpreadsheetUnreadable."""
        if not 0 < len(content) <= FILE_LIMIT:
            raise SpreadsheetUnreadable(
                f"文件不能超过{FILE_LIMIT // 1024}KB，也不能是空的。没有改动任何标准。"
            )
        if content.startswith(_OLD_EXCEL):
            raise SpreadsheetUnreadable(
                "这是旧版 Excel 或加了密码的文件，请取消密码，另存为 .xlsx 后再试。没有改动任何标准。"
            )
        rows = _workbook_rows(content) if content.startswith(_ZIP) else _csv_rows(content)
        if len(rows) > LINES + 1:
            raise SpreadsheetUnreadable(f"一个文件最多{LINES}行，请分成几个文件。没有改动任何标准。")
        return rows


def _workbook_rows(content: bytes) -> list[SheetRow]:
    _refuse_bomb(content)
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        try:
            sheet = workbook[SHEET] if SHEET in workbook.sheetnames else workbook.worksheets[0]
            # What a sheet says about its own size is not believed.
            rows = sheet.iter_rows(min_row=1, max_row=LINES + 2, max_col=_WIDTH)
            return [SheetRow(n, tuple(_text(cell) for cell in row)) for n, row in enumerate(rows, 1)]
        finally:
            workbook.close()
    except Exception as error:  # a broken or hostile file may make the library raise anything
        _log.warning("a spreadsheet could not be read: %s", type(error).__name__)
        raise SpreadsheetUnreadable() from error


def _refuse_bomb(content: bytes) -> None:
    """Parts are never unpacked beyond the size they state, so what they state is what must be small."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SpreadsheetUnreadable() from error
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED:
        raise SpreadsheetUnreadable("文件解压后过大，请用模板重新填写。没有改动任何标准。")


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return "=公式"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    # The shortest text that is this number: 4053.6 is kept as 4053.6000000000004, and meant as 4053.6.
    number = Decimal(repr(value))
    percent = "%" in cell.number_format
    text = f"{number * 100 if percent else number:f}"
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{plain}%" if percent else plain


def _csv_rows(content: bytes) -> list[SheetRow]:
    reader = csv.reader(io.StringIO(_decoded(content), newline=""))
    try:
        return [SheetRow(n, cells) for n, cells in enumerate(_cells(reader), 1)]
    except csv.Error as error:
        raise SpreadsheetUnreadable() from error


def _cells(reader: Iterator[list[str]]) -> Iterator[tuple[str, ...]]:
    for row in itertools.islice(reader, LINES + 2):
        beyond = "".join(row[_WIDTH - 1 :]).strip()
        yield (*row[: _WIDTH - 1], beyond)


def _decoded(content: bytes) -> str:
    """UTF-8, or what Excel in China writes."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise SpreadsheetUnreadable()
