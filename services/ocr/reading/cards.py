"""Reads a card in two passes: where and which way round it is, then every line of it from the photo itself."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from services.ocr.domain.found import Found, best_of
from services.ocr.domain.layout import Side, side_of
from services.ocr.reading.ctc import Alphabet, Probabilities, spell
from services.ocr.reading.fields import read_back, read_front
from services.ocr.reading.geometry import (
    Pixels,
    Quad,
    cut,
    height_of,
    moved,
    text_axis,
    turning,
    undone,
    upright,
    width_of,
)  # fmt: skip
from services.ocr.reading.rows import Piece, Row, arrange


@dataclass(frozen=True)
class _Effort:
    """How hard to look: the length of the copy on which the card is looked for, the length of the zoomed copy on which
    its lines are, how many heights of text around what was found may hold more, and whether to look at the photo with
    its light evened out."""

    first: int
    second: int
    margin: float
    evened: bool


_EFFORTS = (
    _Effort(640, 960, 1.2, False),
    _Effort(896, 1280, 6, True),
    _Effort(1152, 1280, 6, True),
)  # fmt: skip
"""The later ones only where those before left something unread."""
_FEW, _AROUND = 4, 0.9
"""Of so few lines the card may reach far around, in lengths of the longest: the number is two thirds as long as it."""
_SQUARE = 0.72
"""How much of a square a zoomed copy may be: what the models take of memory grows with it."""
_PAPER = 215
"""How bright paper is where the light is evened out."""
_VOTERS = 5
_DECIDED = 0.47
"""How far from a half a vote must be; a closer one is decided by what can be read either way."""


class TextModels(Protocol):
    """What finds, turns and spells text."""

    alphabet: Alphabet

    def find(self, image: Pixels, long: int) -> list[Quad]: ...
    def upside_down(self, crops: Sequence[Pixels]) -> list[float]: ...
    def spell(self, crops: Sequence[Pixels]) -> list[Probabilities]: ...


@dataclass
class _View:
    """A photo turned and zoomed so that the card fills it and its text is level."""

    image: Pixels
    matrix: Pixels
    quads: list[Quad]


class CardReader:
    """The two-pass reader over any text models."""

    def __init__(self, name: str, models: TextModels) -> None:
        self.name = name
        self._models = models

    def read(self, photo: Pixels, today: dt.date) -> Found:
        """The card in a photo (rows × columns × BGR)."""
        tried: list[Found] = []
        for effort in _EFFORTS:
            tried.append(self._read(photo, effort, today))
            if best_of(tried).complete:
                break
        return best_of(tried)

    def _read(self, photo: Pixels, effort: _Effort, today: dt.date) -> Found:
        photo = evened(photo) if effort.evened else photo
        view = self._look(photo, effort)
        rows = self._rows(photo, view) if view is not None else []
        if view is None or not rows:
            return Found(Side.NONE)
        side = side_of([row.text for row in rows])
        again = _Again(self._models, photo, view.matrix)
        if side is Side.NONE:
            return Found(side)
        fields = read_front(rows, again, today) if side is Side.FRONT else read_back(rows, again)
        quads = [piece.quad for row in rows for piece in row.pieces]
        back = undone(view.matrix)
        scale = float(np.sqrt(abs(np.linalg.det(back[:, :2]))))
        corners = tuple((float(x), float(y)) for x, y in moved(back, np.concatenate(quads)))
        return Found(side, fields, scale * float(np.median([height_of(quad) for quad in quads])), corners)

    def _look(self, photo: Pixels, effort: _Effort) -> _View | None:
        quads = self._models.find(photo, effort.first)
        if not quads:
            return None
        angle = text_axis(quads)
        centre = np.array([photo.shape[1], photo.shape[0]]) / 2
        matrix = turning(angle, centre)
        level = [upright(moved(matrix, quad)) for quad in quads]
        voters = sorted(level, key=lambda quad: -width_of(quad))[:_VOTERS]
        if self._on_its_head(photo, [moved(undone(matrix), quad) for quad in voters]):
            matrix = turning(angle + 180, centre)
            level = [upright(moved(matrix, quad)) for quad in quads]
        return self._zoom(photo, matrix, level, effort)

    def _on_its_head(self, photo: Pixels, voters: Sequence[Quad]) -> bool:
        crops = [cut(photo, quad, 48) for quad in voters]
        votes = self._models.upside_down(crops)
        share = float(np.average(votes, weights=[width_of(quad) for quad in voters]))
        if abs(share - 0.5) > _DECIDED:
            return share > 0.5
        return self._legible([np.rot90(crop, 2) for crop in crops]) > self._legible(crops)

    def _legible(self, crops: Sequence[Pixels]) -> float:
        """How much can be read in lines: characters, each as far as it is sure."""
        alphabet = self._models.alphabet
        read = [spell(seen, alphabet, alphabet.anything) for seen in self._models.spell(crops)]
        return sum(sure * sure for spelled in read for sure in spelled.confidences)

    def _zoom(self, photo: Pixels, matrix: Pixels, level: list[Quad], effort: _Effort) -> _View:
        points = np.concatenate(level)
        margin = effort.margin * float(np.median([height_of(quad) for quad in level]))
        if len(level) < _FEW and effort.evened:
            margin = max(margin, _AROUND * max(width_of(quad) for quad in level))
        left, top = points.min(0) - margin
        right, bottom = points.max(0) + margin
        wide, tall = right - left, bottom - top
        scale = effort.second * min(1 / max(wide, tall), math.sqrt(_SQUARE / (wide * tall)))
        zoomed = matrix.copy() * scale
        zoomed[:, 2] -= np.array([left, top]) * scale
        size = max(32, round((right - left) * scale)), max(32, round((bottom - top) * scale))
        image = cv2.warpAffine(
            _softened(photo, scale), zoomed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        quads = [upright(quad) for quad in self._models.find(image, max(image.shape[:2]))]
        return _View(image, zoomed, quads)

    def _rows(self, photo: Pixels, view: _View) -> list[Row]:
        arranged = arrange(view.quads, view.image.shape[1] / 2)
        pieces = [piece for row in arranged for piece in row]
        if not pieces:
            return []
        back = undone(view.matrix)
        for piece, seen in zip(
            pieces, self._models.spell([cut(photo, moved(back, piece.quad)) for piece in pieces]), strict=True
        ):
            piece.seen = seen
        return [Row(row, self._models.alphabet) for row in arranged]


class _Again:
    """A second look at a part of the card, cut a little differently."""

    def __init__(self, models: TextModels, photo: Pixels, matrix: Pixels) -> None:
        self.alphabet = models.alphabet
        self._models, self._photo, self._back = models, photo, undone(matrix)

    def row(self, pieces: Sequence[Piece], wider: float) -> Row:
        """The same pieces with so many heights more on each side, and with the contrast evened out."""
        quads = [_padded(piece.quad, wider) for piece in pieces]
        crops = [_even(cut(self._photo, moved(self._back, quad))) for quad in quads]
        seen = self._models.spell(crops)
        fresh = [Piece(quad, piece.row, s) for quad, piece, s in zip(quads, pieces, seen, strict=True)]
        return Row(fresh, self.alphabet)

    def beyond(self, piece: Piece, heights: float) -> Row:
        """What stands to the right of a piece."""
        quad = piece.quad
        along = (quad[1] - quad[0]) / max(width_of(quad), 1e-6) * height_of(quad)
        beside = np.array(
            [quad[1], quad[1] + along * heights, quad[2] + along * heights, quad[2]], np.float32
        )
        return self.at(Piece(beside, piece.row))

    def at(self, piece: Piece) -> Row:
        """What stands where nothing was found."""
        seen = self._models.spell([cut(self._photo, moved(self._back, piece.quad))])[0]
        return Row([Piece(piece.quad, piece.row, seen)], self.alphabet)


def _padded(quad: Quad, by: float) -> Quad:
    along = (quad[1] - quad[0]) / max(width_of(quad), 1e-6) * height_of(quad) * by
    down = (quad[3] - quad[0]) * by
    return np.asarray(quad + np.array([-along - down, along - down, along + down, -along + down]), np.float32)


def _even(crop: Pixels) -> Pixels:
    """Light flat out along a line: shadow and reflection change slowly, strokes fast."""
    light = cv2.GaussianBlur(crop, (0, 0), max(2.0, crop.shape[0] / 2)).astype(np.float32)
    flat = crop.astype(np.float32) - light
    low, high = np.percentile(flat, (1, 97))
    return np.clip((flat - low) * (215 / max(high - low, 12)) + 20, 0, 255).astype(np.uint8)


def evened(photo: Pixels) -> Pixels:
    """A photo as if its light were even: shadow, dusk and reflection are divided away, and grain is smoothed."""
    smooth = cv2.GaussianBlur(photo, (0, 0), 1.2)
    small = cv2.resize(smooth, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(cv2.dilate(small, np.ones((3, 3), np.uint8)), (0, 0), max(photo.shape) / 480)
    light = cv2.resize(paper, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(smooth, light, scale=_PAPER), np.uint8)


def _softened(photo: Pixels, scale: float) -> Pixels:
    """Smoothed before it is shrunk, so that thin strokes do not break up."""
    return cv2.GaussianBlur(photo, (0, 0), 0.4 / scale) if scale < 0.8 else photo
