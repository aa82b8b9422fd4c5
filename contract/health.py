"""The health RPC every service answers."""

from __future__ import annotations

from dataclasses import dataclass

from contract.rpc import Method


@dataclass(frozen=True)
class CheckHealth:
    """No arguments."""


@dataclass(frozen=True)
class Health:
    """Whether the service can do its work now; `database` is false when its database does not answer."""

    service: str
    database: bool


def _of(service: str) -> Method[CheckHealth, Health]:
    return Method(service, "check_health", CheckHealth, Health, deadline=2.0)


HEALTH = {
    name: _of(name)
    for name in ("gateway", "identity", "contribution", "payment", "notify", "ocr", "certificate", "console")
}
