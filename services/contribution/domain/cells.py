"""The cells of one line, as they may be written, and what is wrong with each."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from contract.money import fen_from_yuan
from contract.tiers import SheetFault

T = TypeVar("T")

_LARGEST = 100_000_000
"""Fen; no amount of a year and no base of a month comes near."""
_LABEL_LENGTH = 32
_RATIOS = range(100, 5001)
"""Basis points; also finds who wrote 0.2 and meant 20 %."""
_COMMANDS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula."""
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)


class Column(enum.IntEnum):
    """The columns in their order."""

    POOLING, KIND, TYPE, YEAR, LABEL, AMOUNT, BASE, MINIMUM, MAXIMUM, RATIO, MONTHS = range(11)

    @property
    def heading(self) -> str:
        return (
            "统筹区代码", "缴费人员", "险种", "执行年度", "档次名称", "年应缴金额（元）", "月缴费基数（元）",
            "基数下限（元/月）", "基数上限（元/月）", "缴费比例（%）", "缴费月数",
        )[self]  # fmt: skip

    @property
    def title(self) -> str:
        """As an operator finds it: F列“年应缴金额（元）”."""
        return f"{chr(ord('A') + self)}列“{self.heading}”"


@dataclass(frozen=True)
class SheetRow:
    """A row as its spreadsheet counts it, each cell as text; a formula is text that begins with =."""

    number: int
    cells: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells without blanks around them and without empty ones at the end, but as many as there are columns."""
        texts = [cell.strip() for cell in self.cells]
        while len(texts) > len(Column) and not texts[-1]:
            texts.pop()
        return (*texts, *[""] * (len(Column) - len(texts)))


class Cells:
    """Reads a row cell by cell; what cannot be read is noted and gives an empty value."""

    def __init__(self, row: SheetRow, faults: list[SheetFault]) -> None:
        self._row, self._texts, self._faults = row.number, row.texts, faults
        self.faulty = False

    def fault(self, column: Column, text: str) -> None:
        """Note what is wrong with a cell."""
        self.faulty = True
        self._faults.append(SheetFault(self._row, column.title, text))

    def known(self, column: Column, options: Mapping[str, object], otherwise: str) -> str:
        """A cell that names one of these."""
        text = self._filled(column)
        if text and text not in options:
            self.fault(column, otherwise)
        return text

    def one_of(self, column: Column, options: Mapping[str, T]) -> T | None:
        """What a cell names; the refusal lists what it may be."""
        text = self._filled(column)
        if text and text not in options:
            self.fault(column, f"只能填：{'、'.join(options)}")
        return options.get(text)

    def name(self, column: Column) -> str:
        """A short text without control characters."""
        text = self._filled(column)
        if len(text) > _LABEL_LENGTH or any(unicodedata.category(one).startswith("C") for one in text):
            self.fault(column, f"最多{_LABEL_LENGTH}个字，不能有换行等特殊字符")
        return text

    def whole(self, column: Column, least: int, most: int, why: str = "") -> int:
        """A whole number between bounds, both included."""
        text = self._filled(column)
        if text and not (
            text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most
        ):
            self.fault(column, f"应为{least}到{most}的整数{'，' + why if why else ''}")
            return 0
        return int(text or 0)

    def money(self, column: Column) -> int:
        """An amount of yuan, more than nothing, in fen."""
        text = self._filled(column)
        if not text:
            return 0
        if not _NUMBER.fullmatch(text):
            self.fault(column, "不是金额，只填数字，如400或400.50")
            return 0
        try:
            fen = fen_from_yuan(text)
        except ValueError:
            self.fault(column, "金额最多两位小数")
            return 0
        if not 0 < fen <= _LARGEST:
            self.fault(column, f"金额应大于0，不超过{_LARGEST // 100}元")
        return fen

    def ratio(self, column: Column) -> int:
        """A percentage in basis points, written 20 or 20%."""
        text = self._filled(column).removesuffix("%").strip()
        try:
            points = fen_from_yuan(text) if _NUMBER.fullmatch(text) else 0
        except ValueError:
            points = 0
        if text and points not in _RATIOS:
            self.fault(column, "比例应在1到50之间，最多两位小数，20%填20")
            return 0
        return points

    def must_be_empty(self, columns: Sequence[Column], why: str) -> None:
        """Cells that mean nothing on such a line; what is in them was meant for another."""
        for column in columns:
            if self._texts[column]:
                self.fault(column, why)

    def nothing_beyond(self) -> None:
        """Nothing is read to the right of the last column, so nothing may be there."""
        if len(self._texts) > len(Column):
            self.faulty = True
            self._faults.append(SheetFault(self._row, "", f"{Column.MONTHS.title}右边不能再有内容"))

    def _filled(self, column: Column) -> str:
        text = self._texts[column]
        if not text:
            self.fault(column, "没有填写")
        elif text.startswith(_COMMANDS):
            self.fault(column, "不能是公式，也不能以 = + - @ 开头，请只填数值或文字")
            return ""
        return text
