"""The outside world, asked and told through the sandbox's control API."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from deploy.local.system import System

_GROWN_UP_SINCE = 2005
"""Born in this year or before: no guardian is asked for."""

_serial = itertools.count(int(time.time()) % 100_000 * 10)
_given: set[tuple[str, str]] = set()
"""Who was given to a test already, by system: what one person paid is not payable for the next."""


@dataclass(frozen=True)
class Someone:
    """A person at a phone; `key` names the persona, or the registration number of an ordinary resident."""

    key: str
    name: str
    number: str
    phone: str
    openid: str


class Sandbox:
    """One system's sandbox."""

    def __init__(self, system: System) -> None:
        self._api = f"{system.sandbox_url}/sandbox/api"

    def get(self, path: str, **query: str | float) -> Any:
        answer = requests.get(self._api + path, params=query, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str) -> None:
        requests.post(self._api + path, timeout=10).raise_for_status()

    def put(self, path: str, settings: dict[str, Any]) -> None:
        requests.put(self._api + path, json=settings, timeout=10).raise_for_status()

    def persona(self, key: str) -> Someone:
        """A persona, at a phone of its own each time."""
        found = next(p for p in self.get("/personas")["personas"] if p["persona"] == key)
        return _at_a_phone(key, found)

    def resident(self) -> Someone:
        """A grown-up with medical insurance alone, payable for this year and the next, whom nobody else was given."""
        while True:
            found = self.get("/people", offset=next(_serial) % 7000, limit=1)["people"][0]
            grown_up = int(found["id_number"][6:10]) <= _GROWN_UP_SINCE
            if len(found["enrolments"]) == 1 and grown_up and self._is_free(found):
                return _at_a_phone(found["djxh"], found)

    def behind(self, years: int) -> Someone:
        """A resident whose pension is so many years behind, whom nobody else was given."""
        everybody = self.get("/people", all=1, limit=10_000)["people"]
        behind = (found for found in everybody if found["arrears_years"] == years and not found["persona"])
        found = next(filter(self._is_free, behind))
        return _at_a_phone(found["djxh"], found)

    def _is_free(self, found: dict[str, Any]) -> bool:
        """Whether nobody was given this person yet; from now on somebody is."""
        key = (self._api, found["djxh"])
        free = key not in _given
        _given.add(key)
        return free

    def code_for(self, someone: Someone) -> str:
        """The newest login code at a phone."""
        text = self.wait_for_sms(someone, lambda text: "验证码" in text)
        found = re.search(r"(?<!\d)\d{6}(?!\d)", text)
        assert found, "the SMS holds a code of six digits"
        return found.group()

    def sms(self, someone: Someone) -> list[str]:
        """Messages at a phone, newest first."""
        return [message["text"] for message in self.get("/sms", phone=someone.phone)["messages"]]

    def wait_for_sms(self, someone: Someone, wanted: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for text in self.sms(someone):
                if wanted(text):
                    return text
            time.sleep(0.2)
        raise AssertionError("the SMS did not arrive")

    def asked_for_enrolment(self, someone: Someone) -> int:
        """How often the upstream was asked for this person's enrolment."""
        return int(self.get("/counters", person=someone.key).get("taxbank.insured", 0))

    def asked(self, someone: Someone) -> dict[str, int]:
        """How often the upstream was asked about this person, by interface."""
        counted = self.get("/counters", person=someone.key)
        return {name: int(calls) for name, calls in counted.items() if name.startswith("taxbank.")}

    def orders_opened(self) -> int:
        """How often anybody opened UnionPay's page with an order of ours."""
        return int(self.get("/counters")["calls"].get("unionpay.webpay_pay", 0))

    def order_of(self, mer_order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/orders/{mer_order_id}")
        return found


def _at_a_phone(key: str, found: dict[str, Any]) -> Someone:
    serial = next(_serial)
    return Someone(
        key, found["name"], found["id_number"], f"139{serial % 100_000_000:08d}", f"oEndToEnd{serial:018d}"
    )
