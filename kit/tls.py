"""What the query of a bus address says of TLS, in the words of RabbitMQ's URI query parameters."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlsplit


def options(uri: str) -> dict[str, Any] | bool:
    """py-amqp's options for `amqps://…?cacertfile=…&certfile=…&keyfile=…`; False for an address without TLS.

    The broker must be who the address names, and is shown who calls.
    """
    parts = urlsplit(uri)
    if parts.scheme != "amqps":
        return False
    files = dict(parse_qsl(parts.query))
    return {
        "ca_certs": files.get("cacertfile"), "certfile": files.get("certfile"), "keyfile": files.get("keyfile"),
        "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname,
    }  # fmt: skip
