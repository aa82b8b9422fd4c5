"""Tesseract as an engine: light, no neural models of its own to ship, and best at digits.

Out of the box it reads a photo as a page. Here the card is found and straightened first, each field is cut out at the
size Tesseract reads best, and the number is read as digits alone. Photos go in by standard input, and so touch no disk.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from services.ocr.domain import numbers
from services.ocr.domain.found import NOTHING, Field, Found
from services.ocr.domain.layout import Side
from services.ocr.domain.nations import NATIONS
from services.ocr.reading.geometry import Pixels

_SECONDS = 10
_CLEAR, _CONFIRMED = 0.8, 0.99
"""From which of Tesseract's own confidences on a number is taken for read, and how sure one is that is read twice."""
_WIDTH, _HEIGHT = 1284, 810
"""A straightened card: 15 pixels a millimetre."""
_AUTHORITY = re.compile(r"[\u4e00-\u9fff]+(?:局|分局)")
_PERIOD = re.compile(r"(\d{4})\D?(\d\d)\D?(\d\d)\D{0,2}(?:(\d{4})\D?(\d\d)\D?(\d\d)|(长期))")


@dataclass(frozen=True)
class _Box:
    """A part of the straightened card (GA 490): left, top, right, bottom."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, card: Pixels) -> Pixels:
        return card[self.top : self.bottom, self.left : self.right]


_NUMBER = _Box(390, 645, 1240, 760)
_FIELDS = {
    "name": _Box(205, 55, 760, 138), "sex": _Box(205, 158, 330, 240), "nation": _Box(490, 158, 740, 240),
    "address": _Box(205, 362, 800, 620),
}  # fmt: skip
_BIRTH = _Box(205, 258, 640, 338)
_OF_BACK = _Box(480, 560, 1240, 760)


class Tesseract:
    """Debian's tesseract-ocr with chi_sim. Raises RuntimeError where it is not installed."""

    name = "tesseract"

    def __init__(self) -> None:
        try:
            listed = subprocess.run(
                ["tesseract", "--list-langs"], capture_output=True, text=True, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError):
            raise RuntimeError("tesseract is not installed") from None
        if "chi_sim" not in listed.split():
            raise RuntimeError("tesseract-ocr-chi-sim is not installed")

    def read(self, photo: Pixels, today: dt.date) -> Found:
        """The card in a photo (rows × columns × BGR). Any of its four turns is tried, the likeliest first."""
        corners = _corners(photo)
        if corners is None:
            return Found(Side.NONE)
        outline = tuple((float(x), float(y)) for x, y in corners)
        height = float(np.hypot(*(corners[3] - corners[0]))) * 44 / _HEIGHT
        best = Found(Side.NONE)
        for turn in (0, 2):
            card = _straightened(photo, np.roll(corners, -turn, axis=0))
            number = _best_number(_spelled(_NUMBER.of(card), "eng", 7, "0123456789X"), today)
            if number is not None:
                return Found(Side.FRONT, _front(card, number), height, outline)
            back = _back(card)
            if len(back) > len(best.fields):
                best = Found(Side.BACK, back, height, outline)
        return best


def _front(card: Pixels, number: Field) -> dict[str, Field]:
    read = {
        name: _spelled(box.of(card), "chi_sim", 6 if name == "address" else 7)
        for name, box in _FIELDS.items()
    }
    fields = {
        name: _only(field, r"[\u3400-\u9fff·]" if name == "name" else r"[\u4e00-\u9fffA-Za-z0-9-]")
        for name, field in read.items()
    }
    fields["sex"] = _one_of(fields["sex"], ("男", "女"))
    fields["nation"] = _one_of(fields["nation"], NATIONS)
    digits = re.findall(r"\d+", _spelled(_BIRTH.of(card), "chi_sim", 7).text)
    born = (
        numbers.birth_of("0" * 6 + "".join(part.zfill(2) for part in digits) + "0" * 4)
        if len(digits) == 3
        else None
    )
    fields["birth"] = Field(born.isoformat(), (0.5,) * 10) if born else NOTHING
    fields["number"] = number
    if number.confidence:
        fields |= _told_by(number, fields)
    return {name: field for name, field in fields.items() if field.text}


def _told_by(number: Field, fields: dict[str, Field]) -> dict[str, Field]:
    """A number whose check digit holds tells birth and sex where they were not read; a printed birth that says the same
    was read apart from it, and so makes both sure."""
    birth, sex = numbers.birth_of(number.text), numbers.sex_of(number.text)
    assert birth is not None
    confirmed = fields["birth"].text == birth.isoformat() and number.confidence > _CLEAR
    sure = _CONFIRMED if confirmed else number.confidence * 0.9
    told = {"number": Field(number.text, (sure,) * len(number.text))}
    if not fields["birth"].text:
        told["birth"] = Field(birth.isoformat(), (sure,) * 10)
    if not fields["sex"].text:
        told["sex"] = Field(sex, (sure,))
    return told


def _back(card: Pixels) -> dict[str, Field]:
    read = _spelled(_OF_BACK.of(card), "chi_sim", 6)
    fields = {}
    if found := _AUTHORITY.search(read.text):
        fields["authority"] = Field(found[0], read.confidences[found.start() : found.end()])
    if found := _PERIOD.search(read.text):
        start, end = found.groups()[:3], found.groups()[3:6]
        text = f"{'.'.join(start)}-{'.'.join(end) if end[0] else '长期'}"
        fields["period"] = Field(text, (min(read.confidences[found.start() : found.end()]),) * len(text))
    return fields


