"""Spreadsheets as operators fill them in."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from services.contribution.domain.cells import Column, SheetRow

HEAD = tuple(column.heading for column in Column)


def resident(
    label: str = "个人缴费标准", amount: Any = "400", year: Any = 2026, insurance_type: str = "医疗保险",
    pooling: Any = "450100",
) -> tuple[Any, ...]:  # fmt: skip
    """A line of residents."""
    return (pooling, "城乡居民", insurance_type, year, label, amount, "", "", "", "", "")


def flexible(
    label: str = "60%基数档", base: Any = "4053.60", ratio: Any = "20", year: Any = 2026, pooling: Any = "450100",
    bounds: tuple[Any, Any] = ("4053.60", "20268"), months: Any = 12,
) -> tuple[Any, ...]:  # fmt: skip
    """A line of flexible workers' pension."""
    return (pooling, "灵活就业人员", "养老保险", year, label, "", base, *bounds, ratio, months)


def rows(*lines: Sequence[Any], head: Sequence[str] = HEAD) -> list[SheetRow]:
    """What the reader makes of a file with these lines."""
    texts = [tuple(str(cell) for cell in line) for line in (head, *lines)]
    return [SheetRow(number, cells) for number, cells in enumerate(texts, 1)]


def workbook(*lines: Sequence[Any], head: Sequence[str] = HEAD) -> bytes:
    """An .xlsx file with these lines."""
    made = Workbook()
    for line in (head, *lines):
        made.active.append([None if cell == "" else cell for cell in line])
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def sent(*lines: Sequence[Any]) -> str:
    """The same as it travels."""
    return base64.b64encode(workbook(*lines)).decode()
