"""Reads a school's list: xlsx, or text with commas or tabs. Runs in a press."""

from __future__ import annotations

import csv
import io
import zipfile

from openpyxl import load_workbook

from contract.schools import MOST_STUDENTS, RollUnreadable

_LARGEST_INSIDE = 20 * 1024 * 1024
_MOST_ROWS = MOST_STUDENTS + 200


def rows(content: bytes) -> list[list[str]]:
    """The first two cells of each line. Raises RollUnreadable."""
    try:
        return _workbook(content) if content.startswith(b"PK") else _text(content)
    except RollUnreadable:
        raise
    except Exception as error:  # whatever a hostile file makes a parser say
        raise RollUnreadable(field="file") from error


def _workbook(content: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > _LARGEST_INSIDE:
            raise RollUnreadable(field="file")
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        found = book.worksheets[0].iter_rows(max_row=_MOST_ROWS, max_col=2, values_only=True)
        return [["" if cell is None else str(cell) for cell in row] for row in found]
    finally:
        book.close()


def _text(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise RollUnreadable(field="file")
    if "\0" in text:
        raise RollUnreadable(field="file")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    return list(csv.reader(io.StringIO(text.replace("，", ",")), delimiter=delimiter))[:_MOST_ROWS]
