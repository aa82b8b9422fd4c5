"""Who asks too often is told when to come back; whoever does not is never counted in the database."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract.errors import TooMany
from kit.clock import SetClock
from kit.http import Access
from services.gateway.browser import Browser
from services.gateway.domain.rates import Rates
from services.gateway.service import GatewayService
from services.gateway.usecases import rates as limiting
from services.gateway.usecases.ports import Ports
from tests.unit.gateway.conftest import NOW
from tests.unit.gateway.test_browser import settings

LIMIT = 50


class FakeCounts:
    """The table as a dictionary, which replicas share."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, dt.datetime], int] = {}

    def add(self, tx: Any, caller: str, minute: dt.datetime, more: int) -> int:
        self.rows[caller, minute] = self.rows.get((caller, minute), 0) + more
        return self.rows[caller, minute]

    def prune(self, tx: Any, before: dt.datetime) -> int:
        old = [key for key in self.rows if key[1] < before]
        for key in old:
            del self.rows[key]
        return len(old)


def _taken(rates: Rates, caller: str, times: int, now: dt.datetime) -> int:
    """How many of so many requests were let in."""
    waits = []
    for _ in range(times):
        try:
            limiting.admit(caller, LIMIT, rates, now)
        except TooMany as error:
            waits.append(error.detail["retry_after"])
    assert all(1 <= wait <= 60 for wait in waits)
    return times - len(waits)


def test_one_replica_lets_in_as_many_as_it_may_and_again_in_the_next_minute() -> None:
    rates = Rates()
    assert _taken(rates, "ip 1", LIMIT + 20, NOW) == LIMIT
    assert _taken(rates, "ip 2", 5, NOW) == 5, "others are not hindered"
    assert _taken(rates, "ip 1", 3, NOW + dt.timedelta(seconds=60)) == 3


def test_replicas_keep_one_limit_together(ports: Ports) -> None:
    counts, replicas = FakeCounts(), [Rates(), Rates()]
    let_in = 0
    for _ in range(20):
        for rates in replicas:
            let_in += _taken(rates, "ip 1", 5, NOW)
            limiting.share(rates, counts, ports)
    assert LIMIT <= let_in <= LIMIT + 5, "what came between two tellings may be too much"


def test_an_ordinary_resident_costs_no_statement(ports: Ports) -> None:
    counts, rates = FakeCounts(), Rates()
    _taken(rates, "person 1", 4, NOW)
    limiting.share(rates, counts, ports)
    assert counts.rows == {}


def test_what_was_told_is_not_told_twice(ports: Ports) -> None:
    counts, rates = FakeCounts(), Rates()
    _taken(rates, "ip 1", 10, NOW)
    limiting.share(rates, counts, ports)
    limiting.share(rates, counts, ports)
    assert list(counts.rows.values()) == [10]


def test_minutes_that_are_over_are_forgotten(ports: Ports, clock: SetClock) -> None:
    counts, rates = FakeCounts(), Rates()
    _taken(rates, "ip 1", 10, NOW)
    limiting.share(rates, counts, ports)
    clock.advance(seconds=180)
    limiting.forget_old(counts, ports)
    assert counts.rows == {}


def _gateway(clock: SetClock, **limits: int) -> GatewayService:
    service: Any = GatewayService()
    service.settings, service.clock, service.rates = settings(**limits), clock, Rates()
    service.browser = Browser(service.settings)
    return service


@pytest.mark.parametrize("path", ["/", "/check", "/api/v1/openapi.json", "/no/such/page"])
def test_every_route_counts_the_address_it_is_asked_from(path: str, clock: SetClock) -> None:
    service = _gateway(clock, ip_per_minute=20)
    for last in range(1, 22):
        request = Request(EnvironBuilder(path, environ_base={"REMOTE_ADDR": "10.0.0.1"}).get_environ())
        if last <= 20:
            service.admit(request, Access.PUBLIC)
        else:
            with pytest.raises(TooMany):
                service.admit(request, Access.PUBLIC)


def test_what_a_page_brings_along_is_not_counted(clock: SetClock) -> None:
    service = _gateway(clock, ip_per_minute=10)
    for _ in range(50):
        service.admit(Request(EnvironBuilder("/static/0/app.css").get_environ()), Access.PUBLIC)
