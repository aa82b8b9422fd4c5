"""A table as a file, made piece by piece: however many rows there are, only a few are in memory.

Libraries for XLSX write the whole sheet to a file before the first byte leaves; a sheet of text and numbers is not more
than this (ECMA-376).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

Cell = str | int | Decimal

_PIECE = 32 * 1024
"""Bytes that are gathered before they leave."""

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def neutral(cell: Cell) -> Cell:
    """A text without characters that no file may hold, which begins with an apostrophe where a spreadsheet would take
    it for a formula (security.md 9)."""
    if not isinstance(cell, str):
        return cell
    text = _UNPRINTABLE.sub("", cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with the mark by which spreadsheets know it."""
    written = io.StringIO("\ufeff")
    written.seek(1)
    writer = csv.writer(written)
    writer.writerow(header)
    for row in rows:
        writer.writerow([neutral(cell) for cell in row])
        if written.tell() > _PIECE:
            yield written.getvalue().encode()
            written = io.StringIO()
            writer = csv.writer(written)
    yield written.getvalue().encode()


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """One sheet of texts and numbers; Decimal has two digits behind the point."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as file:
        for name, content in _PARTS.items():
            file.writestr(zipfile.ZipInfo(name), content)
        packed = zipfile.ZipInfo("xl/worksheets/sheet1.xml")
        packed.compress_type = zipfile.ZIP_DEFLATED
        with file.open(packed, "w") as sheet:
            sheet.write(_SHEET_BEGINS.encode() + _row(header).encode())
            for row in rows:
                sheet.write(_row([neutral(cell) for cell in row]).encode())
                if pipe.size > _PIECE:
                    yield pipe.take()
            sheet.write(_SHEET_ENDS.encode())
    yield pipe.take()


class _Pipe(io.RawIOBase):
    """Where the archive is written to, and taken away from. It cannot be sought in, so that the archive is written from
    its beginning to its end."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(taken)
        self.size += len(taken)
        return len(taken)

    def take(self) -> bytes:
        taken, self._pieces, self.size = b"".join(self._pieces), [], 0
        return taken


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    style = ' s="1"' if isinstance(cell, Decimal) else ""
    return f"<c{style}><v>{cell}</v></c>"


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    f'<sheets><sheet name="代他人缴费统计" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="2" applyNumberFormat="1"/></cellXfs></styleSheet>',
}
_SHEET_BEGINS = f'{_XML}<worksheet xmlns="{_MAIN}"><cols><col min="1" max="13" width="18"/></cols><sheetData>'
_SHEET_ENDS = "</sheetData></worksheet>"
