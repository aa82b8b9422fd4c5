"""RabbitMQ's definitions: one virtual host, one least-privilege account per service, no guest.

Used by the private server of local modes and, as a command, for containers:
`python -m deploy.broker <secrets.env >definitions.json`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.topology import SERVICES

VHOST = "contribution"


def definitions(passwords: Mapping[str, str]) -> dict[str, Any]:
    """RabbitMQ's import file for these services and their passwords."""
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(name, password) for name, password in passwords.items()],
        "permissions": [{"user": name, "vhost": VHOST, **permissions(name)} for name in passwords],
    }


def permissions(service: str) -> dict[str, str]:
    """What a service may declare, write and read: its own queues, and the two exchanges everybody shares."""
    own = rf"rpc-{service}|rpc\.reply-{service}-.*|evt-{service}-.*"
    return {
        "configure": rf"^({own}|nameko-rpc|payments)$",
        "write": rf"^({own}|nameko-rpc|payments)$",
        "read": rf"^({own}|nameko-rpc|payments)$",
    }


def broker_password(secrets: Mapping[str, str], service: str) -> str:
    """The password of a service's account."""
    return secrets[f"{service.upper()}_BROKER_PASSWORD"]


def _user(name: str, password: str) -> dict[str, Any]:
    salt = os.urandom(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    }


def main(services: Sequence[str] = SERVICES) -> None:
    """Read `NAME=value` lines, write the definitions."""
    secrets = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    json.dump(definitions({name: broker_password(secrets, name) for name in services}), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
