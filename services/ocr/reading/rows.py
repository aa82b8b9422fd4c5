"""Rows of a card: the pieces of text that lie on one line, and what was seen along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.ocr.reading.ctc import Alphabet, Probabilities, Spelled, spell
from services.ocr.reading.geometry import Perspective, Quad, height_of, width_of

_SMALL = 0.55
"""Bilingual labels are set at less than this part of the usual height."""

_BEFORE = 0.3
"""Heights by which a line may begin before the one above it."""


@dataclass
class Piece:
    """A rectangle of text and what was seen in it."""

    quad: Quad
    row: float
    seen: Probabilities = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def left(self) -> float:
        return float(self.quad[[0, 3], 0].mean())

    @property
    def right(self) -> float:
        return float(self.quad[[1, 2], 0].mean())


@dataclass
class Row:
    """Pieces from left to right as one line of frames, with a blank between pieces."""

    pieces: list[Piece]
    alphabet: Alphabet

    def __post_init__(self) -> None:
        blank = np.zeros((1, len(self.alphabet.characters)), np.float32)
        blank[0, 0] = 1.0
        parts: list[Probabilities] = []
        for piece in self.pieces:
            parts += [piece.seen, blank]
        self.seen: Probabilities = np.concatenate(parts)
        self.spelled: Spelled = spell(self.seen, self.alphabet, self.alphabet.anything)

    @property
    def text(self) -> str:
        return self.spelled.text

    @property
    def place(self) -> float:
        """How far down the card it is."""
        return float(np.mean([piece.row for piece in self.pieces]))

    @property
    def right(self) -> float:
        return max(piece.right for piece in self.pieces)

    def after(self, characters: int) -> Probabilities:
        """The frames behind the first so many characters."""
        return after(self.seen, self.spelled, characters)


def after(seen: Probabilities, spelled: Spelled, characters: int) -> Probabilities:
    """The frames behind the first so many characters of what is spelled in them."""
    if characters <= 0:
        return seen
    frames = spelled.frames
    if characters >= len(frames):
        return seen[frames[-1] + 1 :] if frames else seen
    last, following = frames[characters - 1], frames[characters]
    return seen[min(last + 2, following) :] if following - last > 2 else seen[last + 1 :]


def below(row: Row, place: float, heights: float) -> Piece:
    """Where a line would begin that stands so far down the card, so many heights long."""
    quad = row.pieces[0].quad
    along = (quad[1] - quad[0]) / max(width_of(quad), 1e-6) * height_of(quad)
    down = np.array([0, place - row.place])
    left = quad[[0, 3]] - _BEFORE * along + down
    right = left + (heights + _BEFORE) * along
    return Piece(np.array([left[0], right[0], right[1], left[1]], np.float32), place)


def arrange(quads: Sequence[Quad], middle: float) -> list[list[Piece]]:
    """Pieces by row, top to bottom and left to right; small print is left out."""
    if not quads:
        return []
    heights = np.array([height_of(quad) for quad in quads])
    widths = [
        max(1, int(width_of(quad) / max(height, 1))) for quad, height in zip(quads, heights, strict=True)
    ]
    # By length, since labels are short; but the heading of the back must not make its fields look small.
    usual = min(float(np.median(np.repeat(heights, widths))), 1.4 * float(np.median(heights)))
    kept = [quad for quad, height in zip(quads, heights, strict=True) if height >= _SMALL * usual]
    perspective = Perspective(kept, middle)
    pieces = sorted(
        (Piece(quad, perspective.row(*(float(n) for n in quad.mean(0)))) for quad in kept),
        key=lambda piece: piece.row,
    )
    rows: list[list[Piece]] = []
    for piece in pieces:
        if rows and piece.row - np.mean([other.row for other in rows[-1]]) < 0.5 * usual:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda piece: piece.left)
    return rows
