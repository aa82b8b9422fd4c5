"""A resident as a program: the whole journey through the gateway's JSON API."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

STILL_ASKING = "urn:gx-tax:still_asking"


class Refused(Exception):
    """The gateway said no; `problem` is its problem+json."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('title')}")
        self.status = status
        self.problem = problem


class Resident:
    """One person at one phone. `settings` are the system's environment (for the WeChat app id)."""

    def __init__(
        self, url: str, sandbox_url: str, appid: str, *, openid: str, name: str, number: str, phone: str
    ) -> None:
        self._url, self._sandbox, self._appid = url, sandbox_url, appid
        self.openid, self.name, self.number, self.phone = openid, name, number, phone
        self._http = requests.Session()
        self.token = ""
        self.waits = 0  # how often an answer was looked for again

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One API call. Raises Refused."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self._http.request(
            method, f"{self._url}/api/v1{path}", json=body, headers=headers, timeout=20
        )
        content = answer.json() if answer.content else {}
        if not answer.ok:
            raise Refused(answer.status_code, content)
        return content

    def enter(self) -> None:
        """Through WeChat into a session: a visitor's, or a payer's who logged in just now."""
        wanted = {"appid": self._appid, "redirect_uri": self._url + "/wechat/callback", "response_type": "code",
                  "scope": "snsapi_base", "state": "x", "as": self.openid}  # fmt: skip
        page = f"{self._sandbox}/connect/oauth2/authorize"
        answer = self._http.get(page, params=wanted, allow_redirects=False, timeout=20)
        answer.raise_for_status()
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        self._take_session(self.call("POST", "/wechat-sessions", {"code": code}))

    def log_in(self) -> None:
        """With the code from the SMS inbox; within half an hour of the last time there is nothing to do."""
        if self._standing == "recent":
            return
        who = {"name": self.name, "document_number": self.number, "phone": self.phone}
        asked = time.time() - 1
        self.call("POST", "/login-codes", {**who, "consent_version": self._consent})
        self._take_session(self.call("POST", "/sessions", {**who, "code": self._code(asked)}))

    def quote(self, insured: dict[str, Any] | None = None) -> str:
        """Enrolment, tiers and the first payable thing, sealed; the resident's own, or somebody else's."""
        return self.quote_first(self.find_enrolment(insured))

    def find_enrolment(self, insured: dict[str, Any] | None = None) -> dict[str, Any]:
        """参保信息, however many are ahead."""
        found: dict[str, Any] = self.call("POST", "/enrolments", {"insured": insured} if insured else None)
        while found["status"] == "asking":
            self.waits += 1
            time.sleep(found["retry_after"])
            found = self.call("GET", f"/enrolments/{found['journey_id']}")
        return found

    def quote_first(self, found: dict[str, Any]) -> str:
        """The first thing an enrolment has to pay, sealed."""
        entry = found["entries"][0]
        chosen = {"journey_id": found["journey_id"], "entry_id": entry["entry_id"], "year": entry["years"][0]}
        asked = (
            f"/tiers?journey_id={chosen['journey_id']}&entry_id={chosen['entry_id']}&year={chosen['year']}"
        )
        tiers = self.call("GET", asked)["tiers"]
        ask: tuple[Any, ...] = "POST", "/quotes", {**chosen, "tier_code": tiers[0]["code"] if tiers else ""}
        while True:
            try:
                quote: str = self.call(*ask)["quote"]
                return quote
            except Refused as refused:
                if refused.problem.get("type") != STILL_ASKING:
                    raise
                self.waits += 1
                time.sleep(refused.problem["retry_after"])
                ask = "GET", f"/quotes/{chosen['journey_id']}"

    def place(self, quote: str, key: str | None = None) -> dict[str, Any]:
        """An order of a quote; the same key gives the same order."""
        placed: dict[str, Any] = self.call(
            "POST", "/orders", {"quote": quote}, **{"Idempotency-Key": key or uuid.uuid4().hex}
        )
        return placed

    def open_cashier(self, payment_url: str) -> str:
        """Follow the signed address to UnionPay's page; returns the page's address."""
        answer = self._http.get(payment_url, allow_redirects=False, timeout=20)
        answer.raise_for_status()
        return self._sandbox + answer.headers["Location"]

    def pay(self, cashier: str) -> None:
        """Press 支付 on UnionPay's page."""
        self._http.post(cashier + "/pay", allow_redirects=False, timeout=20).raise_for_status()

    def order(self, order_id: str) -> dict[str, Any]:
        """The order as the payer sees it."""
        seen: dict[str, Any] = self.call("GET", f"/orders/{order_id}")
        return seen

    def _take_session(self, opened: dict[str, Any]) -> None:
        self.token, self._consent = opened["token"], opened["consent_version"]
        self._standing = opened["standing"]

    def _code(self, since: float) -> str:
        inbox = f"{self._sandbox}/sandbox/api/sms"
        for _ in range(50):
            found = self._http.get(
                inbox, params={"phone": self.phone, "since": int(since)}, timeout=20
            ).json()
            for message in found["messages"] if isinstance(found, dict) else found:
                if code := re.search(r"(?<!\d)\d{6}(?!\d)", message["text"]):
                    return code.group()
            time.sleep(0.1)
        raise TimeoutError("no code arrived")
