"""The fields of each side, decoded among what they can say."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from services.ocr.domain import numbers
from services.ocr.domain.found import NOTHING, Field
from services.ocr.domain.layout import back_rows, front_rows, label_end
from services.ocr.domain.nations import NATIONS
from services.ocr.domain.usual import in_the_region
from services.ocr.reading.ctc import Alphabet, Probabilities, Spelled, candidates, likelihood, spell
from services.ocr.reading.rows import Piece, Row

_CLEAR = 0.9
"""A text whose least sure character is surer than this is not looked at again."""
_WIDER = (0.12,)


class Again(Protocol):
    """A second look at the photo."""

    alphabet: Alphabet

    def row(self, pieces: Sequence[Piece], wider: float) -> Row: ...
    def beyond(self, piece: Piece, heights: float) -> Row: ...


def read_front(rows: Sequence[Row], again: Again, today: dt.date) -> dict[str, Field]:
    """Name, printed sex, nation, printed birth, address and number."""
    at = front_rows([row.text for row in rows])
    alphabet = again.alphabet
    fields: dict[str, Field] = {}
    if at.number is not None:
        fields["number"] = _number(rows[at.number], again, today)
    if at.name is not None:
        fields["name"] = _text(rows[at.name], "姓名", alphabet.name, again)
    if at.sex is not None:
        fields["sex"] = _sex(rows[at.sex])
        fields["nation"] = _nation(rows[at.sex], again)
    if at.birth is not None:
        fields["birth"] = _birth(rows[at.birth])
    lines = [
        _text(rows[i], "住址" if place == 0 else "", alphabet.address, again)
        for place, i in enumerate(at.address)
    ]
    address = in_the_region("".join(line.text for line in lines))
    fields["address"] = Field(address, tuple(c for line in lines for c in line.confidences))
    return {name: field for name, field in fields.items() if field.text}


def read_back(rows: Sequence[Row], again: Again) -> dict[str, Field]:
    """Authority and period."""
    authority, period = back_rows([row.text for row in rows])
    fields = {}
    if authority is not None:
        fields["authority"] = _text(rows[authority], "签发机关", again.alphabet.authority, again)
    if period is not None:
        fields["period"] = _period(rows[period], again)
    return {name: field for name, field in fields.items() if field.text}


def _text(row: Row, label: str, weights: Probabilities, again: Again) -> Field:
    """What stands behind a label; looked at twice where it is unclear."""
    first = _behind(row, label)
    read = spell(first, again.alphabet, weights)
    if read.text and read.confidence > _CLEAR:
        return Field(read.text, read.confidences)
    seen, readings = [first], [read]
    for wider in _WIDER:
        seen.append(_behind(again.row(row.pieces, wider), label))
        readings.append(spell(seen[-1], again.alphabet, weights))
    return _agreed({reading.text for reading in readings}, readings, seen, again.alphabet, weights)


def _behind(row: Row, label: str) -> Probabilities:
    return row.after(label_end(row.text, label)) if label else row.seen


def _agreed(
    texts: Iterable[str], readings: Sequence[Spelled], seen: Sequence[Probabilities], alphabet: Alphabet,
    weights: Probabilities,
) -> Field:  # fmt: skip
    """The text that all looks together make likeliest. A character is as sure as the share of the looks for it."""
    scores = {
        text: sum(likelihood(s, text, alphabet) for s in seen) + alphabet.lean(text, weights)
        for text in texts
        if text
    }
    if not scores:
        return NOTHING
    best = max(scores, key=lambda text: scores[text])
    sure = []
    for place in range(len(best)):
        shares = [_share(reading, best, place) for reading in readings]
        sure.append(sum(shares) / len(shares))
    return Field(best, tuple(sure))


def _share(reading: Spelled, text: str, place: int) -> float:
    """How sure a reading is of a character of a text that may not be its own."""
    if len(reading.text) != len(text):
        return 0.5
    return reading.confidences[place] if reading.text[place] == text[place] else 0.0


def _sex(row: Row) -> Field:
    columns = [row.alphabet.columns[word] for word in "男女"]
    seen = row.seen[:, columns].max(0)
    best = int(seen.argmax())
    return Field("男女"[best], (float(seen[best]),)) if seen[best] > 0.2 else NOTHING


def _nation(row: Row, again: Again) -> Field:
    """The ethnic group, among the 56."""
    label = row.text.find("族")
    seen = row.after(label + 1) if label >= 0 else row.after(max(0, len(row.text) - 2))
    if label >= 0 and not row.text[label + 1 :].strip():
        seen = again.beyond(row.pieces[-1], 5).seen
    scores = np.array([likelihood(seen, nation, row.alphabet) for nation in NATIONS])
    best = int(scores.argmax())
    if not math.isfinite(scores[best]):
        return NOTHING
    share = float(1 / np.exp(scores - scores[best]).sum())
    read = spell(seen, row.alphabet, row.alphabet.han)
    sure = share if read.text == NATIONS[best] else share * min(1.0, math.exp(scores[best] / 4))
    return Field(NATIONS[best], (sure,) * len(NATIONS[best]))


def _birth(row: Row) -> Field:
    found = re.search(r"(\d{4})\D{0,2}?(\d{1,2})\D{0,2}?(\d{1,2})(?!\d)", row.text.replace(" ", ""))
    if found is None:
        return NOTHING
    try:
        text = dt.date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        return NOTHING
    digits = [
        c for c, character in zip(row.spelled.confidences, row.text, strict=True) if character.isdecimal()
    ]
    return Field(text, (min(digits),) * len(text))


def _number(row: Row, again: Again, today: dt.date) -> Field:
    """The likeliest number that can be somebody's. Each character is as sure as all numbers that share it."""
    alphabet = again.alphabet
    read = _digits(row)
    options = candidates(read, alphabet, "0123456789X")
    total = sum(options.values())
    plain = max(options, key=lambda text: options[text])
    if not (numbers.is_valid(plain, today) and options[plain] / total > 0.98):
        for wider in _WIDER:
            other = _digits(again.row(row.pieces, wider))
            more = candidates(other, alphabet, "0123456789X")
            likely = {text for text in (*options, *more) if len(text) == numbers.LENGTH}
            joint = {
                text: likelihood(read, text, alphabet) + likelihood(other, text, alphabet) for text in likely
            }
            if joint:
                top = max(joint.values())
                options = {text: math.exp(score - top) for text, score in joint.items()}
    return _posterior(options, today)


