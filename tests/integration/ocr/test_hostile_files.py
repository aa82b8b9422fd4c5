"""Two hundred files that are no photos of cards: each is refused clearly, soon and in little memory (security.md 8)."""

from __future__ import annotations

import io
import random
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from contract.errors import ContractError
from contract.ocr import MAX_PHOTO, ImageTooLarge, UnfitImage
from services.ocr.reading.images import decode

BOMBS = (30_000, 30_000), (8192, 8192), (6000, 6000), (1, 1), (14, 4000), (9000, 20), (100_000, 400)
"""Too many pixels, too few, or far more than the bytes of a photo."""


def _photo(form: str = "JPEG", size: tuple[int, int] = (320, 200)) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, form)
    return file.getvalue()


def _png(width: int, height: int) -> bytes:
    """A bomb: a picture of one colour that claims to be so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * min(height * (width + 1), 40_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _hostile() -> list[bytes]:
    chance = random.Random(8)
    jpeg, png, webp = _photo(), _photo("PNG"), _photo("WEBP")
    files = [
        b"", b"\0" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7\n%%EOF", b"GIF89a" + b"\0" * 50, b"BM" + b"\0" * 60, b"II*\0" + b"\0" * 60,
        b"PK\x03\x04" + b"\0" * 60, b"MZ" + b"\0" * 90, b"#!/bin/sh\n", b"RIFF\0\0\0\0WAVE", b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBPVP8 ", b"\0\0\0\x18ftypheic" + b"\0" * 40,
        b"\0\0\0\x18ftypisom" + b"\0" * 40, b"http://169.254.169.254/photo.jpg",
        *(_png(*size) for size in BOMBS), jpeg + b"%PDF-1.4 ... %%EOF", jpeg + b"<script>alert(1)</script>",
        jpeg + b"PK\x03\x04" + b"\0" * 30 + b"PK\x05\x06" + b"\0" * 18, png + b"<?php system($_GET['c']); ?>",
        webp + b"<html><body>", b"%PDF-1.4\n" + jpeg, b"GIF89a/*" + jpeg, jpeg * 2 + b"<svg/>",
    ]  # fmt: skip
    for whole in (jpeg, png, webp):
        files += [whole[: max(12, len(whole) * part // 20)] for part in range(1, 16)]
    while len(files) < 199:
        files.append(
            chance.choice((b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF")) + chance.randbytes(2000)
        )
    return [*files, b"\xff\xd8\xff" + b"\0" * MAX_PHOTO]


FILES = _hostile()


def test_there_are_two_hundred() -> None:
    assert len(FILES) == 200


@pytest.mark.parametrize("blob", [pytest.param(blob, id=str(number)) for number, blob in enumerate(FILES)])
def test_a_hostile_file_is_refused_soon_and_in_little_memory(blob: bytes) -> None:
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises((UnfitImage, ImageTooLarge)) as refused:
        decode(blob)
    taken, (_, most) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(refused.value, ContractError)
    assert 400 <= refused.value.status < 500
    assert taken < 1
    assert most < 50 << 20


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_decoded(form: str) -> None:
    assert decode(_photo(form)).shape == (200, 320, 3)


def test_nothing_but_pixels_leaves_a_file() -> None:
    """What is read is made anew from the picture: no tag, comment or trailer of the file goes any further."""
    picture = Image.effect_noise((320, 200), 60).convert("RGB")
    bare, laden = io.BytesIO(), io.BytesIO()
    picture.save(bare, "PNG")
    tags, exif = PngInfo(), Image.Exif()
    tags.add_itxt("Comment", "javascript:alert(1)")
    exif[0x010E] = "韦秀兰"
    picture.save(laden, "PNG", pnginfo=tags, exif=exif)
    first, second = decode(bare.getvalue()), decode(laden.getvalue())
    assert laden.getvalue() != bare.getvalue()
    assert type(second) is np.ndarray and second.dtype == np.uint8
    assert (first == second).all()


def test_heic_is_decoded_and_orientation_is_applied_once() -> None:
    file = io.BytesIO()
    Image.effect_noise((320, 200), 60).convert("RGB").save(file, "HEIF")
    assert decode(file.getvalue()).shape == (200, 320, 3)
    turned, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((320, 200), 60).convert("RGB").save(turned, "JPEG", exif=exif)
    assert decode(turned.getvalue()).shape == (320, 200, 3)
