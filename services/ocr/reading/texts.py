"""Texts that are not of a closed set: names, addresses and issuing authorities."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

from services.ocr.domain.found import NOTHING, Field
from services.ocr.domain.judgement import SURE
from services.ocr.domain.layout import label_end, label_left
from services.ocr.domain.places import addresses_like, in_the_region
from services.ocr.reading.ctc import Alphabet, Probabilities, Spelled, likelihood, spell
from services.ocr.reading.geometry import height_of
from services.ocr.reading.rows import Piece, Row, after, below

CLEAR = 0.9
"""A text whose least sure character is surer than this is not looked at again."""
WIDER = (0.12,)
_KNOWN = 10.0
"""How much likelier, as a logarithm, a text is in every look for each known name in it."""
_ROOM, _SHORT = 1.5, 3.5
"""How many heights of room a full line may leave, and how long one may be that was not found."""
_STROKES = ("一", "-")
"""What a wave of the card's pattern is taken for."""
_MIXED = 3
"""Characters in which looks may differ for all their mixtures to be weighed."""

Alike = Callable[[str], Mapping[str, int]]
"""Texts that may be meant by one, and how many known names are in each."""


class Again(Protocol):
    """A second look at the photo."""

    alphabet: Alphabet

    def row(self, pieces: Sequence[Piece], wider: float) -> Row: ...
    def beyond(self, piece: Piece, heights: float) -> Row: ...
    def at(self, piece: Piece) -> Row: ...


@dataclass(frozen=True)
class Looks:
    """What was seen of a text in every look at it, and what each reads."""

    seen: Sequence[Probabilities]
    readings: Sequence[Spelled]

    def likelihood(self, text: str, alphabet: Alphabet) -> float:
        return sum(likelihood(seen, text, alphabet) for seen in self.seen)

    def field(self, text: str) -> Field:
        """A text, each character as sure as the share of the looks for it."""
        return Field(
            text,
            tuple(
                sum(_share(reading, text, place) for reading in self.readings) / len(self.readings)
                for place in range(len(text))
            ),
        )

    def allow(self, text: str) -> bool:
        """Whether a text changes no character of which a look is sure."""
        return not any(
            tag == "replace" and max(reading.confidences[start:end]) >= SURE
            for reading in self.readings
            for tag, start, end, _, _ in SequenceMatcher(None, reading.text, text, False).get_opcodes()
        )

    def texts(self) -> set[str]:
        """What any look reads, and what is some characters from one and some from the other."""
        read = {reading.text for reading in self.readings if reading.text}
        for one, other in itertools.combinations(sorted(read), 2):
            if len(one) == len(other) and sum(map(str.__ne__, one, other)) <= _MIXED:
                read |= {
                    "".join(mixed) for mixed in itertools.product(*map(set, zip(one, other, strict=True)))
                }
        return read


def text(row: Row, label: str, weights: Probabilities, again: Again, alike: Alike | None = None) -> Field:
    """What stands behind a label; looked at twice where it is unclear."""
    looks = _look(row, label, weights, again)
    if len(looks.readings) == 1:
        return looks.field(looks.readings[0].text)
    texts = dict.fromkeys(looks.texts(), 0)
    if alike is not None:
        for read in list(texts):
            texts |= alike(read)
    return agreed(texts, looks, again.alphabet, weights)


def agreed(texts: Mapping[str, int], looks: Looks, alphabet: Alphabet, weights: Probabilities) -> Field:
    """The text that all looks together make likeliest."""
    scores = {
        text: looks.likelihood(text, alphabet)
        + alphabet.lean(text, weights)
        + _KNOWN * known * len(looks.seen)
        for text, known in texts.items()
        if text and (not known or looks.allow(text))
    }
    return looks.field(max(scores, key=lambda text: scores[text])) if scores else NOTHING


def address(rows: Sequence[Row], again: Again) -> Field:
    """The lines of an address; of places that look alike the known ones are likelier."""
    alphabet, weights = again.alphabet, again.alphabet.address
    rows = [*rows, *_lost(rows, again)]
    lines = [_look(row, "住址" if place == 0 else "", weights, again) for place, row in enumerate(rows)]
    read = [
        looks.readings[0].text
        if len(looks.readings) == 1
        else agreed(dict.fromkeys(looks.texts(), 0), looks, alphabet, weights).text
        for looks in lines
    ]
    ends = [0, *itertools.accumulate(map(len, read))]
    whole = in_the_region("".join(read))
    looked = max((len(looks.seen) for looks in lines), default=0)
    best, most = _parts(whole, ends), float("-inf")
    for meant, known in addresses_like(whole).items():
        parts = _parts(meant, ends)
        if known and not all(map(Looks.allow, lines, parts)):
            continue
        score = _KNOWN * known * looked + sum(
            looks.likelihood(part, alphabet) + alphabet.lean(part, weights)
            for looks, part in zip(lines, parts, strict=True)
        )
        if score > most:
            best, most = parts, score
    fields = [looks.field(part) for looks, part in zip(lines, best, strict=True)]
    return Field("".join(best), tuple(sure for field in fields for sure in field.confidences))


def _parts(whole: str, ends: Sequence[int]) -> list[str]:
    return [whole[start:end] for start, end in itertools.pairwise(ends)]


def _lost(rows: Sequence[Row], again: Again) -> list[Row]:
    """The line under one that is full: it may be so short that it was not found."""
    if not rows:
        return []
    last, height = rows[-1], height_of(rows[-1].pieces[-1].quad)
    if max(row.right for row in rows) - last.right > _ROOM * height:
        return []
    pitch = last.place - rows[-2].place if len(rows) > 1 else height
    lost = again.at(below(last, last.place + pitch, _SHORT))
    read = spell(lost.seen, again.alphabet, again.alphabet.address)
    return [lost] if read.confidence > CLEAR and read.text not in _STROKES else []


def _look(row: Row, label: str, weights: Probabilities, again: Again) -> Looks:
    seen, reading = _behind(row, label, weights)
    looks, readings = [seen], [reading]
    if not reading.text or reading.confidence <= CLEAR:
        for wider in WIDER:
            seen, reading = _behind(again.row(row.pieces, wider), label, weights)
            looks.append(seen)
            readings.append(reading)
    return Looks(looks, readings)


def _behind(row: Row, label: str, weights: Probabilities) -> tuple[Probabilities, Spelled]:
    """What stands behind a label. It may show only when it is spelled in the field's own characters."""
    seen = row.after(label_end(row.text, label)) if label else row.seen
    reading = spell(seen, row.alphabet, weights)
    left = label_left(reading.text, label) if label else 0
    if left:
        seen = after(seen, reading, left)
        reading = spell(seen, row.alphabet, weights)
    return seen, reading


def _share(reading: Spelled, text: str, place: int) -> float:
    """How sure a reading is of a character of a text that may not be its own."""
    if len(reading.text) != len(text):
        return 0.5
    return reading.confidences[place] if reading.text[place] == text[place] else 0.0
