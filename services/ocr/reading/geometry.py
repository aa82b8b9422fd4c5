"""Where things are: turned rectangles, the way text runs, and cutting a line straight out of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
Quad = npt.NDArray[Any]
"""Four corners, clockwise; after `upright` the first is the top left one as text is read."""


def grown(points: Quad, by: float) -> Quad:
    """A rectangle moved outwards on all sides."""
    centre = points.mean(0)
    along, down = points[1] - points[0], points[3] - points[0]
    along, down = along / max(np.hypot(*along), 1e-6), down / max(np.hypot(*down), 1e-6)
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    half = np.array(
        [np.hypot(*(points[1] - points[0])) / 2 + by, np.hypot(*(points[3] - points[0])) / 2 + by]
    )
    moves = signs * half
    return np.asarray(centre + moves[:, :1] * along + moves[:, 1:] * down, np.float32)


def text_axis(quads: Sequence[Quad]) -> float:
    """The angle, in degrees from -90 to 90, at which most text runs; long lines weigh more."""
    total = np.zeros(2)
    for quad in quads:
        sides = quad[1] - quad[0], quad[2] - quad[1]
        long, short = sorted(sides, key=lambda side: -np.hypot(*side))
        length, thick = np.hypot(*long), np.hypot(*short)
        if length > 1.8 * thick:
            angle = 2 * np.arctan2(long[1], long[0])
            total += length * np.array([np.cos(angle), np.sin(angle)])
    return float(np.rad2deg(np.arctan2(total[1], total[0])) / 2)


def turning(angle: float, centre: Quad) -> Pixels:
    """The matrix (2×3) that turns a photo so that text at this angle lies level."""
    return cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, 1.0)


def moved(matrix: Pixels, quad: Quad) -> Quad:
    return np.asarray(quad @ matrix[:, :2].T + matrix[:, 2], np.float32)


def undone(matrix: Pixels) -> Pixels:
    return cv2.invertAffineTransform(matrix)


def upright(quad: Quad) -> Quad:
    """The corners of a nearly level rectangle from its top left one, clockwise."""
    middle = quad.mean(0)
    order = np.argsort(np.arctan2(quad[:, 1] - middle[1], quad[:, 0] - middle[0]))
    clockwise = quad[order]
    # A level rectangle's first corner by angle is its top left one; one turned by over 45° is not level text.
    first = int(np.argmin(clockwise.sum(1)))
    rolled = np.roll(clockwise, -first, axis=0)
    return np.asarray(rolled, np.float32)


def width_of(quad: Quad) -> float:
    return float((np.hypot(*(quad[1] - quad[0])) + np.hypot(*(quad[2] - quad[3]))) / 2)


def height_of(quad: Quad) -> float:
    return float((np.hypot(*(quad[3] - quad[0])) + np.hypot(*(quad[2] - quad[1]))) / 2)


def cut(image: Pixels, quad: Quad, tallest: int = 96) -> Pixels:
    """The part of a photo in a rectangle, straightened, at most so tall."""
    width, height = max(4.0, width_of(quad)), max(4.0, height_of(quad))
    scale = min(1.0, tallest / height)
    width, height = max(4, round(width * scale)), max(4, round(height * scale))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), corners)
    return cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


class Perspective:
    """How the slope of lines changes down a card seen from the side; tells which row a point lies in."""

    def __init__(self, quads: Sequence[Quad], middle: float) -> None:
        self._middle = middle
        long = [quad for quad in quads if width_of(quad) > 4 * height_of(quad)]
        self._slope, self._change = 0.0, 0.0
        if not long:
            return
        slopes = np.array([_slope(quad) for quad in long])
        weights = np.array([width_of(quad) for quad in long])
        rows = np.array([quad.mean(0)[1] for quad in long])
        self._slope = float(np.average(slopes, weights=weights))
        if len(long) > 2 and np.ptp(rows) > 6 * np.median([height_of(quad) for quad in long]):
            self._change, self._slope = (float(n) for n in np.polyfit(rows, slopes, 1, w=weights))

    def row(self, x: float, y: float) -> float:
        """The height at which the line through a point crosses the middle."""
        away = x - self._middle
        return (y - self._slope * away) / max(0.2, 1 + self._change * away)

    def slope(self, row: float) -> float:
        return self._slope + self._change * row


def _slope(quad: Quad) -> float:
    along = (quad[1] - quad[0]) + (quad[2] - quad[3])
    return float(along[1] / max(along[0], 1e-6))
