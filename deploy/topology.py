"""Which services there are, whose events are whose, and which ports a local instance uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SERVICES = ("gateway", "identity", "contribution", "payment", "notify", "ocr", "certificate")

OUTSIDE = ("taxcore",)
"""Parties of other systems that publish events for us, each with an account that can do nothing else."""

PUBLISHES: Mapping[str, Sequence[str]] = {
    "payment": ("order.", "payment.", "notify."),
    "identity": ("person.", "codes."),
    "gateway": ("addresses.",),
    "taxcore": ("contribution.",),
}
"""What each publisher's events begin with. RabbitMQ refuses an event from any other."""

_STRIDE = 10  # a service's second replica listens 10 ports above its first
MAX_REPLICAS = 8


@dataclass(frozen=True)
class Ports:
    """The ports of one instance: `base` to `base + 99`, so that several instances can live side by side."""

    base: int = 8000

    def service(self, name: str, replica: int = 1) -> int:
        """The HTTP port of a service's replica, counted from 1. Raises ValueError beyond the eighth."""
        if not 1 <= replica <= MAX_REPLICAS:
            raise ValueError(f"replica {replica} of {name}: an instance has ports for {MAX_REPLICAS}")
        return self.base + (replica - 1) * _STRIDE + SERVICES.index(name)

    @property
    def sandbox(self) -> int:
        return self.base + 90

    @property
    def rabbitmq(self) -> int:
        return self.base + 91

    @property
    def erlang_distribution(self) -> int:
        return self.base + 92

    @property
    def erlang_port_mapper(self) -> int:
        return self.base + 93

    @property
    def postgresql(self) -> int:
        return self.base + 94

    @property
    def supervisor(self) -> int:
        return self.base + 95
