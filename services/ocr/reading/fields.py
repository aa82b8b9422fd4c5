"""The fields of each side, decoded among what they can say."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence

import numpy as np

from services.ocr.domain import numbers
from services.ocr.domain.found import NOTHING, Field
from services.ocr.domain.layout import back_rows, front_rows
from services.ocr.domain.nations import NATIONS
from services.ocr.domain.places import authorities_like
from services.ocr.reading.ctc import Alphabet, Probabilities, candidates, likelihood, spell
from services.ocr.reading.rows import Row
from services.ocr.reading.texts import CLEAR, WIDER, Again, Looks, address, agreed, text


def read_front(rows: Sequence[Row], again: Again, today: dt.date) -> dict[str, Field]:
    """Name, printed sex, nation, printed birth, address and number."""
    at = front_rows([row.text for row in rows])
    alphabet = again.alphabet
    fields: dict[str, Field] = {}
    if at.number is not None:
        fields["number"] = _number(rows[at.number], again, today)
    if at.name is not None:
        fields["name"] = text(rows[at.name], "姓名", alphabet.name, again)
    if at.sex is not None:
        fields["sex"] = _sex(rows[at.sex])
        fields["nation"] = _nation(rows[at.sex], again)
    if at.birth is not None:
        fields["birth"] = _birth(rows[at.birth])
    fields["address"] = address([rows[i] for i in at.address], again)
    return {name: field for name, field in fields.items() if field.text}


def read_back(rows: Sequence[Row], again: Again) -> dict[str, Field]:
    """Authority and period."""
    authority, period = back_rows([row.text for row in rows])
    fields = {}
    if authority is not None:
        row = rows[authority]
        if not row.text.endswith("局"):
            row = Row([*row.pieces, *again.beyond(row.pieces[-1], 4).pieces], again.alphabet)
        fields["authority"] = text(row, "签发机关", again.alphabet.authority, again, authorities_like)
    if period is not None:
        fields["period"] = _period(rows[period], again)
    return {name: field for name, field in fields.items() if field.text}


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
        for wider in WIDER:
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
    if readings[0].confidence < CLEAR or readings[0].text not in _periods(readings[0].text):
        for wider in WIDER:
            seen.append(_dates(again.row(row.pieces, wider)))
            readings.append(spell(seen[-1], alphabet, weights))
    texts = {text for reading in readings for text in _periods(reading.text)}
    if not texts:
        return Field(readings[0].text, (0.0,) * len(readings[0].text))
    return agreed(dict.fromkeys(texts, 0), Looks(seen, readings), alphabet, weights)


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
