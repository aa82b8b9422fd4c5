"""What an engine hands on: the side and, for each field, the text with how sure each character is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.ocr.domain.layout import Side


@dataclass(frozen=True)
class Field:
    """One field as read: `confidences` has one number, 0 to 1, for each character of `text`."""

    text: str
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float:
        return min(self.confidences, default=0.0)


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
        """Whether every field of its side was read."""
        return _OF_SIDE[self.side] <= self.fields.keys()