def _posterior(options: dict[str, float], today: dt.date) -> Field:
    valid = {text: p for text, p in options.items() if numbers.is_valid(text, today)}
    if not valid:
        best = max(options, key=lambda text: options[text])
        return Field(best, (0.0,) * len(best))
    best = max(valid, key=lambda text: valid[text])
    everything = sum(options.values())
    sure = tuple(
        sum(p for text, p in options.items() if len(text) == len(best) and text[place] == best[place])
        / everything
        for place in range(len(best))
    )
    return Field(best, sure)


def _digits(row: Row) -> Probabilities:
    """The frames of a row from its first digit on."""
    first = re.search(r"\d{3}", row.text)
    return row.after(first.start()) if first else row.seen


def _period(row: Row, again: Again) -> Field:
    """From – to: the two dates belong together, 5, 10 or 20 years apart, or the end is 长期."""
    alphabet = again.alphabet
    weights = _only(alphabet, "0123456789.-长期")
    seen = [_dates(row)]
    readings = [spell(seen[0], alphabet, weights)]
    if readings[0].confidence < _CLEAR or readings[0].text not in _periods(readings[0].text):
        for wider in _WIDER:
            seen.append(_dates(again.row(row.pieces, wider)))
            readings.append(spell(seen[-1], alphabet, weights))
    texts = {text for reading in readings for text in _periods(reading.text)}
    if not texts:
        return Field(readings[0].text, (0.0,) * len(readings[0].text))
    return _agreed(texts, readings, seen, alphabet, weights)


def _dates(row: Row) -> Probabilities:
    first = re.search(r"\d{2}", row.text)
    return row.after(first.start()) if first else row.seen


def _only(alphabet: Alphabet, characters: str) -> Probabilities:
    weights = np.zeros(len(alphabet.characters), np.float32)
    weights[[0, *(alphabet.columns[c] for c in characters)]] = 1
    return weights


def _periods(text: str) -> list[str]:
    """Periods that a reading may mean: its own start or its own end, and each usual length."""
    digits = re.sub(r"[^0-9长期]", "", text)
    starts = []
    for part in (digits[:8], digits[8:16]):
        try:
            starts.append(dt.date(int(part[:4]), int(part[4:6]), int(part[6:8])))
        except ValueError:
            starts.append(None)
    start, end = starts
    periods = []
    if start:
        periods = [f"{start:%Y.%m.%d}-{_later(start, years):%Y.%m.%d}" for years in (5, 10, 20)]
        if end is None:
            periods.append(f"{start:%Y.%m.%d}-长期")
    elif end:
        periods = [f"{_later(end, -years):%Y.%m.%d}-{end:%Y.%m.%d}" for years in (5, 10, 20)]
    return periods


def _later(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
