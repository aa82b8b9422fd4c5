"""Residents at their phones, all at once: `python -m bench.crowd`, through the gateway's JSON API.

The first line of input names the system and its people, each {name, number, phone}; they log in, then "ready" is
said. Each further line sends them off: `payers` of them go on from their enrolment to an order, the others only look.
The answer is a line that says how each fared: the seconds its enrolment and its quote took, how often it looked for an
answer again, how often it was told to come back later, or the error it ended with.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

# ruff: noqa: E402
import json
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from bench.resident import Refused, Resident

BUSY = "urn:gx-tax:upstream_busy"
LOGINS_AT_ONCE = 8
PATIENCE = 120.0
"""Seconds for which a resident comes back after being told that too many are there."""

Answer = TypeVar("Answer")


def come_back(act: Callable[[], Answer], outcome: dict[str, Any], what: str) -> Answer:
    """Do something, and again whenever there were too many; notes how long it took from first to last."""
    began = time.monotonic()
    while True:
        try:
            answer = act()
            outcome[what] = time.monotonic() - began
            return answer
        except Refused as refused:
            if refused.problem.get("type") != BUSY or time.monotonic() - began > PATIENCE:
                raise
            outcome["busy"] += 1
            time.sleep(refused.problem["retry_after"])


def travel(resident: Resident, pays: bool) -> dict[str, Any]:
    """One journey, whatever becomes of it."""
    outcome: dict[str, Any] = {"pays": pays, "busy": 0}
    try:
        found = come_back(resident.find_enrolment, outcome, "enrolment")
        if pays:
            quote = come_back(lambda: resident.quote_first(found), outcome, "quote")
            outcome["order"] = resident.place(quote)["order_id"]
        outcome["completed"] = True
    except (Refused, requests.RequestException, KeyError, IndexError) as error:
        outcome["error"] = f"{type(error).__name__}: {error}"[:200]
    outcome["looks"] = resident.waits
    return outcome


def arrive(system: dict[str, Any], number: int, person: dict[str, str]) -> Resident:
    """A resident who has logged in."""
    resident = Resident(
        system["url"], system["sandbox_url"], system["appid"],
        openid=f"oCrowd{number}", name=person["name"], number=person["number"], phone=f"139{number:08d}",
    )  # fmt: skip
    resident.enter()
    resident.log_in()
    return resident


def set_off(everybody: list[Resident], payers: int) -> list[dict[str, Any]]:
    """All at the same moment, those who pay spread evenly among the others; how each fared."""
    paying = {number * len(everybody) // payers for number in range(payers)}
    crowd = eventlet.GreenPool(len(everybody))
    pays = [number in paying for number in range(len(everybody))]
    return list(crowd.imap(travel, everybody, pays))


def main() -> None:
    system = json.loads(sys.stdin.readline())
    logins = eventlet.GreenPool(LOGINS_AT_ONCE)
    people = list(enumerate(system["people"]))
    everybody = list(logins.imap(lambda one: arrive(system, *one), people))
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(set_off(everybody, json.loads(line)["payers"])), flush=True)


if __name__ == "__main__":
    main()
