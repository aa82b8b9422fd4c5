"""Which engine reads, by the settings."""

from __future__ import annotations

from services.ocr.adapters.base import Engine

ENGINES = ("rapidocr", "rapidocr-openvino", "tesseract")


def make_engine(name: str, threads: int) -> Engine:
    """An engine, its models loaded. Raises ImportError or RuntimeError where it is not installed."""
    if name == "tesseract":
        from services.ocr.adapters.tesseract import Tesseract

        return Tesseract()
    from services.ocr.adapters.models import Models
    from services.ocr.reading.cards import CardReader

    return CardReader(name, Models("openvino" if name.endswith("openvino") else "onnxruntime", threads))
