"""Entrypoints of the ocr service."""

from __future__ import annotations

from typing import cast

from contract import ocr
from contract.ocr import CardReading, ReadCard
from kit.clock import CHINA
from kit.rpc import rpc
from kit.service import Made, Service
from services.ocr import usecases
from services.ocr.adapters.photos import HeldPhotos
from services.ocr.config import Config
from services.ocr.usecases import Photos, Readers
from services.ocr.workers import WorkerPool


def _photos(settings: Config) -> Photos:
    return HeldPhotos()


class OcrService(Service):
    """Reads identity cards (3.2.1.3)."""

    name = "ocr"

    photos: Photos = cast(Photos, Made(_photos))
    workers: Readers = cast(Readers, WorkerPool())

    @rpc(ocr.read_card)
    def read_card(self, request: ReadCard) -> CardReading:
        return usecases.read_card(
            request, self.clock.now().astimezone(CHINA).date(), self.photos, self.workers
        )
