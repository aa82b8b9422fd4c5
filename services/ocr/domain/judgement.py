"""From what an engine read to what is said: which characters are unsure, whether the number can be relied on, and what
is wrong."""

from __future__ import annotations

import datetime as dt
import re

from contract.ocr import CardField, CardItem, CardNotFound, CardReading, CardSide, CardWarning, NumberState
from services.ocr.domain import numbers
from services.ocr.domain.found import Field, Found
from services.ocr.domain.layout import Side
from services.ocr.domain.quality import Quality

SURE = 0.97
"""Characters less sure than this are marked; measured by scripts/bench ocr."""
_NUMBER_SURE = 0.97
_REGION_DIGITS = 2
_PROVINCES = {"45": ("广西",)}
"""Provinces whose addresses are known by their words; Guangxi's, whose residents we serve."""


def judge(
    found: Found, quality: Quality, engine: str, today: dt.date, wanted: CardSide | None
) -> CardReading:
    """What is answered. Raises CardNotFound."""
    if found.side is Side.NONE or not found.fields:
        raise CardNotFound
    side = CardSide(found.side.value)
    fields = dict(found.fields)
    state = _number_state(fields, today) if side is CardSide.FRONT else NumberState.EMPTY
    if state is NumberState.VALID:
        fields |= _from_number(fields["number"])
    warnings = [CardWarning.WRONG_SIDE] if wanted not in (None, side) else []
    warnings += quality.warnings()
    if side is CardSide.FRONT and state is not NumberState.VALID:
        warnings.append(CardWarning.CHECK_DIGIT)
    if _is_over(fields.get("period"), today):
        warnings.append(CardWarning.EXPIRED)
    if state is NumberState.VALID and _elsewhere(fields):
        warnings.append(CardWarning.REGION_DIFFERS)
    said = tuple(_said(item, fields[item.value]) for item in CardItem if item.value in fields)
    return CardReading(side, said, state, tuple(warnings), engine)


def _said(item: CardItem, field: Field) -> CardField:
    unsure = tuple(place for place, confidence in enumerate(field.confidences) if confidence < SURE)
    return CardField(item, field.text, round(field.confidence, 4), unsure)


def _number_state(fields: dict[str, Field], today: dt.date) -> NumberState:
    number = fields.get("number")
    if number is None:
        return NumberState.EMPTY
    if not numbers.is_valid(number.text, today) or number.confidence < _NUMBER_SURE:
        return NumberState.INVALID
    birth, sex = numbers.birth_of(number.text), numbers.sex_of(number.text)
    printed_birth, printed_sex = fields.get("birth"), fields.get("sex")
    # A printed value that is itself unsure contradicts nothing.
    birth_differs = _surely_other(printed_birth, birth.isoformat() if birth else "")
    sex_differs = _surely_other(printed_sex, sex)
    if birth_differs and sex_differs:
        return NumberState.BOTH_DIFFER
    if birth_differs:
        return NumberState.BIRTH_DIFFERS
    return NumberState.SEX_DIFFERS if sex_differs else NumberState.VALID


def _surely_other(printed: Field | None, expected: str) -> bool:
    return printed is not None and printed.text != expected and printed.confidence > 0.8


def _from_number(number: Field) -> dict[str, Field]:
    birth = numbers.birth_of(number.text)
    assert birth is not None
    text = birth.isoformat()
    sure = number.confidence
    return {"birth": Field(text, (sure,) * len(text)), "sex": Field(numbers.sex_of(number.text), (sure,))}


def _is_over(period: Field | None, today: dt.date) -> bool:
    end = re.search(r"-(\d{4})\.(\d\d)\.(\d\d)$", period.text) if period else None
    if end is None or period is None or period.confidence < SURE:
        return False
    try:
        return dt.date(*(int(part) for part in end.groups())) < today
    except ValueError:
        return False


def _elsewhere(fields: dict[str, Field]) -> bool:
    address = fields.get("address")
    if address is None:
        return False
    words = _PROVINCES.get(fields["number"].text[:_REGION_DIGITS])
    here = address.text.startswith("广西")
    return not here if words else here
