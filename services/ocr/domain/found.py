"""What an engine hands on: the side and, for each field, the text with how sure each character is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.ocr.domain.layout import Side


@dataclass(frozen=True)
class Field:
    """One field as read: `confidences` has one number, 0 to 1, for each character of `text`."""

    text: str
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float:
        return min(self.confidences, default=0.0)

    @property
    def mean(self) -> float:
        return sum(self.confidences) / max(len(self.confidences), 1)


_GUESSED, _DOUBTED = 0.5, 0.9
"""From which confidence on a field is more than guessed, and the most it has where another reading says otherwise."""
NOTHING = Field("", ())
_OF_SIDE = {
    Side.FRONT: {"name", "sex", "nation", "birth", "address", "number"},
    Side.BACK: {"authority", "period"},
    Side.NONE: {""},
}


@dataclass(frozen=True)
class Found:
    """A card as read. Keys of `fields` are name, sex, nation, birth, address, number, authority and period; sex and
    birth are the printed ones. `text_height` is how many pixels of the photo tall its text is, and `corners` those of
    its rectangles of text."""

    side: Side
    fields: Mapping[str, Field] = field(default_factory=dict)
    text_height: float = 0.0
    corners: tuple[tuple[float, float], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every field of its side was read, not only guessed."""
        return _OF_SIDE[self.side] <= self.fields.keys() and all(
            read.mean > _GUESSED for read in self.fields.values()
        )


def best_of(tried: Sequence[Found]) -> Found:
    """The fullest reading of a card, each field as it was read most surely; one read in two ways is not sure."""
    fullest = max(tried, key=lambda found: len(found.fields))
    same = [found.fields for found in tried if found.side is fullest.side]
    fields = {
        name: _surest([fields[name] for fields in same if name in fields])
        for name in dict.fromkeys(name for fields in same for name in fields)
    }
    return replace(fullest, fields=fields)


def _surest(readings: Sequence[Field]) -> Field:
    best = max(readings, key=lambda read: read.mean)
    if any(read.text != best.text and read.mean > _GUESSED for read in readings):
        return Field(best.text, tuple(min(sure, _DOUBTED) for sure in best.confidences))
    return best
