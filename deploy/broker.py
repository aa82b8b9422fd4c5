"""RabbitMQ's definitions: one virtual host, one least-privilege account per service, no guest.

Used by the private server of local modes and for containers.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from deploy.environment import VHOST, broker_password
from deploy.topology import SERVICES

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
