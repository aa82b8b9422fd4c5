"""Pages as pictures, for phones whose browser opens no PDF."""

from __future__ import annotations

import struct
import zlib

import pypdfium2

from contract.certificate import CertificateNotFound


def picture(pdf: bytes, page: int, width: int) -> bytes:
    """See Press."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        if not 1 <= page <= len(document):
            raise CertificateNotFound
        sheet = document[page - 1]
        bitmap = sheet.render(scale=width / sheet.get_width(), rev_byteorder=True)
        assert bitmap.n_channels == 3
        raw, row = bytes(bitmap.buffer), bitmap.width * 3
        lines = (raw[start : start + row] for start in range(0, bitmap.height * bitmap.stride, bitmap.stride))
        return _png(bitmap.width, bitmap.height, b"".join(b"\0" + line for line in lines))
    finally:
        document.close()


def _png(width: int, height: int, lines: bytes) -> bytes:
    """RGB, eight bits; each line begins with its filter, 0."""
    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
