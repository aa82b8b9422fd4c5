"""A crowd before a slow upstream: never more calls at once than the limit over four replicas, payments first.

500 residents set off at the same moment through the gateway; each asks for the enrolment, and four in five go on to a
quote and an order. The tax–bank subsystem takes 300 ms to answer and counts what it has in hand. The room for those
who wait is smaller than the crowd, so some are told how many are ahead and come back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from bench.load import scratch_system
from bench.processes import cpu_seconds, median, running
from deploy.local.system import FullSystem

REPLICAS = 4
CROWD, PAYERS = 500, 400
LIMIT, ROOM = 20, 150
LATENCY = 0.3
CALLS_A_JOURNEY = 3.0
_KINDS = ("payment", "query")


@dataclass(frozen=True)
class Seen:
    """What one round showed. `waits` are the mean seconds before the upstream was asked, by priority."""

    fared: list[dict[str, Any]]
    calls: Mapping[str, int]
    most_at_once: int
    waits: Mapping[str, float]
    seconds: float
    cpu: Mapping[str, float]

    @property
    def completed(self) -> int:
        return sum(one.get("completed", False) for one in self.fared)

    @property
    def calls_a_journey(self) -> float:
        return sum(self.calls.values()) / max(self.completed, 1)

    @property
    def used(self) -> float:
        """The part of what the limit allows that was used."""
        return sum(self.calls.values()) * LATENCY / (LIMIT * self.seconds)


def run(seconds: int, rounds: int) -> bool:
    """True when the goals are met. One crowd, whatever `seconds` and `rounds` say: it ends when everybody is done."""
    settings = {"TAXBANK_LIMIT": str(LIMIT), "TAXBANK_ROOM": str(ROOM)}
    with scratch_system(settings, {"contribution": REPLICAS}) as system, running("bench.crowd") as crowd:
        _tell(crowd, _introduction(system))
        began = time.monotonic()
        if crowd.stdout.readline() != "ready\n":
            raise AssertionError("the crowd could not log in")
        print(f"{CROWD} residents logged in within {time.monotonic() - began:.0f} s", flush=True)
        _sandbox(system, "PUT", "/settings", {"taxbank": {"latency_ms": int(1000 * LATENCY)}})
        seen = _travel(system, crowd)
    return _report(seen)


def _introduction(system: FullSystem) -> dict[str, Any]:
    found = _sandbox(system, "GET", f"/people?limit={CROWD}")["people"]
    people = [{"name": person["name"], "number": person["id_number"]} for person in found]
    return {
        "url": system.url, "sandbox_url": system.sandbox_url, "appid": system.env["WECHAT_APPID"], "people": people,
    }  # fmt: skip


def _travel(system: FullSystem, crowd: Any) -> Seen:
    names = ("gateway", "contribution", "identity", "payment", "sandbox")
    pids = {name: system.pids(name) for name in names} | {"crowd": [crowd.pid]}
    before = {name: sum(map(cpu_seconds, of)) for name, of in pids.items()}
    began = time.monotonic()
    _tell(crowd, {"payers": PAYERS})
    fared = json.loads(crowd.stdout.readline())
    took = time.monotonic() - began
    cpu = {name: sum(map(cpu_seconds, of)) - before[name] for name, of in pids.items()}
    counted = _sandbox(system, "GET", "/counters")
    calls = {name: n for name, n in counted["calls"].items() if name.startswith("taxbank.")}
    waits = _mean_waits(system.urls("contribution"))
    return Seen(fared, calls, counted["max_in_flight"].get("taxbank", 0), waits, took, cpu)


def _mean_waits(urls: Iterable[str]) -> dict[str, float]:
    """Over all replicas, by priority, from their metrics."""
    lines = [line for url in urls for line in requests.get(f"{url}/metrics", timeout=10).text.splitlines()]

    def total(what: str, priority: str) -> float:
        name = f'upstream_wait_seconds_{what}{{priority="{priority}",upstream="taxbank"}} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    return {kind: total("sum", kind) / max(total("count", kind), 1) for kind in _KINDS}


def _report(seen: Seen) -> bool:
    for ended in sorted({one["error"] for one in seen.fared if "error" in one}):
        print("failed:", ended)
    busy, looks, troubles = (sum(one[what] for one in seen.fared) for what in ("busy", "looks", "troubles"))
    told = sum(one["busy"] > 0 for one in seen.fared)
    print(f"all done after {seen.seconds:.1f} s; {told} residents were told to come back later, {busy} times in all; "
          f"answers were looked for again {looks} times; no answer came {troubles} times", flush=True)  # fmt: skip
    print("calls " + " · ".join(f"{name} {number}" for name, number in sorted(seen.calls.items())))
    print("median seconds at the phone: " + " · ".join(
        f"{what} {median([one[what] for one in seen.fared if what in one]):.1f}"
        for what in ("enrolment", "quote") if any(what in one for one in seen.fared)
    ))  # fmt: skip
    busy_cores = sum(seen.cpu.values()) / seen.seconds
    print("CPU seconds " + " · ".join(f"{name} {used:.1f}" for name, used in seen.cpu.items()))
    bound = (
        "the limit" if seen.used >= 0.8 else f"the machine ({busy_cores:.1f} cores busy without the servers)"
    )
    print(f"{seen.used:.0%} of what the limit allows was used: {bound} is what bounds")
    payment, query = (seen.waits[kind] for kind in _KINDS)
    met = (
        seen.most_at_once <= LIMIT and payment < query and seen.calls_a_journey <= CALLS_A_JOURNEY
        and seen.completed == CROWD
    )  # fmt: skip
    print(f"limiter: at most {seen.most_at_once} calls at once (goal ≤ {LIMIT}), payments waited {payment:.2f} s, "
          f"queries {query:.2f} s (goal: less), {seen.calls_a_journey:.2f} calls a journey "
          f"(goal ≤ {CALLS_A_JOURNEY:.0f}), {seen.completed}/{CROWD} completed: "
          f"{'met' if met else 'MISSED'}")  # fmt: skip
    return met


def _tell(crowd: Any, words: Mapping[str, Any]) -> None:
    print(json.dumps(words), file=crowd.stdin, flush=True)


def _sandbox(system: FullSystem, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, f"{system.sandbox_url}/sandbox/api{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()
