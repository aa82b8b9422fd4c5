"""What was measured of a photo, and from which value on it is worth a word."""

from __future__ import annotations

from dataclasses import dataclass

from contract.ocr import CardWarning

_DARK, _BLURRED, _REFLECTING, _SMALL = 60.0, 0.30, 0.02, 11.0


@dataclass(frozen=True)
class Quality:
    """`light` is the brightness of paper in the card's text area, 0 to 255; `sharpness` how steep the edges of strokes
    are (about 1 in a good photo); `reflection` the part of the area that is white light; `text_height` in pixels; `cut`
    whether the card reaches over the photo's border."""

    light: float = 255.0
    sharpness: float = 1.0
    reflection: float = 0.0
    text_height: float = 40.0
    cut: bool = False

    def warnings(self) -> list[CardWarning]:
        found = [
            (self.cut, CardWarning.BORDER_CUT),
            (self.reflection > _REFLECTING, CardWarning.REFLECTION),
            (self.sharpness < _BLURRED, CardWarning.BLURRED),
            (self.light < _DARK, CardWarning.DARK),
            (self.text_height < _SMALL, CardWarning.SMALL),
        ]
        return [warning for seen, warning in found if seen]
