"""What ocr does."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from contract.ocr import CardReading, CardSide, ReadCard


class Photos(Protocol):
    """Where photos are held."""

    def fetch(self, url: str) -> bytes: ...


class Readers(Protocol):
    """Those who read."""

    def read(self, photo: bytes, side: CardSide | None, today: dt.date) -> CardReading: ...


def read_card(asked: ReadCard, today: dt.date, photos: Photos, readers: Readers) -> CardReading:
    """Fetch the photo and read it; nothing of it is kept."""
    return readers.read(photos.fetch(asked.photo_url), asked.side, today)
