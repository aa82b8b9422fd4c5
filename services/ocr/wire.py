"""How the service and its worker processes speak: a length of four bytes, then that many bytes."""

from __future__ import annotations

import socket
import struct

_LENGTH = struct.Struct(">I")


def send(to: socket.socket, body: bytes) -> None:
    to.sendall(_LENGTH.pack(len(body)) + body)


def receive(by: socket.socket) -> bytes | None:
    """The next message, or None when the other side is gone."""
    head = _exactly(by, _LENGTH.size)
    return None if head is None else _exactly(by, _LENGTH.unpack(head)[0])


def _exactly(by: socket.socket, size: int) -> bytes | None:
    body = bytearray()
    while len(body) < size:
        part = by.recv(min(size - len(body), 1 << 16))
        if not part:
            return None
        body += part
    return bytes(body)
