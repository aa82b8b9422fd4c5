"""Cards of fresh people, photographed worse and worse: the short form of `scripts/bench ocr`."""

from __future__ import annotations

import datetime as dt

import cv2
import pytest

from bench.cards.phone import Tier, photo
from bench.ocr import Score, count
from services.ocr.adapters.base import Engine
from services.ocr.adapters.engines import make_engine
from services.ocr.domain.judgement import judge
from services.ocr.reading.images import decode
from services.ocr.reading.quality import measure

SEED, IMAGES = 4071, 8
TODAY = dt.date(2026, 11, 26)
LEAST = {Tier.EASY: 7, Tier.MEDIUM: 7, Tier.HARD: 5}
"""Whole cards of IMAGES; the real goals need the hundreds of scripts/bench ocr."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    cv2.setNumThreads(1)
    return make_engine("rapidocr", 1)


@pytest.mark.parametrize("tier", list(Tier))
def test_cards_are_read_right_or_said_to_be_unsure(engine: Engine, tier: Tier) -> None:
    score = Score()
    for number in range(IMAGES):
        taken = photo(SEED, tier, number)
        pixels = decode(taken.jpeg)
        found = engine.read(pixels, TODAY)
        count(score, taken, judge(found, measure(pixels, found), engine.name, TODAY, None), 0)
    assert score.whole >= LEAST[tier], dict(score.right)
    assert score.right["number"] == score.items["number"]
    assert score.falsely_valid == 0
    assert score.surely_wrong == 0


def test_tesseract_reads_numbers_behind_the_same_interface() -> None:
    light = make_engine("tesseract", 1)
    taken = [photo(SEED, Tier.EASY, number) for number in (0, 1)]
    read = [light.read(decode(one.jpeg), TODAY).fields["number"].text for one in taken]
    assert read == [one.holder.number for one in taken]
