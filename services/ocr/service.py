"""Entrypoints of the ocr service."""

from __future__ import annotations

from kit.service import Service


class OcrService(Service):
    """Answers its health check; reading cards comes with requirement 3.2.1.3."""

    name = "ocr"
