"""A central collector to send audit to: `python -m tests.integration.kit.collector PORT CERT KEY CA FILE`.

Takes syslog over TLS with client certificates (RFC 5425), and writes every message it has read as a line of the file.
"""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path


def main(port: int, certificate: str, key: str, ca: str, file: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    tls.load_cert_chain(certificate, key)
    tls.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", port)) as server, Path(file).open("ab") as kept:
        while True:
            plain, _ = server.accept()
            try:
                with tls.wrap_socket(plain, server_side=True) as connection:
                    for message in messages(connection):
                        kept.write(message + b"\n")
                        kept.flush()
                    connection.unwrap()
            except OSError:
                continue  # whoever does not trust us, or goes halfway


def messages(connection: ssl.SSLSocket):  # type: ignore[no-untyped-def]
    """Octet counting (RFC 5425 §4.3.1): a length, a space, the message."""
    with connection.makefile("rb") as stream:
        while length := _length(stream):
            yield stream.read(length)


def _length(stream) -> int:  # type: ignore[no-untyped-def]
    digits = b""
    while (one := stream.read(1)) not in (b" ", b""):
        digits += one
    return int(digits or 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
