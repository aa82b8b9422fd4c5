"""A mini program: the JSON API as its clients call it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from bench.resident import STILL_ASKING
from deploy.local.system import System
from tests.e2e.sandbox import Sandbox, Someone


class Client:
    """A mini program: bearer token, no cookies."""

    def __init__(self, system: System, someone: Someone) -> None:
        self.api, self.sandbox, self.someone = f"{system.url}/api/v1", Sandbox(system), someone
        self._system = system
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return requests.request(method, self.api + path, json=body, headers=headers, timeout=20)

    def wechat_code(self) -> str:
        entry = requests.get(self._system.url + "/", allow_redirects=False, timeout=10).headers["Location"]
        page = f"{entry.partition('#')[0]}&as={self.someone.openid}"
        back = requests.get(page, allow_redirects=False, timeout=10).headers["Location"]
        return parse_qs(urlsplit(back).query)["code"][0]

    def enter(self) -> dict[str, Any]:
        """Through WeChat, with what login will ask for."""
        self.token = ""
        answer = self.call("POST", "/wechat-sessions", {"code": self.wechat_code()})
        assert answer.status_code == 201, answer.text
        opened: dict[str, Any] = answer.json()
        self.token = opened["token"]
        return opened

    def log_in(self) -> None:
        """With everything typed."""
        consent = {"consent_version": self.enter()["consent_version"]}
        someone = self.someone
        who = {"name": someone.name, "document_number": someone.number, "phone": someone.phone}
        self.log_in_as(who, consent)

    def log_in_as(self, who: dict[str, str], consent: dict[str, str] | None = None) -> dict[str, Any]:
        """With a code for the person typed; for the one recalled where nothing is typed."""
        sent = self.call("POST", "/login-codes", who | (consent or {}))
        assert sent.status_code == 201, sent.text
        answer = self.call("POST", "/sessions", who | {"code": self.sandbox.code_for(self.someone)})
        assert answer.status_code == 201, answer.text
        opened: dict[str, Any] = answer.json()
        assert "*" in opened["payer_number"]
        self.token = opened["token"]
        return opened

    def quote(self, following: bool = False, insured: dict[str, str] | None = None) -> dict[str, Any]:
        """A quote for this year or the following one, for the payer or for somebody else."""
        found = self.call("POST", "/enrolments", {"insured": insured}).json()
        while found["status"] == "asking":
            time.sleep(found["retry_after"])
            found = self.call("GET", f"/enrolments/{found['journey_id']}").json()
        entry = found["entries"][0]
        year = entry["years"][1 if following else 0]
        chosen = {"journey_id": found["journey_id"], "entry_id": entry["entry_id"], "year": year}
        tiers = self.call("GET", "/tiers?" + "&".join(f"{k}={v}" for k, v in chosen.items())).json()["tiers"]
        answer = self.call("POST", "/quotes", chosen | {"tier_code": tiers[0]["code"]})
        while answer.json().get("type") == STILL_ASKING:
            time.sleep(int(answer.headers["Retry-After"]))
            answer = self.call("GET", f"/quotes/{chosen['journey_id']}")
        assert answer.status_code == 201, answer.text
        quoted: dict[str, Any] = answer.json()
        return quoted

    def until(self, path: str, state: str) -> dict[str, Any]:
        """What is at a path once it is in that state."""
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.call("GET", path).json()
            if found["state"] == state:
                return found
            time.sleep(0.5)
        raise AssertionError(f"{path} is {found['state']}, not {state}")
