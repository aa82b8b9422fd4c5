"""Decoding what a recogniser saw."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.ocr.reading.ctc import Alphabet, Probabilities, candidates, likelihood, spell

ALPHABET = Alphabet([*"0123456789X", "风", "凤", "屯", "電", "电"])


def _seen(*frames: dict[str, float]) -> Probabilities:
    """Frames by character; what is left over is blank."""
    rows = np.zeros((len(frames), len(ALPHABET.characters)), np.float32)
    for row, frame in zip(rows, frames, strict=True):
        for character, probability in frame.items():
            row[ALPHABET.columns[character]] = probability
        row[0] = 1 - sum(frame.values())
    return rows


def test_repeated_frames_are_one_character_and_a_blank_parts_two() -> None:
    seen = _seen({"1": 0.9}, {"1": 0.99}, {}, {"1": 0.8}, {"2": 0.9})
    read = spell(seen, ALPHABET, ALPHABET.anything)
    assert read.text == "112"
    assert read.confidence == pytest.approx(0.8)


def test_between_two_that_look_alike_the_usual_one_is_read() -> None:
    assert spell(_seen({"风": 0.5, "凤": 0.4}), ALPHABET, ALPHABET.name).text == "凤"
    assert spell(_seen({"电": 0.5, "屯": 0.4}), ALPHABET, ALPHABET.address).text == "屯"
    assert spell(_seen({"电": 0.9, "屯": 0.1}), ALPHABET, ALPHABET.address).text == "电"
    assert spell(_seen({"電": 0.6, "电": 0.3}), ALPHABET, ALPHABET.anything).text == "电"


def test_likelihood_sums_over_all_ways_to_spell() -> None:
    seen = _seen({"1": 0.6}, {"1": 0.5})
    ways = 0.6 * 0.5 + 0.6 * 0.5 + 0.4 * 0.5
    assert math.exp(likelihood(seen, "1", ALPHABET)) == pytest.approx(ways, rel=1e-5)
    assert likelihood(seen, "魑", ALPHABET) == -math.inf


def test_candidates_carry_their_probabilities() -> None:
    found = candidates(_seen({"1": 0.7, "7": 0.3}, {}, {"8": 0.9, "3": 0.1}), ALPHABET, "0123456789X")
    assert max(found, key=lambda text: found[text]) == "18"
    assert found["78"] / found["18"] == pytest.approx(3 / 7, rel=1e-3)
