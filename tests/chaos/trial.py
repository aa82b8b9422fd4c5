"""One trial: start the system, let people travel while it is broken, wait, close what was abandoned, audit."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from deploy.local.process import free_base
from deploy.local.system import FullSystem
from tests.chaos.audit import audit
from tests.chaos.faults import Saboteur
from tests.chaos.journeys import Crowd, Travelled
from tests.chaos.person import Town
from tests.chaos.plan import REPLICAS, Kind, Plan
from tests.chaos.report import Report
from tests.chaos.snapshot import WAITING, Books, take

PAST_EXPIRY = 35 * 60
"""Orders live half an hour and get two minutes of grace."""

SETTLING = 180.0
_AFTERWARDS = 20.0
"""Seconds to wait for what is on its way; once that was not enough, the audit is not kept waiting as long again."""
_LONGEST_PAUSE = 1800.0
"""Seconds between two looks at an order, at most."""
_PAUSES = 5

LIMITS = {
    # One machine plays the whole province.
    "IDENTITY_CODES_PER_IP": "1000000",
    "IDENTITY_CODES_PER_PHONE": "1000",
    "IDENTITY_CODES_PER_DOCUMENT": "1000",
    "IDENTITY_CODES_PER_OPENID": "1000",
    "IDENTITY_CODE_RESEND_SECONDS": "1",
    "NOTIFY_LOOKUP_GRACE_SECONDS": "5",
}

Say = Callable[[str], None]


class Trial:
    """Carries out a plan on a system of its own in an empty directory."""

    def __init__(self, plan: Plan, state: Path, say: Say) -> None:
        self._plan, self._say = plan, say
        self._system = FullSystem(state, free_base(), replicas=REPLICAS, extra=LIMITS)
        self._phases: dict[str, float] = {}
        self._settling = SETTLING
        self._began = self._said = time.monotonic()

    def run(self) -> Report:
        """The whole trial. The system's data stays in its directory."""
        self._say(
            f"seed {self._plan.seed}: starting RabbitMQ, PostgreSQL and {sum(REPLICAS.values())} workers"
        )
        with self._system as system:
            self._phase("start")
            self._sandbox("PUT", "/settings", self._plan.settings)
            town = Town(
                system.urls("gateway"), system.sandbox_url, system.env["WECHAT_APPID"],
                system.rabbitmq.url("console"), system.rabbitmq.url("taxcore"),
                system.env["PAYMENT_STAFF_KEYS"],
            )  # fmt: skip
            crowd = Crowd(self._plan, town)
            saboteur = Saboteur(self._plan, system, lambda: crowd.begun)
            saboteur.start()
            travelled = self._watched(crowd)
            incidents = saboteur.finish()
            system.wait_ready()
            self._phase("load")
            self._settle(waiting_allowed=True)
            self._phase("settle")
            violations = audit(take(system, travelled, waiting_allowed=True))
            self._close_abandoned(travelled)
            self._phase("close")
            books = take(system, travelled)
            violations += [found for found in audit(books) if found not in violations]
        return Report(self._plan, incidents, books, violations, self._phases, _errors(self._system.state))

    def destroy(self) -> None:
        """Delete the databases, wherever they are kept."""
        self._system.destroy()

    def _watched(self, crowd: Crowd) -> list[Travelled]:
        """Let everybody travel, saying now and then how far they are."""
        with ThreadPoolExecutor(1) as pool:
            travelling = pool.submit(crowd.travel)
            while not travelling.done():
                time.sleep(0.5)
                self._progress(
                    f"{crowd.begun} journeys begun, {crowd.done} done of {len(self._plan.journeys)}"
                )
            return travelling.result()

    def _settle(self, waiting_allowed: bool) -> None:
        """Wait for what is on its way; when time is up the audit says what still is."""
        if not settle(Books(self._system), self._settling, waiting_allowed, self._progress):
            self._settling = _AFTERWARDS

    def _close_abandoned(self, travelled: Sequence[Travelled]) -> None:
        """Let the time of what was abandoned run out; then a few banks take the money all the same."""
        self._let_time_run_out()
        closed = {o.order_id: o.number for o in Books(self._system).orders() if o.state == "closed"}
        late = (one.diary.orders for one in travelled if one.journey.kind is Kind.LATE)
        for number in [closed[order_id] for orders in late for order_id in orders if order_id in closed]:
            # Nobody asks after a closed order, so this notify must come, however late and often.
            self._sandbox("PUT", f"/orders/{number}/settings", {"notify": {"lost_rate": 0}})
            self._sandbox("POST", f"/orders/{number}/pay-late")
        self._settle(waiting_allowed=False)

    def _let_time_run_out(self) -> None:
        """Until nothing waits: after UnionPay has not answered it is asked again, at last every half an hour."""
        for more in range(_PAUSES):
            self._system.set_clock(PAST_EXPIRY + more * _LONGEST_PAUSE)
            if settle(Books(self._system), self._settling / 2, False, self._progress):
                return
        self._settling = _AFTERWARDS

    def _sandbox(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        url = f"{self._system.sandbox_url}/sandbox/api{path}"
        requests.request(method, url, json=body, timeout=30).raise_for_status()

    def _phase(self, name: str) -> None:
        now = time.monotonic()
        self._phases[name] = now - self._began - sum(self._phases.values())
        self._say(f"{name}: {self._phases[name]:.0f} s")
        self._said = now

    def _progress(self, text: str) -> None:
        if time.monotonic() - self._said > 10:
            self._said = time.monotonic()
            self._say(f"  {self._said - self._began:5.0f} s  {text}")


def settle(books: Books, seconds: float, waiting_allowed: bool, progress: Say) -> bool:
    """Wait until nothing is on its way any more, twice in a row; False when time is up before."""
    deadline, quiet = time.monotonic() + seconds, 0
    while quiet < 2 and time.monotonic() < deadline:
        left = {name: count for name, count in books.unsettled().items() if count}
        if waiting_allowed:
            left.pop(WAITING, None)
        quiet = 0 if left else quiet + 1
        progress(f"waiting for {left}")
        time.sleep(1)
    return quiet == 2


def _errors(state: Path) -> Counter[str]:
    """What the services logged as errors, by service and text."""
    found: Counter[str] = Counter()
    for log in (state / "log").glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
                if entry["level"] == "ERROR":
                    found[f"{log.stem.partition('-')[0]}: {entry['message'][:120]}"] += 1
            except (ValueError, KeyError, TypeError):
                continue
    return found
