"""Measures a photo where its text is."""

from __future__ import annotations

import cv2
import numpy as np

from services.ocr.domain.found import Found
from services.ocr.domain.quality import Quality
from services.ocr.reading.geometry import Pixels

_AREA = 700
"""Pixels that the longer side of the text area is brought to, so that measures compare."""
_WHITE = 250
_EDGE = 0.004


def measure(photo: Pixels, found: Found) -> Quality:
    """The quality of a photo (rows × columns × BGR) that a card was found in."""
    if not found.corners:
        return Quality()
    points = np.array(found.corners)
    height, width = photo.shape[:2]
    # Text keeps clear of the card's edge by half its height at least: where it touches the photo's, the card is cut.
    slack = max(0.35 * found.text_height, _EDGE * width)
    cut = bool(
        (points.min(0) < slack).any()
        or points[:, 0].max() > width - slack
        or points[:, 1].max() > height - slack
    )
    left, top = np.maximum(points.min(0), 0).astype(int)
    right, bottom = points.max(0).astype(int)
    area = photo[top : max(bottom, top + 2), left : max(right, left + 2)]
    if min(area.shape[:2]) < 8:
        return Quality(text_height=found.text_height, cut=cut)
    grey = cv2.cvtColor(area, cv2.COLOR_BGR2GRAY)
    reflection = float((cv2.erode(grey, np.ones((5, 5), np.uint8)) >= _WHITE).mean())
    return Quality(
        float(np.percentile(grey, 70)),
        _sharpness(grey, found.text_height),
        reflection,
        found.text_height,
        cut,
    )


def _sharpness(grey: Pixels, text_height: float) -> float:
    """The steepest edges against the contrast there is, at a text height of 24 pixels."""
    scale = 24 / max(text_height, 6.0)
    size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
    usual = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    usual = cv2.GaussianBlur(usual, (0, 0), 0.6).astype(np.float32)
    steepness = np.hypot(cv2.Sobel(usual, cv2.CV_32F, 1, 0), cv2.Sobel(usual, cv2.CV_32F, 0, 1)) / 8
    low, high = np.percentile(usual, (1, 90))
    return float(np.percentile(steepness, 99.5) / max(high - low, 15.0) * 2)
