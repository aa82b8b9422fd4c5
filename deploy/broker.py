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
from collections.abc import Mapping
from typing import Any

from deploy.topology import SERVICES

VHOST = "contribution"
MIGRATION = "migration"


def definitions(passwords: Mapping[str, str]) -> dict[str, Any]:
    """RabbitMQ's import file for these services and their passwords."""
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(name, password) for name, password in passwords.items()],
        "permissions": [{"user": name, "vhost": VHOST, **_permissions(name)} for name in passwords],
    }


def passwords_of(secrets: Mapping[str, str]) -> dict[str, str]:
    """Every account's password: one per service, and the one that creates queues beforehand."""
    return {name: broker_password(secrets, name) for name in (*SERVICES, MIGRATION)}


def broker_password(secrets: Mapping[str, str], account: str) -> str:
    """The password of one account."""
    return secrets[f"{account.upper()}_BROKER_PASSWORD"]


def _permissions(account: str) -> dict[str, str]:
    """What an account may declare, write and read: a service only its own queues and the two exchanges that
    everybody shares, the migration only the event queues."""
    if account == MIGRATION:
        pattern = rf"^(payments|({'|'.join(SERVICES)})\..*)$"
    else:
        pattern = rf"^(payments|nameko-rpc|rpc-{account}|rpc\.reply-{account}-.*|{account}\..*)$"
    return {"configure": pattern, "write": pattern, "read": pattern}


def _user(name: str, password: str) -> dict[str, Any]:
    salt = os.urandom(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    }


def main() -> None:
    """Read `NAME=value` lines, write the definitions."""
    secrets = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    json.dump(definitions(passwords_of(secrets)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
