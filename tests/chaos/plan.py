"""What will be done to the system and by whom, all drawn from one seed: the same seed, the same plan.

Faults are placed by how many journeys have begun, not by the clock, so that they hit the same part of the load on a
fast machine and on a slow one.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REPLICAS: Mapping[str, int] = {"gateway": 2, "identity": 1, "contribution": 1, "payment": 2, "notify": 2}
"""The services that are killed, and how many processes each has."""

_BY_PAGES = 0.15
_OTHERS = 0.2
_LONG = 1000


class Kind(enum.StrEnum):
    """How a journey goes. The first three are payments; the others are what else people do."""

    PAYS = "pays"
    SUBMITS_TWICE = "submits twice"  # the same order from three taps at once, and 支付 pressed twice
    RIVALS = "two payers"  # two people pay for the same person at the same moment
    CANCELS = "cancels"  # at UnionPay's cashier
    ABANDONS = "abandons"  # never comes back
    GIVES_UP = "gives up"  # presses 放弃本次缴费
    TORN = "pays and gives up"  # presses both at the same moment
    REVIVES = "gives up, then pays"  # in a tab left open, and the notify is lost
    FAMILY = "pays for two at once"  # one payment, two insured; sometimes staff give one of them back
    REFUNDED = "pays and is refunded"  # staff, or the tax core, give the money back
    LATE = "pays late"  # the bank takes the money although the order has been closed


PAYMENTS = frozenset({Kind.PAYS, Kind.SUBMITS_TWICE, Kind.RIVALS})
_OTHER_KINDS = (
    Kind.CANCELS, Kind.ABANDONS, Kind.GIVES_UP, Kind.TORN, Kind.REVIVES, Kind.FAMILY, Kind.REFUNDED, Kind.LATE,
)  # fmt: skip


class Way(enum.StrEnum):
    """api: the JSON API · pages: the H5 pages, form by form."""

    API = "api"
    PAGES = "pages"


class Act(enum.StrEnum):
    """kill: SIGKILL a worker · restart: stop and start a server · crash: SIGKILL a server and start it."""

    KILL = "kill"
    RESTART = "restart"
    CRASH = "crash"


@dataclass(frozen=True)
class Journey:
    """One journey; its number also says who travels."""

    number: int
    kind: Kind
    way: Way


@dataclass(frozen=True)
class Fault:
    """Something done to the system when `after` journeys have begun, `delay` seconds later."""

    after: int
    delay: float
    act: Act
    target: str
    replica: int = 1

    @property
    def name(self) -> str:
        return f"{self.target}-{self.replica}" if self.act is Act.KILL else self.target


@dataclass(frozen=True)
class Plan:
    """Everything that will be done. `settings` are the sandbox's."""

    seed: int
    journeys: tuple[Journey, ...]
    faults: tuple[Fault, ...]
    settings: Mapping[str, Any]

    @property
    def payments(self) -> int:
        """Journeys that must end in a paid order."""
        return sum(journey.kind in PAYMENTS for journey in self.journeys)


def make_plan(payments: int, kills: int | None, seed: int) -> Plan:
    """`kills` is by default one per 25 payments, at least 12. From 1000 payments on both servers also crash."""
    draw = random.Random(seed)
    kinds = draw.choices((Kind.PAYS, Kind.SUBMITS_TWICE, Kind.RIVALS), (80, 10, 10), k=payments)
    kinds += [_OTHER_KINDS[n % len(_OTHER_KINDS)] for n in range(round(payments * _OTHERS))]
    draw.shuffle(kinds)
    journeys = tuple(Journey(number, kind, _way(kind, draw)) for number, kind in enumerate(kinds))
    faults = _kills(len(journeys), max(12, payments // 25) if kills is None else kills, draw)
    faults += _server_faults(len(journeys), payments >= _LONG, draw)
    return Plan(seed, journeys, tuple(sorted(faults, key=lambda fault: fault.after)), sandbox_settings(seed))


def sandbox_settings(seed: int) -> dict[str, Any]:
    """How the outside world misbehaves."""
    return {
        "seed": seed,
        "notify": {
            "lost_rate": 0.08, "duplicate_rate": 0.15, "forged_rate": 0.05, "delay_seconds": [0.0, 4.0],
        },
        "unionpay": {
            "error_rate": 0.02, "timeout_rate": 0.02, "accept_then_timeout_rate": 0.02, "timeout_seconds": 5.0,
            "query_unknown_rate": 0.1, "refund_status": "PROCESSING", "refund_delay_seconds": 2.0,
        },
        "sms": {
            "error_rate": 0.02, "timeout_rate": 0.02, "accept_then_timeout_rate": 0.04, "timeout_seconds": 4.0,
        },
        "taxbank": {"error_rate": 0.02, "timeout_rate": 0.01, "timeout_seconds": 6.0},
    }  # fmt: skip


def _way(kind: Kind, draw: random.Random) -> Way:
    pages = kind in (Kind.PAYS, Kind.CANCELS) and draw.random() < _BY_PAGES
    return Way.PAGES if pages else Way.API


def _kills(journeys: int, kills: int, draw: random.Random) -> list[Fault]:
    """Spread over the whole load; every service has its turn before any has the next."""
    targets: list[str] = []
    while len(targets) < kills:
        targets += draw.sample(sorted(REPLICAS), len(REPLICAS))
    return [  # the n-th somewhere in the n-th part of the load
        Fault(
            after=round(journeys * draw.uniform(n + 0.1, n + 0.9) / kills),
            delay=draw.uniform(0, 1.5),
            act=Act.KILL,
            target=target,
            replica=draw.randint(1, REPLICAS[target]),
        )
        for n, target in enumerate(targets[:kills])
    ]


def _server_faults(journeys: int, long: bool, draw: random.Random) -> list[Fault]:
    places = [(0.35, Act.RESTART, "rabbitmq"), (0.65, Act.RESTART, "postgresql")]
    if long:
        places += [(0.2, Act.CRASH, "postgresql"), (0.8, Act.CRASH, "rabbitmq")]
    return [
        Fault(round(journeys * (place + draw.uniform(-0.05, 0.05))), draw.uniform(0, 1.5), act, server)
        for place, act, server in places
    ]