def _best_number(read: Field, today: dt.date) -> Field | None:
    """The number; None for what is none at all, which is not the front, or not this way up."""
    if len(read.text) < 15:
        return None
    if numbers.is_valid(read.text, today):
        return read
    return Field(read.text, (0.0,) * len(read.text))


def _spelled(part: Pixels, language: str, mode: int, allowed: str = "") -> Field:
    """What Tesseract reads in a part of the card, without spaces."""
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    light = cv2.GaussianBlur(grey, (0, 0), 40)
    even = cv2.divide(grey, light, scale=220)
    # Its letters are best 24 to 32 pixels tall; the card's are 44.
    small = cv2.resize(even, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(small, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=220)
    only = ["-c", f"tessedit_char_whitelist={allowed}"] if allowed else []
    command = ["tesseract", "stdin", "stdout", "-l", language, "--psm", str(mode), *only, "tsv"]
    try:
        image = cv2.imencode(".png", framed)[1].tobytes()
        done = subprocess.run(command, input=image, capture_output=True, timeout=_SECONDS, check=True)
    except subprocess.SubprocessError:
        return NOTHING
    return _words(done.stdout.decode())


def _words(table: str) -> Field:
    text, sure = "", []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = (row.get("text") or "").replace(" ", "").strip()
        if word and float(row["conf"]) >= 0:
            text += word
            sure += [float(row["conf"]) / 100] * len(word)
    return Field(text, tuple(sure))


def _only(field: Field, allowed: str) -> Field:
    kept = [
        (c, sure) for c, sure in zip(field.text, field.confidences, strict=True) if re.fullmatch(allowed, c)
    ]
    return Field("".join(c for c, _ in kept), tuple(sure for _, sure in kept))


def _one_of(field: Field, words: Sequence[str]) -> Field:
    found = max((word for word in words if word in field.text), key=len, default="")
    return Field(found, (field.confidence,) * len(found))


def _corners(photo: Pixels) -> Pixels | None:
    """The corners of the largest four-sided thing in the photo that may be a card, from where a long side begins."""
    scale = 640 / max(photo.shape[:2])
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    smooth = cv2.bilateralFilter(small, 9, 60, 60)
    best, area = None, 0.06 * small.shape[0] * small.shape[1]
    for mask in _masks(smooth):
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            hull = cv2.convexHull(contour)
            rectangle = cv2.minAreaRect(hull)
            sides = sorted(rectangle[1])
            size = cv2.contourArea(hull)
            shaped = bool(sides[0]) and 1.25 < sides[1] / sides[0] < 2.0 and size > 0.85 * sides[0] * sides[1]
            if shaped and size > area and not _is_frame(hull, small.shape):
                best, area = hull, size
    return None if best is None else _ordered(_four(best) / scale)


def _is_frame(hull: Pixels, shape: tuple[int, ...]) -> bool:
    """Whether an outline is the photo's own, or a table's that fills it."""
    x, y, width, height = cv2.boundingRect(hull)
    edges = x <= 1, y <= 1, x + width >= shape[1] - 1, y + height >= shape[0] - 1
    return sum(edges) >= 2


def _masks(image: Pixels) -> list[Pixels]:
    """What may be the card: brighter than the table, or of another colour."""
    light, _, yellow = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2LAB))
    kernel = np.ones((7, 7), np.uint8)
    masks = []
    for channel in (light, yellow):
        _, mask = cv2.threshold(channel, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        for one in (mask, cv2.bitwise_not(mask)):
            masks.append(
                cv2.morphologyEx(cv2.morphologyEx(one, cv2.MORPH_CLOSE, kernel), cv2.MORPH_OPEN, kernel)
            )
    edges = cv2.dilate(cv2.Canny(light, 30, 90), np.ones((5, 5), np.uint8))
    filled = np.zeros_like(edges)
    contours, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(filled, contours, -1, 255, -1)
    return [*masks, cv2.erode(filled, np.ones((5, 5), np.uint8))]


def _four(hull: Pixels) -> Pixels:
    """Four corners of an outline whose own corners are round."""
    for share in (0.02, 0.03, 0.04, 0.06, 0.08):
        few = cv2.approxPolyDP(hull, share * cv2.arcLength(hull, True), True)
        if len(few) == 4:
            return np.asarray(few[:, 0], np.float32)
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)


def _ordered(corners: Pixels) -> Pixels:
    """Clockwise, beginning so that the first side is a long one."""
    middle = corners.mean(0)
    around = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    first, second = np.hypot(*(around[1] - around[0])), np.hypot(*(around[2] - around[1]))
    return np.asarray(around if first >= second else np.roll(around, -1, axis=0), np.float32)


def _straightened(photo: Pixels, corners: Pixels) -> Pixels:
    target = np.array([[0, 0], [_WIDTH, 0], [_WIDTH, _HEIGHT], [0, _HEIGHT]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(corners, np.float32), target)
    return cv2.warpPerspective(photo, matrix, (_WIDTH, _HEIGHT), flags=cv2.INTER_CUBIC)
