"""What the query of a bus address says of TLS, in the words of RabbitMQ's URI query parameters."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlsplit


def options(address: str, query: str) -> dict[str, Any] | bool:
    """py-amqp's options for an `amqps:` address; False for one without TLS."""
    parts = urlsplit(address)
    if parts.scheme != "amqps":
        return False
    files = dict(parse_qsl(query))
    return {
        "ca_certs": files.get("cacertfile"), "certfile": files.get("certfile"), "keyfile": files.get("keyfile"),
        "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname,
    }  # fmt: skip
