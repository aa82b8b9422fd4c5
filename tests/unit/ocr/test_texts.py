"""Names, addresses and authorities out of what several looks saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from services.ocr.domain.places import authorities_like
from services.ocr.reading.ctc import Alphabet
from services.ocr.reading.rows import Piece, Row
from services.ocr.reading.texts import address, text

ALPHABET = Alphabet(
    sorted({*"广西武鸣县区横藤容嘉公安局城厢镇大坝村屯电韦秀兰芳莲0123456789号住址签发机关名一"})
)
_ONLY_NAMES = np.array([c not in {"电"} for c in ALPHABET.characters], np.float32)
_WIDE, _TALL = 300, 20


def _row(place: float, *frames: dict[str, float]) -> Row:
    """A row of frames by character, each after a blank; what is left over of one is blank."""
    seen = np.zeros((2 * len(frames), len(ALPHABET.characters)), np.float32)
    for number, frame in enumerate(frames):
        for character, probability in frame.items():
            seen[2 * number + 1, ALPHABET.columns[character]] = probability
    seen[:, 0] = 1 - seen.sum(1)
    top, bottom = place - _TALL / 2, place + _TALL / 2
    quad = np.array([[0, top], [_WIDE, top], [_WIDE, bottom], [0, bottom]], np.float32)
    return Row([Piece(quad, place, seen)], ALPHABET)


def _plain(characters: str) -> list[dict[str, float]]:
    return [{character: 0.999} for character in characters]


class OtherLooks:
    """Second looks that are known beforehand, and what stands where nothing was found."""

    alphabet = ALPHABET

    def __init__(self, *rows: Row, there: Row | None = None) -> None:
        self._rows, self._there = list(rows), there or _row(0)

    def row(self, pieces: Sequence[Piece], wider: float) -> Row:
        return self._rows.pop(0)

    def beyond(self, piece: Piece, heights: float) -> Row:
        return self._there

    def at(self, piece: Piece) -> Row:
        return self._there


def _name(*looks: Sequence[dict[str, float]]) -> str:
    first, *others = (_row(0, *look) for look in looks)
    return text(first, "", ALPHABET.name, OtherLooks(*others)).text


def test_each_character_is_taken_from_the_look_that_saw_it_best() -> None:
    one = [{"韦": 0.9}, {"秀": 0.8, "芳": 0.1}, {"莲": 0.5, "兰": 0.4}]
    other = [{"韦": 0.9}, {"芳": 0.5, "秀": 0.4}, {"兰": 0.8, "莲": 0.1}]
    assert _name(one, other) == "韦秀兰"


def _authority(first: list[dict[str, float]]) -> tuple[str, float]:
    read = text(_row(0, *first), "", ALPHABET.authority, OtherLooks(_row(0, *first)), authorities_like)
    return read.text, read.confidence


def test_an_unsure_authority_is_a_known_one_and_stays_unsure() -> None:
    first = [{"嘉": 0.8, "藤": 0.01}, *_plain("县公安局")]
    assert _authority(first) == ("藤县公安局", 0.0)


def test_what_was_plainly_seen_is_read_known_or_not() -> None:
    first = [{"嘉": 0.99, "藤": 0.005}, {"县": 0.6}, *_plain("公安局")]
    assert _authority(first)[0] == "嘉县公安局"


def _address(*lines: Row, again: OtherLooks) -> str:
    return address(lines, again).text


@pytest.mark.parametrize(("sure", "read"), [(0.6, "广西武鸣区城厢镇"), (0.98, "广西武容区城厢镇")])
def test_only_unsure_characters_of_an_address_become_a_known_places(sure: float, read: str) -> None:
    line = [*_plain("广西武"), {"容": sure, "鸣": 0.01}, *_plain("区城厢镇")]
    assert _address(_row(0, *line), again=OtherLooks(_row(0, *line))) == read


def test_a_county_that_is_a_district_today_is_read_as_it_is_printed() -> None:
    line = [*_plain("广西武鸣"), {"县": 0.7, "区": 0.2}, *_plain("城厢镇")]
    assert _address(_row(0, *line), again=OtherLooks(_row(0, *line))) == "广西武鸣县城厢镇"


def test_the_last_characters_are_looked_for_under_a_full_line() -> None:
    lines = _row(0, *_plain("广西武鸣区")), _row(30, *_plain("城厢镇大坝村12"))
    assert _address(*lines, again=OtherLooks(there=_row(60, *_plain("号")))) == "广西武鸣区城厢镇大坝村12号"
    for noise in ({"屯": 0.8}, {"一": 0.95}):
        assert _address(*lines, again=OtherLooks(there=_row(60, noise))) == "广西武鸣区城厢镇大坝村12"


def test_a_line_under_the_only_one_is_found_too() -> None:
    only = _row(0, *_plain("广西武鸣区大坝村12"))
    assert _address(only, again=OtherLooks(there=_row(20, *_plain("号")))) == "广西武鸣区大坝村12号"


def test_a_label_that_shows_late_is_no_part_of_the_name() -> None:
    late = _row(0, {"电": 0.6, "名": 0.39}, *_plain("韦秀兰"))
    assert late.text == "电韦秀兰"
    assert text(late, "姓名", _ONLY_NAMES, OtherLooks(late)).text == "韦秀兰"
