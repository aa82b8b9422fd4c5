"""A seal as one vector drawing: the shape, the star or code, and the authority's name along the arc.

Glyph outlines are placed on an ellipse at equal arc lengths, so that the same drawing serves PDF, SVG and PNG and needs
no font where it is shown.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen

from services.certificate.domain.authorities import Seal

COLOUR = "#d7000f"
_STEPS = 2000
_TOP = 270.0
"""Degrees, clockwise from the right as SVG counts: the middle of the arc of text is on top."""
_REACH = 216.0
"""Degrees the name may take, so that the label has room below it."""


class Outlines:
    """Glyphs of one font as SVG paths; one unit is one em."""

    def __init__(self, font: Any) -> None:
        self._glyphs, self._cmap = font.getGlyphSet(), font.getBestCmap()
        self._em = font["head"].unitsPerEm

    def placed(
        self, character: str, size: float, x: float, y: float, degrees: float = 0.0, wide: float = 1.0
    ) -> str:
        """The path of a character, its middle at x, y, turned, `wide` times as wide as high."""
        scale, turn = size / self._em, math.radians(degrees)
        cos, sin = math.cos(turn), math.sin(turn)
        glyph = self._glyphs[self._cmap[ord(character)]]
        # The middle of an ideograph lies 0.38 em above its base line.
        left, low = -glyph.width / 2 * scale * wide, 0.38 * size
        a, d = scale * wide, -scale
        matrix = (a * cos, a * sin, -d * sin, d * cos, x + left * cos - low * sin, y + left * sin + low * cos)
        pen = SVGPathPen(self._glyphs, ntos=lambda number: f"{number:.3f}".rstrip("0").rstrip("."))
        glyph.draw(TransformPen(pen, matrix))
        return str(pen.getCommands())


def draw(seal: Seal, outlines: Outlines) -> str:
    """The seal as an SVG of its real size in millimetres."""
    middle = seal.width / 2, seal.height / 2
    line = min(seal.width, seal.height) * 0.03
    parts = [
        f'<ellipse cx="{middle[0]}" cy="{middle[1]}" rx="{middle[0] - line / 2}" ry="{middle[1] - line / 2}" '
        f'fill="none" stroke="{COLOUR}" stroke-width="{line}"/>'
    ]
    paths = _arc(seal, outlines)
    if seal.star:
        paths.append(_star(*middle, min(middle) * 0.3))
    if seal.code:
        paths += _row(seal.code, outlines, middle[0], middle[1], seal.height * 0.085)
    paths += _row(seal.label, outlines, middle[0], middle[1] + seal.height * 0.27, seal.height * 0.075)
    parts.append(f'<path fill="{COLOUR}" d="{" ".join(paths)}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{seal.width}mm" height="{seal.height}mm" '
        f'viewBox="0 0 {seal.width} {seal.height}">{"".join(parts)}</svg>'
    )


def _arc(seal: Seal, outlines: Outlines) -> list[str]:
    """The name clockwise over the top, its characters narrower the more there are."""
    size = seal.height * (0.125 if len(seal.name) <= 14 else 0.11)
    edge = size * 0.5 + min(seal.width, seal.height) * 0.07
    rx, ry = seal.width / 2 - edge, seal.height / 2 - edge
    reach = min(_REACH, 15.0 * len(seal.name))
    places = _equal_arcs(rx, ry, _TOP - reach / 2, _TOP + reach / 2, len(seal.name))
    gap = _length(rx, ry, _TOP - reach / 2, _TOP + reach / 2) / max(1, len(seal.name) - 1)
    wide = min(1.0, gap * 0.92 / size)
    return [
        outlines.placed(character, size, seal.width / 2 + x, seal.height / 2 + y, turn, wide)
        for character, (x, y, turn) in zip(seal.name, places, strict=True)
    ]  # fmt: skip


def _equal_arcs(
    rx: float, ry: float, first: float, last: float, count: int
) -> list[tuple[float, float, float]]:
    """Points on an ellipse with equal lengths of arc between them, and how far text there is turned."""
    angles = [first + (last - first) * step / _STEPS for step in range(_STEPS + 1)]
    points = [(rx * math.cos(math.radians(a)), ry * math.sin(math.radians(a))) for a in angles]
    lengths = [0.0]
    for before, after in itertools.pairwise(points):
        lengths.append(lengths[-1] + math.dist(before, after))
    found, step = [], 0
    for number in range(count):
        wanted = lengths[-1] * (number / (count - 1) if count > 1 else 0.5)
        while lengths[step] < wanted and step < _STEPS:
            step += 1
        x, y = points[step]
        found.append((x, y, math.degrees(math.atan2(x / rx**2, -y / ry**2))))
    return found


def _length(rx: float, ry: float, first: float, last: float) -> float:
    places = _equal_arcs(rx, ry, first, last, 60)
    return sum(math.dist(a[:2], b[:2]) for a, b in itertools.pairwise(places))


def _row(text: str, outlines: Outlines, x: float, y: float, size: float) -> list[str]:
    step = size * (1.08 if any(ord(character) > 0x2E80 for character in text) else 0.62)
    begin = x - step * (len(text) - 1) / 2
    return [outlines.placed(character, size, begin + step * n, y) for n, character in enumerate(text)]


def _star(x: float, y: float, radius: float) -> str:
    turns = [math.radians(-90 + 36 * n) for n in range(10)]
    reach: Sequence[float] = (radius, radius * 0.382)
    points = [(x + reach[n % 2] * math.cos(t), y + reach[n % 2] * math.sin(t)) for n, t in enumerate(turns)]
    return "M" + "L".join(f"{px:.3f} {py:.3f}" for px, py in points) + "Z"
