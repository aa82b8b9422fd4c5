"""A resident who does not give up: tries again what failed, with the same key, and logs in again when asked to."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import requests
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError

from bench.resident import Refused, Resident
from contract.errors import Unavailable
from contract.insurance import InsuranceType
from contract.refunds import Operator, RefundPart, RefundRequested, RequestRefund, request_refund
from contract.staff import Role, Staff
from kit.clock import CHINA, SystemClock
from kit.crypto import KeyRing
from kit.staff import seal_for
from tests.integration.notify import bus

Answer = TypeVar("Answer")

PATIENCE = 120.0
"""Seconds for which one step is tried; the longest a killed worker keeps an order is a minute."""
SETTLING = 600.0
"""Seconds until an order must be settled: its notify may be lost, and UnionPay silent after 30, 90 and 210 s."""

_STAFF = Staff("gx0007", "莫敏", Role.AUTHORITY)

SETTLED = frozenset({"paid", "failed", "closed", "refunded"})


class NotYet(Exception):
    """The answer says to come back in a moment."""


class Waiting(NotYet):
    """Nothing is wrong: what is waited for takes its time."""


class GaveUp(Exception):
    """A step did not work for as long as people are patient."""


@dataclass(frozen=True)
class Town:
    """Where people find the system: any gateway will do, as behind a load balancer. Staff and the tax core, who give
    money back, come by the bus."""

    gateways: Sequence[str]
    sandbox_url: str
    appid: str
    staff_bus: str
    tax_core_bus: str
    staff_keys: str = ""


@dataclass
class Diary:
    """What people will remember: it is compared with the books at the end.

    `orders` they were given, `pressed` those whose 支付 UnionPay confirmed on the spot, `seen` the last state shown,
    `troubles` how often something failed and was tried again, `met` what it said.
    """

    orders: set[str] = field(default_factory=set)
    pressed: set[str] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)

    @property
    def troubles(self) -> int:
        return len(self.met)


def after_trouble(refused: Refused) -> bool:
    """Whether trying the same again makes sense: the system had trouble, or wants a login first."""
    return refused.status >= 500 or refused.status in (401, 429)


def always(refused: Refused) -> bool:
    """Every refusal is a reason to begin again."""
    return True


def content_of(payment_url: str) -> dict[str, Any]:
    """What a signed address tells UnionPay of the order."""
    content: dict[str, Any] = json.loads(parse_qs(urlsplit(payment_url).query)["content"][0])
    return content


class Person(Resident):
    """One person at one phone, with a diary."""

    def __init__(self, town: Town, who: Mapping[str, Any], phone: str, diary: Diary) -> None:
        super().__init__(
            town.gateways[0], town.sandbox_url, town.appid,
            openid=f"o{phone}", name=who["name"], number=who["id_number"], phone=phone,
        )  # fmt: skip
        self.town, self.diary = town, diary

    def another_tab(self) -> Person:
        """The same login on connections of its own, to be used at the same time."""
        tab = copy.copy(self)
        tab._http = requests.Session()
        return tab

    def insist(
        self, act: Callable[[], Answer], again: Callable[[Refused], bool] = after_trouble, patience: float = PATIENCE
    ) -> Answer:  # fmt: skip
        """Do something until it works. Raises Refused for a final no, GaveUp when patience ends."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return act()
            except Refused as refused:
                if not again(refused):
                    raise
                reason = str(refused)
                self.diary.met.append(reason)
                if refused.status == 401 and again is after_trouble:
                    self.arrive()
            except Waiting as waiting:
                reason = str(waiting)
            except (requests.RequestException, TimeoutError, NotYet) as error:
                reason = f"{type(error).__name__}: {error}"[:200]
                self.diary.met.append(reason)
                self._url = random.choice(self.town.gateways)
            if time.monotonic() > deadline:
                raise GaveUp(reason)
            time.sleep(random.uniform(0.2, 1.0))

    def arrive(self) -> None:
        """From the official account's menu to a login; whatever is refused on the way begins anew."""

        def enter_and_log_in() -> None:
            self.token = ""
            self.enter()
            self.log_in()

        self.insist(enter_and_log_in, again=always)

    def code_since(self, moment: float) -> str:
        """The newest login code that reached the phone since then."""
        return self._code(moment)

    def ask_quote(self) -> str:
        """A quote for the first thing that can be paid."""

        return self.insist(self.quote, again=lambda refused: after_trouble(refused) or refused.status == 409)

    def submit(self, quote: str, key: str | None = None) -> tuple[str, str]:
        """Place the order, with one key however often it takes; returns its id and UnionPay's page."""
        key = key or uuid.uuid4().hex
        placed = self.insist(lambda: self.place(quote, key))
        self.diary.orders.add(placed["order_id"])
        return placed["order_id"], placed["payment_url"]

    def list_with(self, other: Person) -> dict[str, Any]:
        """A list of this person and another, once both can be paid for."""
        year = dt.datetime.now(CHINA).year
        wanted = {
            "own": True, "insurance_type": InsuranceType.MEDICAL.value, "year": year,
            "people": [{"name": other.name, "document_number": other.number, "phone": other.phone}],
        }  # fmt: skip
        key = {"Idempotency-Key": f"list-{self.phone}"}
        made = self.insist(lambda: self.call("POST", "/batches", wanted, **key))

        def answered() -> dict[str, Any]:
            batch: dict[str, Any] = self.call("GET", f"/batches/{made['batch_id']}")
            if batch["blocked"]:  # the upstream had trouble
                self.call("POST", f"/batches/{made['batch_id']}/questions")
            if batch["status"] != "ready" or batch["payable"] != 2:
                raise Waiting(f"{batch['payable']} of 2 can be paid for")
            return batch

        return self.insist(answered)

    def submit_list(self, batch: Mapping[str, Any]) -> tuple[str, str]:
        """One order for everybody in the list; returns its id and UnionPay's page."""
        path, key = f"/batches/{batch['batch_id']}/order", {"Idempotency-Key": batch["idempotency_key"]}
        placed = self.insist(lambda: self.call("POST", path, {}, **key))
        self.diary.orders.add(placed["order_id"])
        return placed["order_id"], placed["payment_url"]

    def go_to_cashier(self, payment_url: str) -> str:
        """Open UnionPay's page; returns its address."""

        def follow() -> str:
            answer = self._http.get(payment_url, allow_redirects=False, timeout=20)
            if answer.status_code != requests.codes.found:
                raise NotYet(f"UnionPay's page answers {answer.status_code}")
            cashier = self.town.sandbox_url + answer.headers["Location"]
            self._http.get(cashier, timeout=20).raise_for_status()
            return cashier

        return self.insist(follow)

    def press(self, cashier: str, button: str = "pay") -> bool:
        """Press a button at the cashier until UnionPay says what became of the order: True when it is paid."""

        def push() -> bool:
            answer = self._http.post(f"{cashier}/{button}", allow_redirects=False, timeout=20)
            answer.raise_for_status()
            page = self._http.get(cashier, timeout=20)
            page.raise_for_status()
            if "确认支付" in page.text:
                raise NotYet("the order is still open")
            return "支付成功" in page.text

        return self.insist(push)

    def pay_order(self, order_id: str, payment_url: str) -> None:
        """Pay at the cashier."""
        if self.press(self.go_to_cashier(payment_url)):
            self.diary.pressed.add(order_id)

    def lose_notify(self, payment_url: str) -> None:
        """See to it that UnionPay's notify of this order never comes."""
        number = content_of(payment_url)["merOrderId"]
        settings = f"{self.town.sandbox_url}/sandbox/api/orders/{number}/settings"
        requests.put(settings, json={"notify": {"lost_rate": 1}}, timeout=20).raise_for_status()

    def give_up(self, order_id: str) -> None:
        """放弃本次缴费. That it is too late for that is an answer too."""
        try:
            self.insist(lambda: self.call("POST", f"/orders/{order_id}/close"))
        except Refused as refused:
            if refused.status != 409:
                raise

    def be_refunded(self, order_id: str, by_tax_core: bool, payment_url: str) -> None:
        """Have the order given back: the whole by the tax core, its first item by staff."""
        operator, (item, *_) = Operator("gx0007", "莫敏"), self.insist(lambda: self.order(order_id))["items"]
        part = RefundPart(item["person_number"], InsuranceType(item["insurance_type"]))

        def ask() -> None:
            if by_tax_core:
                number = content_of(payment_url)["merOrderId"]
                wanted = RefundRequested(f"SBTF{number}", number, operator, "重复参保")
                bus.publish(self.town.tax_core_bus, (f"tax-core-{number}", wanted))
            else:
                wish = RequestRefund(operator, order_id, "重复参保", f"desk-{order_id}", (part,))
                seal = seal_for(_STAFF, KeyRing.parse(self.town.staff_keys), SystemClock())
                bus.call(self.town.staff_bus, request_refund, wish, seal)

        self.insist(lambda: _by_the_bus(ask))

    def watch(self, order_id: str, asks: bool = False, until: frozenset[str] = SETTLED) -> str:
        """Look at the order until it is settled; `asks`: as its page does, which has UnionPay asked each time."""

        def look() -> str:
            seen = self.call("POST", f"/orders/{order_id}/check") if asks else self.order(order_id)
            state: str = seen["state"]
            self.diary.seen[order_id] = state
            if state not in until:
                time.sleep(1)
                raise Waiting(f"the order is {state}")
            return state

        return self.insist(look, patience=SETTLING)


def _by_the_bus(act: Callable[[], None]) -> None:
    """Do something over the bus. Raises NotYet while the broker or the service is away."""
    try:
        act()
    except (OSError, AMQPError, KombuError, AssertionError, Unavailable) as error:
        raise NotYet(type(error).__name__) from error
