"""Which row of a card says what. Pure: works on the rows' texts, from top to bottom."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9Xx]")
_DATE = re.compile(r"\d{4}.?\d{1,2}.?\d{1,2}.*(\d{4}|长)")
_BIRTH = re.compile(r"出.?生|\d{4}年|年.{0,3}月|月.{0,3}日|^.{0,2}生\d")
_DAY = re.compile(r"^\D{0,3}(19|20)\d(.?\d){3}")
"""How a birth date begins whose 年, 月 and 日, and whose label, were not read."""
_SEX = re.compile(r"性.?别|民.?族|^.?别|^性|[男女].{0,2}[民族]")
_NAME = re.compile(r"^.?姓|^.?名|^姓.")
_BACK = re.compile(
    r"中华人民|人民共和|民共和国|居民身份|民身份证|签发|发机关|有效期|效期限|公安局|\d{4}\.\d\d\.\d\d"
)
_FRONT_WORDS = re.compile(r"姓名|性别|民族|出生|住址|公民身份号|身份号码")
_LEAST_DIGITS = 12


class Side(enum.StrEnum):
    """Which side of a card a photo shows; Tencent's words, as many clients know them."""

    FRONT = "FRONT"
    BACK = "BACK"
    NONE = "NONE"


def side_of(rows: Sequence[str]) -> Side:
    """The side whose words are seen more often."""
    front = sum(bool(_FRONT_WORDS.search(row)) for row in rows) + 2 * sum(map(_is_number, rows))
    back = sum(bool(_BACK.search(row)) for row in rows)
    if max(front, back) < 1 or len(rows) < 2:
        return Side.NONE
    return Side.FRONT if front >= back else Side.BACK


@dataclass(frozen=True)
class FrontRows:
    """Indices of rows on the front; None for a row that was not found."""

    name: int | None
    sex: int | None
    birth: int | None
    address: tuple[int, ...]
    number: int | None


def front_rows(rows: Sequence[str]) -> FrontRows:
    """Rows by their labels, and where a label was not read, by what stands between its neighbours."""
    number = max((i for i, row in enumerate(rows) if _is_number(row)), default=None)
    above = range(
        number
        if number is not None
        else _first(rows, range(len(rows)), re.compile("身份号|份号码")) or len(rows)
    )
    birth = _first(rows, above, _BIRTH)
    if birth is None:
        birth = _first(rows, above, _DAY)
    sex = _first(rows, range(birth if birth is not None else len(above)), _SEX)
    if sex is None and birth:
        sex = birth - 1
    if birth is None and sex is not None and sex + 1 < len(above) and "址" not in rows[sex + 1]:
        birth = sex + 1
    name = _first(rows, range(sex if sex is not None else len(above)), _NAME)
    if name is None and sex:
        name = sex - 1
    start = next(
        (i for i in above if re.search(r"住.?址|^.?址", rows[i])), birth + 1 if birth is not None else None
    )
    address = tuple(i for i in above if start is not None and i >= start and not _is_foreign(rows[i]))
    return FrontRows(name, sex, birth, address, number)


def back_rows(rows: Sequence[str]) -> tuple[int | None, int | None]:
    """The rows of 签发机关 and 有效期限."""
    period = next((i for i in reversed(range(len(rows))) if _DATE.search(rows[i])), None)
    if period is None:
        period = _first(rows, range(len(rows)), re.compile("有效|效期|期限"))
    authority = _first(rows, range(len(rows)), re.compile("签发|发机|机关|公安|安局"))
    if authority is None and period:
        authority = period - 1
    return authority, period


def label_end(text: str, label: str) -> int:
    """How many leading characters of a row belong to its label, of which one may be misread or lost."""
    first, last = label[0], label[-1]
    found = text.find(last, 0, len(label) + 1)
    if found >= 0:
        return found + 1
    if text.startswith(first):
        return min(len(label), len(text))
    return 0


def label_left(text: str, label: str) -> int:
    """How many leading characters of a field are its label's after all: all of them, or the last."""
    return len(label) if text.startswith(label) else int(text.startswith(label[-1]))


def _first(rows: Sequence[str], among: range, pattern: re.Pattern[str]) -> int | None:
    return next((i for i in among if pattern.search(rows[i])), None)


def _is_foreign(row: str) -> bool:
    """A bilingual label printed large enough to be taken for a line of its own."""
    return sum(c.isascii() and c.isalpha() for c in row) > len(row) / 2


def _is_number(row: str) -> bool:
    return (
        len(_NUMBER.findall(row)) >= _LEAST_DIGITS and not _DATE.search(row.replace("-", "")[:12] and row)
    ) or bool(re.search(r"[0-9Xx]{15,}", row))
