"""代他人缴费统计 (3.2.1.13): what is asked for, and what is shown of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import urlencode

from contract.insurance import InsuranceType
from contract.paid_for_others import PaidResult, PaidTotal
from contract.places import CODE_DIGITS, Division, Place
from services.gateway.domain.places import Picker, typed_place

T = TypeVar("T", InsuranceType, PaidResult)

PARAMETERS = {
    "since": "缴费日期起，如 2026-01-01",
    "until": "缴费日期止（含当日）",
    "place_code": "市、县（区）、乡镇或村屯的代码，含其下各级",
    "insurance_type": "险种：pension 养老保险，medical 医疗保险",
    "year": "所属年度",
    "result": "缴费结果：succeeded 成功，failed 未成功，pending 确认中，refunding 退费中，refunded 已退费",
}
"""What may be asked for, in the words of the API's document."""

_LONGEST = 20
"""Characters of what was typed that are shown again."""


@dataclass(frozen=True)
class Chosen:
    """A filter as it was chosen; `until` is the last day. `errors` maps a field to what is wrong with it, `typed` holds
    what was given."""

    since: dt.date | None = None
    until: dt.date | None = None
    place_code: str = ""
    insurance_type: InsuranceType | None = None
    year: int | None = None
    result: PaidResult | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, str]:
        """As parameters of an address, by the names of PARAMETERS."""
        values = {name: getattr(self, name) for name in PARAMETERS}
        return {name: str(getattr(value, "value", value)) for name, value in values.items() if value}

    @property
    def place(self) -> Place:
        """The levels of the place, by their codes."""
        codes = [self.place_code[:digits] for digits in CODE_DIGITS if digits <= len(self.place_code)]
        return Place(*(Division(code) for code in codes))

    def address(self, path: str, **more: str) -> str:
        """Where the same filter is asked of."""
        asked = self.given | {name: value for name, value in more.items() if value}
        return f"{path}?{urlencode(asked)}" if asked else path


def chosen(given: Mapping[str, str]) -> Chosen:
    """The filter of a form (with one list per level of the place) or of an address. What cannot be meant is left out
    and named in `errors`."""
    errors: dict[str, str] = {}
    since = _date(given.get("since", ""), "since", "开始日期", errors)
    until = _date(given.get("until", ""), "until", "结束日期", errors)
    if since and until and until < since:
        errors["until"] = "结束日期不能早于开始日期。"
    return Chosen(
        since, until, _place_code(given, errors),
        _one_of(InsuranceType, given.get("insurance_type", ""), "insurance_type", "险种", errors),
        _year(given.get("year", "").strip(), errors),
        _one_of(PaidResult, given.get("result", ""), "result", "缴费结果", errors), errors,
        {name: given.get(name, "")[:_LONGEST] for name in PARAMETERS},
    )  # fmt: skip


def without_errors(asked: Chosen) -> Chosen:
    """What is left of a filter when what cannot be meant is left out."""
    return replace(asked, until=None if "until" in asked.errors else asked.until, errors={})


def _date(text: str, name: str, label: str, errors: dict[str, str]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        errors[name] = f"{label}不正确，请重新选择，例如 2026-01-01。"
        return None


def _year(text: str, errors: dict[str, str]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        errors["year"] = "所属年度应为4位数字，例如 2026。"
        return None
    return int(text)


def _place_code(given: Mapping[str, str], errors: dict[str, str]) -> str:
    code = given.get("place_code", "").strip()
    if not code:
        return (typed_place(given) or Place()).code
    digits = len(code)
    if (
        digits not in CODE_DIGITS
        or Place(*(Division(code[:n]) for n in CODE_DIGITS if n <= digits)).code != code
    ):
        errors["place_code"] = "所在地代码不正确。"
        return ""
    return code


def _one_of(kind: type[T], text: str, name: str, label: str, errors: dict[str, str]) -> T | None:
    try:
        return kind(text) if text else None
    except ValueError:
        errors[name] = f"{label}不正确，请重新选择。"
        return None


@dataclass(frozen=True)
class Sum:
    """How many contributions succeeded and their amount in fen, and how many did not."""

    name: str
    succeeded: int = 0
    amount: int = 0
    others: int = 0


def sums(totals: Sequence[PaidTotal], picker: Picker) -> tuple[Sum, list[Sum]]:
    """All of them together, and by place; those whose place is not known last."""
    names = {one.code: one.name for level in picker.levels for one in level.options or ()}
    by_place = {code: _added(names.get(code, ""), totals, code) for code in _codes(totals)}
    whole = _added("合计", totals, None)
    known = [_named(found, code) for code, found in by_place.items() if code]
    return whole, [*known, *([_named(by_place[""], "")] if "" in by_place else [])]


def conditions(asked: Chosen, picker: Picker) -> list[str]:
    """A filter in words."""
    place = "".join(level.chosen.name for level in picker.levels)
    return [
        *([f"{asked.since}起"] if asked.since else []),
        *([f"到{asked.until}"] if asked.until else []),
        *([place or f"所在地{asked.place_code}"] if asked.place_code else []),
        *([asked.insurance_type.label] if asked.insurance_type else []),
        *([f"{asked.year}年度"] if asked.year else []),
        *([asked.result.label] if asked.result else []),
    ]


def _codes(totals: Sequence[PaidTotal]) -> list[str]:
    return list(dict.fromkeys(total.place_code for total in totals))


def _added(name: str, totals: Sequence[PaidTotal], code: str | None) -> Sum:
    mine = [total for total in totals if code is None or total.place_code == code]
    paid = [total for total in mine if total.result is PaidResult.SUCCEEDED]
    return Sum(
        name, sum(t.count for t in paid), sum(t.amount for t in paid),
        sum(t.count for t in mine) - sum(t.count for t in paid),
    )  # fmt: skip


def _named(found: Sum, code: str) -> Sum:
    """A place whose name nobody tells now is shown by its code."""
    return (
        found if found.name else Sum(code or "没有选择到这一级", found.succeeded, found.amount, found.others)
    )
