"""RabbitMQ's accounts: what each may touch."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from typing import Any

import pytest

from contract.catalogue import EVENTS
from deploy.broker import EXAMPLE, MIGRATION, definitions
from deploy.topology import OUTSIDE, SERVICES

PASSWORDS = {name: f"password-of-{name}" for name in (*SERVICES, *OUTSIDE, MIGRATION)}


@pytest.fixture
def imported() -> dict[str, Any]:
    return definitions(PASSWORDS)


def _may(imported: dict[str, Any], account: str, name: str) -> set[str]:
    granted = next(entry for entry in imported["permissions"] if entry["user"] == account)
    return {right for right in ("configure", "write", "read") if re.search(granted[right], name)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_owns_its_queues(imported: dict[str, Any], service: str) -> None:
    for name in (f"rpc-{service}", f"rpc.reply-{service}-3f2a", f"{service}.payment.succeeded.v1"):
        assert _may(imported, service, name) == {"configure", "write", "read"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_cannot_touch_the_queues_of_another(imported: dict[str, Any], service: str) -> None:
    for other in set(SERVICES) - {service}:
        for name in (f"rpc-{other}", f"rpc.reply-{other}-3f2a", f"{other}.payment.succeeded.v1"):
            assert _may(imported, service, name) == set()


@pytest.mark.parametrize("account", PASSWORDS)
@pytest.mark.parametrize("name", ["amq.default", "amq.topic", "amq.rabbitmq.trace"])
def test_nobody_uses_the_servers_own_exchanges(imported: dict[str, Any], account: str, name: str) -> None:
    assert _may(imported, account, name) == set()


def test_the_migration_creates_event_queues_and_nothing_else(imported: dict[str, Any]) -> None:
    assert _may(imported, MIGRATION, "notify.payment.succeeded.v1") == {"configure", "write", "read"}
    for name in ("rpc-notify", "rpc.reply-gateway-3f2a", "nameko-rpc"):
        assert _may(imported, MIGRATION, name) == set()


@pytest.mark.parametrize("account", OUTSIDE)
def test_an_outside_publisher_only_sends_events(imported: dict[str, Any], account: str) -> None:
    assert _may(imported, account, "payments") == {"write"}
    for name in (
        "nameko-rpc",
        "rpc-payment",
        f"rpc.reply-{account}-3f2a",
        "payment.contribution.refund_requested.v1",
    ):
        assert _may(imported, account, name) == set()
    assert not _topic(imported, account, "payments", "write", "payment.succeeded.v1")


def _topic(imported: dict[str, Any], account: str, exchange: str, right: str, key: str) -> bool:
    return all(
        re.search(entry[right], key) is not None
        for entry in imported["topic_permissions"]
        if (entry["user"], entry["exchange"]) == (account, exchange)
    )


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_exactly_one_publisher(imported: dict[str, Any], event: str) -> None:
    publishers = [name for name in PASSWORDS if _topic(imported, name, "payments", "write", event)]
    assert len(publishers) == 1, "see PUBLISHES in deploy/topology.py"


@pytest.mark.parametrize("account", PASSWORDS)
def test_requests_reach_only_the_service_they_are_for(imported: dict[str, Any], account: str) -> None:
    for queue in ("*", "taxbank.*"):
        names = [n for n in SERVICES if _topic(imported, account, "nameko-rpc", "read", f"{n}.{queue}")]
        assert names == ([account] if account in SERVICES else [])
    assert not _topic(imported, account, "nameko-rpc", "read", "#")
    assert _topic(imported, account, "nameko-rpc", "read", str(uuid.uuid4()))


def test_no_account_administers_and_none_is_guest(imported: dict[str, Any]) -> None:
    assert {user["name"]: user["tags"] for user in imported["users"]} == dict.fromkeys(PASSWORDS, "")


def test_passwords_are_stored_as_rabbitmqs_salted_hash(imported: dict[str, Any]) -> None:
    for user in imported["users"]:
        stored = base64.b64decode(user["password_hash"])
        salted = stored[:4] + PASSWORDS[user["name"]].encode()
        assert stored[4:] == hashlib.sha256(salted).digest()


@pytest.fixture
def with_publisher() -> dict[str, Any]:
    return definitions(PASSWORDS | {EXAMPLE: "password-of-a-publisher"})


def test_another_tax_system_may_only_write_and_only_events(with_publisher: dict[str, Any]) -> None:
    assert _may(with_publisher, EXAMPLE, "payments") == {"write"}
    for name in ("nameko-rpc", "amq.default", "payments2", "x", *(f"rpc-{s}" for s in SERVICES),
                 "payment.payment.succeeded.v1", "rpc.reply-gateway-3f2a"):  # fmt: skip
        assert _may(with_publisher, EXAMPLE, name) == set()


def test_another_tax_system_tells_of_payments_and_nothing_else(with_publisher: dict[str, Any]) -> None:
    told = {event for event in EVENTS if _topic(with_publisher, EXAMPLE, "payments", "write", event)}
    assert told == {"payment.succeeded.v1", "payment.failed.v1", "payment.refunded.v1"}
    assert not _topic(with_publisher, EXAMPLE, "payments", "read", "payment.succeeded.v1")


def test_an_instance_that_serves_residents_has_no_account_of_another_system(imported: dict[str, Any]) -> None:
    assert EXAMPLE not in {user["name"] for user in imported["users"]}
