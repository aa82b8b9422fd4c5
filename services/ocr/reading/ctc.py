"""Decoding what a recogniser saw: a matrix of probabilities, one row per frame, one column per character.

Column 0 is the blank of connectionist temporal classification. Decoding is always among the characters a field can
have, which is most of what makes reading reliable.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from services.ocr.domain.usual import ADDRESSES, NAMES

Probabilities = npt.NDArray[Any]

_FLOOR = 1e-9
_RARELY = 0.25
"""What a form outside GB 2312, mostly a traditional one, weighs against a simplified one."""
_SELDOM = 0.4
"""What a character weighs that is not among those usual in the field."""
_BEAMS = 24


@dataclass(frozen=True)
class Spelled:
    """A decoded text, how sure each character is (0 to 1) and in which frame it stands."""

    text: str
    confidences: tuple[float, ...]
    frames: tuple[int, ...]

    @property
    def confidence(self) -> float:
        return min(self.confidences, default=0.0)


class Alphabet:
    """The characters of a recogniser and the subsets that fields are made of. Values are column weights."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = ("", *characters)
        self.columns = {character: column for column, character in enumerate(self.characters) if character}

    @cached_property
    def anything(self) -> Probabilities:
        """Whatever a card may say, rare forms weighed down."""
        return self._weights(lambda c: _is_han(c) or (c.isascii() and c.isprintable()) or c == "·")

    @cached_property
    def name(self) -> Probabilities:
        return self._weights(lambda c: _is_han(c) or c == "·", NAMES)

    @cached_property
    def address(self) -> Probabilities:
        return self._weights(lambda c: _is_han(c) or (c.isascii() and c.isalnum()) or c in "-#", ADDRESSES)

    @cached_property
    def authority(self) -> Probabilities:
        return self._weights(_is_han, ADDRESSES)

    @cached_property
    def han(self) -> Probabilities:
        return self._weights(_is_han)

    def lean(self, text: str, weights: Probabilities) -> float:
        """The log of what a text weighs; −inf if a character of it is lacking."""
        try:
            columns = [self.columns[character] for character in text]
        except KeyError:
            return -math.inf
        return float(np.log(np.maximum(weights[columns], _FLOOR)).sum())

    def _weights(self, allowed: Any, usual: frozenset[str] = frozenset()) -> Probabilities:
        listed = (_weight(c, usual) if allowed(c) else 0.0 for c in self.characters[1:])
        return np.array([1.0, *listed], np.float32)


def _is_han(character: str) -> bool:
    return len(character) == 1 and ("\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf")


def _weight(character: str, usual: frozenset[str]) -> float:
    if not _is_han(character) or character in usual:
        return 1.0
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return _RARELY
    return _SELDOM if usual else 1.0


def spell(seen: Probabilities, alphabet: Alphabet, weights: Probabilities) -> Spelled:
    """The best path among characters of these weights."""
    weighed = seen * weights
    best = weighed.argmax(1)
    top = weighed[np.arange(len(best)), best]
    total = np.maximum(weighed.sum(1), _FLOOR)
    text, confidences, frames = [], [], []
    previous = 0
    for frame, column in enumerate(best):
        if column and column != previous:
            text.append(alphabet.characters[column])
            confidences.append(float(seen[frame, column]))
            frames.append(frame)
        elif column:
            if seen[frame, column] > confidences[-1]:
                confidences[-1] = float(seen[frame, column])
                frames[-1] = frame
        elif top[frame] < 0.9 * total[frame] and previous == 0 and confidences:
            # A blank that nearly was a character: one may have been lost here.
            confidences[-1] = min(confidences[-1], float(top[frame] / total[frame]) + 0.05)
        previous = column
    return Spelled("".join(text), tuple(confidences), tuple(frames))


def likelihood(seen: Probabilities, text: str, alphabet: Alphabet) -> float:
    """Log probability that the frames spell exactly this text; −inf if the alphabet lacks a character of it."""
    try:
        columns = [alphabet.columns[character] for character in text]
    except KeyError:
        return -math.inf
    states = [0]
    for column in columns:
        states += [column, 0]
    emitted = np.log(np.maximum(seen[:, states], _FLOOR)).astype(np.float64)
    alpha = np.full(len(states), -np.inf)
    alpha[:2] = emitted[0, :2]
    skips = np.array([i > 1 and s != 0 and s != states[i - 2] for i, s in enumerate(states)])
    for row in emitted[1:]:
        stay, step = alpha, np.concatenate(([-np.inf], alpha[:-1]))
        leap = np.where(skips, np.concatenate(([-np.inf, -np.inf], alpha[:-2])), -np.inf)
        alpha = np.logaddexp(np.logaddexp(stay, step), leap) + row
    return float(np.logaddexp(alpha[-1], alpha[-2])) if len(states) > 1 else float(alpha[-1])


def candidates(seen: Probabilities, alphabet: Alphabet, characters: str) -> dict[str, float]:
    """The likeliest texts made of these characters, with their probabilities: a prefix beam search."""
    columns = [alphabet.columns[character] for character in characters]
    table = seen[:, [0, *columns]].astype(np.float64)
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}  # ending in blank, ending in its last character
    for row in table:
        grown: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        likely = [(characters[i], p) for i, p in enumerate(row[1:]) if p > 1e-5]
        blank = max(float(row[0]), _FLOOR)
        for prefix, (ended, open_) in beams.items():
            both = ended + open_
            grown[prefix][0] += both * blank
            for character, p in likely:
                if prefix and prefix[-1] == character:
                    grown[prefix][1] += open_ * p
                    grown[prefix + character][1] += ended * p
                else:
                    grown[prefix + character][1] += both * p
        kept = sorted(grown.items(), key=lambda item: -sum(item[1]))[:_BEAMS]
        scale = sum(sum(weights) for _, weights in kept) or 1.0
        beams = {prefix: (a / scale, b / scale) for prefix, (a, b) in kept}
    return {prefix: a + b for prefix, (a, b) in beams.items()}
