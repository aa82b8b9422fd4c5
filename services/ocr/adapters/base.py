"""What an engine is."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from services.ocr.domain.found import Found
from services.ocr.reading.geometry import Pixels


class Engine(Protocol):
    """Reads the card in a photo (rows × columns × BGR)."""

    name: str

    def read(self, photo: Pixels, today: dt.date) -> Found: ...
