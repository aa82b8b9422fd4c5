"""Where and which way round a card is, by models that see what they are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest

from services.ocr.domain.layout import Side
from services.ocr.reading.cards import CardReader, evened
from services.ocr.reading.ctc import Alphabet, Probabilities
from services.ocr.reading.geometry import Pixels, Quad

LINES = ("中华人民共和国", "居民身份证", "签发机关上思县公安局", "有效期限2015.06.18-2035.06.18")
ALPHABET = Alphabet(sorted({*"".join(LINES), *"0123456789长期X"}))
_LEFT, _RIGHT, _TALL, _PITCH = 100, 500, 24, 60
_BEGINS, _ENDS = 60, 200


class PaintedLines:
    """Sees lines that are painted as bars: where one begins it is nearly black, where it ends it is grey, and between
    its brightness is its number. Whether a card is upside down it never knows."""

    alphabet = ALPHABET

    def find(self, image: Pixels, long: int) -> list[Quad]:
        dark = image[:, :, 0] < 230
        edges = np.flatnonzero(np.diff(dark.any(1).astype(int), prepend=0, append=0))
        found = []
        for top, bottom in zip(edges[::2], edges[1::2], strict=True):
            across = np.flatnonzero(dark[(top + bottom) // 2])
            left, right = across[0], across[-1] + 1
            found.append(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32))
        return found

    def upside_down(self, crops: Sequence[Pixels]) -> list[float]:
        return [0.5 for _ in crops]

    def spell(self, crops: Sequence[Pixels]) -> list[Probabilities]:
        return [self._spell(crop) for crop in crops]

    def _spell(self, crop: Pixels) -> Probabilities:
        row = crop[crop.shape[0] // 2, :, 0].astype(int)
        width = len(row)
        upright = row[width // 8] < row[-width // 8]
        text = LINES[min(max(0, round((row[width // 2] - 90) / 20)), 3)] if upright else "X"
        seen = np.zeros((2 * len(text), len(ALPHABET.characters)), np.float32)
        seen[::2, 0] = 1
        for place, character in enumerate(text):
            seen[2 * place + 1, ALPHABET.columns[character]] = 1
        return seen


def _photo() -> Pixels:
    photo = np.full((400, 600, 3), 255, np.uint8)
    third = (_RIGHT - _LEFT) // 3
    for number in range(len(LINES)):
        top = 80 + number * _PITCH
        for place, ink in enumerate((_BEGINS, 90 + 20 * number, _ENDS)):
            left = _LEFT + place * third
            photo[top : top + _TALL, left : left + third] = ink
    return photo


@pytest.mark.parametrize("turns", [0, 2])
def test_which_way_up_is_told_by_what_can_be_read(turns: int) -> None:
    found = CardReader("painted", PaintedLines()).read(np.rot90(_photo(), turns), dt.date(2026, 11, 26))
    assert found.side is Side.BACK
    assert {name: field.text for name, field in found.fields.items()} == {
        "authority": "上思县公安局", "period": "2015.06.18-2035.06.18",
    }  # fmt: skip


def test_a_photo_without_lines_holds_no_card() -> None:
    blank = np.full((400, 600, 3), 255, np.uint8)
    assert CardReader("painted", PaintedLines()).read(blank, dt.date(2026, 11, 26)).side is Side.NONE


def test_light_is_evened_out() -> None:
    """Paper is as bright in the shadow as beside it, and ink as dark."""
    photo = np.full((480, 640, 3), 200, np.uint8)
    photo[200:208] = 100
    shaded = (photo * np.linspace(0.3, 1, 640)[None, :, None]).astype(np.uint8)
    even = evened(shaded)[..., 0].astype(int)
    paper, ink = even[100, 40:600], even[204, 40:600]
    assert np.ptp(paper) < 25
    assert np.ptp(ink) < 25
    assert (paper - ink).min() > 60
