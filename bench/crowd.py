"""Residents at their phones, all at once: `python -m bench.crowd`, through the gateway's JSON API.

The first line of input names the system and its people, each {name, number, phone}; they log in, then "ready" is
said. Each further line sends them off: `payers` of them go on from their enrolment to an order, the others only look.
The answer is a line that says how each fared: the seconds its enrolment and its quote took, how often it looked for an
answer again, was told to come back later or got no answer, or the error it ended with.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

# ruff: noqa: E402
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from bench.resident import Refused, Resident

BUSY = "urn:gx-tax:upstream_busy"
LOGINS_AT_ONCE = 8
PATIENCE = 120.0
"""Seconds for which a resident comes back after being told that too many are there, or after no answer."""

Answer = TypeVar("Answer")


def come_back(act: Callable[[], Answer], outcome: Any, what: str) -> Answer:
    """Do something, and again whenever there were too many or no answer; notes how long it took in all."""
    began = time.monotonic()
    while True:
        try:
            answer = act()
            outcome[what] = time.monotonic() - began
            return answer
        except (Refused, requests.RequestException) as error:
            told = error.problem if isinstance(error, Refused) else {"status": 504}
            if (told["status"] < 500 and told["status"] != 429) or time.monotonic() - began > PATIENCE:
                raise
            outcome["busy" if told.get("type") == BUSY else "troubles"] += 1
            time.sleep(told.get("retry_after", 2))


def travel(resident: Resident, pays: bool) -> dict[str, Any]:
    """One journey, whatever becomes of it."""
    outcome: dict[str, Any] = {"busy": 0, "troubles": 0}
    try:
        found = come_back(resident.find_enrolment, outcome, "enrolment")
        if pays:
            quote = come_back(lambda: resident.quote_first(found), outcome, "quote")
            key = uuid.uuid4().hex
            come_back(lambda: resident.place(quote, key), outcome, "order")
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

    def log_in() -> None:
        resident.token = ""
        resident.enter()
        resident.log_in()

    come_back(log_in, Counter(), "login")
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
