"""From the bytes of a file to pixels, or the reason why not. Everything is checked before anything is decoded."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from contract.ocr import MAX_PHOTO, ImageTooLarge, UnfitImage
from services.ocr.reading.geometry import Pixels

_LEAST, _MOST = 15, 8192
_MOST_PIXELS = 40_000_000
_PIXELS_A_BYTE = 200
"""A camera's photo has fewer pixels for a byte; a bomb has thousands."""
_ENOUGH = 2600
"""Pixels of the longer side beyond which a card is read no better."""
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")
_FOREIGN = (b"%PDF-1", b"<script", b"<?php", b"<html", b"<svg")
"""What does not belong into a photo: a file that is a photo and something else at once is refused."""

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = _MOST_PIXELS


def decode(blob: bytes) -> Pixels:
    """The pixels of a photo, upright by its EXIF, rows × columns × BGR. Raises UnfitImage or ImageTooLarge."""
    if len(blob) > MAX_PHOTO:
        raise ImageTooLarge
    if not looks_like_photo(blob):
        raise UnfitImage
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _decoded(blob)
    except UnfitImage:
        raise
    except Exception:
        # Pillow's decoders raise all sorts of errors; what they say of the file is nobody's business.
        raise UnfitImage from None


def looks_like_photo(blob: bytes) -> bool:
    """Whether a file begins like a photo and holds nothing else."""
    kind = (
        blob.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (blob[:4] == b"RIFF" and blob[8:12] == b"WEBP")
        or (blob[4:8] == b"ftyp" and blob[8:12] in _HEIF_BRANDS)
    )
    return kind and not any(mark in blob for mark in _FOREIGN) and not _trails(blob)


def _trails(blob: bytes) -> bool:
    """Whether an archive or a program hangs on the end."""
    tail = blob[-65_536:]
    return b"PK\x05\x06" in tail or blob.rstrip(b"\0").endswith(b"%%EOF")


def _decoded(blob: bytes) -> Pixels:
    image = Image.open(io.BytesIO(blob), formats=_FORMATS)
    width, height = image.size
    if not (_LEAST <= width <= _MOST and _LEAST <= height <= _MOST) or width * height > _MOST_PIXELS:
        raise UnfitImage
    if width * height > max(1_000_000, _PIXELS_A_BYTE * len(blob)):
        raise UnfitImage
    if image.format == "JPEG":
        image.draft("RGB", (_ENOUGH, _ENOUGH))  # decodes a large photo at half or a quarter of its size
    image.load()
    image.thumbnail((_ENOUGH, _ENOUGH), Image.Resampling.BOX, reducing_gap=1.0)
    upright = ImageOps.exif_transpose(image)
    return np.ascontiguousarray(np.asarray(_on_white(upright))[:, :, ::-1])


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, which would show what the eye does not see."""
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    solid = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid).convert("RGB")
