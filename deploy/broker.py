"""RabbitMQ's definitions: one virtual host, one least-privilege account per service, no guest.

Used by the private server of local modes and for containers. Accounts of other tax systems that publish events begin
with PUBLISHER; `python -m deploy.publisher` makes one.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from typing import Any

from deploy.environment import VHOST, broker_password
from deploy.topology import OUTSIDE, PUBLISHES, SERVICES

MIGRATION = "migration"
PUBLISHER = "publisher-"
EXAMPLE = f"{PUBLISHER}example-city"
"""The other tax system that local instances pretend to have, for scripts/publish-event."""
_REPLY_ADDRESS = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def definitions(passwords: Mapping[str, str]) -> dict[str, Any]:
    """RabbitMQ's import file for these services and their passwords."""
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(name, password) for name, password in passwords.items()],
        "permissions": [{"user": name, "vhost": VHOST, **_permissions(name)} for name in passwords],
        "topic_permissions": [
            {"user": name, "vhost": VHOST, **granted} for name in passwords for granted in _topics(name)
        ],
    }


def passwords_of(secrets: Mapping[str, str]) -> dict[str, str]:
    """Every account's password: one per service and outside publisher, and the one that creates queues beforehand."""
    return {name: broker_password(secrets, name) for name in (*SERVICES, *OUTSIDE, MIGRATION)}


def _permissions(account: str) -> dict[str, str]:
    """What an account may declare, write and read: a service only its own queues and the two exchanges that
    everybody shares, the migration only the event queues; an outside publisher may write events and no more."""
    if account in OUTSIDE or account.startswith(PUBLISHER):
        return {"configure": "^$", "write": "^payments$", "read": "^$"}
    if account == MIGRATION:
        pattern = rf"^(payments|({'|'.join(SERVICES)})\..*)$"
    else:
        pattern = rf"^(payments|nameko-rpc|rpc-{account}|rpc\.reply-{account}-.*|{account}\..*)$"
    return {"configure": pattern, "write": pattern, "read": pattern}


def _topics(account: str) -> list[dict[str, str]]:
    """Which routing keys an account may send, and which it may bind its queues to, on the shared exchanges.

    Everybody may call every method and hear every event, but requests reach only the service they are for (with the
    name of an upstream in between where they wait for one), answers only who asked, and an event can come only from
    the service that owns it, or, for payments alone, from another tax system.
    """
    if account.startswith(PUBLISHER):
        return [
            {"exchange": "payments", "write": r"^payment\.(succeeded|failed|refunded)\.v1$", "read": "^$"}
        ]
    owned = "|".join(re.escape(prefix) for prefix in PUBLISHES.get(account, ()))
    return [
        {"exchange": "nameko-rpc", "write": ".*", "read": rf"^({account}(\.[a-z]+)?\.\*|{_REPLY_ADDRESS})$"},
        {"exchange": "payments", "write": rf"^({owned})" if owned else "^$", "read": ".*"},
    ]


def _user(name: str, password: str) -> dict[str, Any]:
    salt = os.urandom(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    }
