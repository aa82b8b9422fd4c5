"""People who pay while something is done to the containers, and what their books say afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import requests

from tests.chaos.audit import Violation, audit
from tests.chaos.journeys import Crowd, Travelled, people_of
from tests.chaos.person import Diary, Person, Town
from tests.chaos.plan import PAYMENTS, Journey, Kind, Plan, Way, make_plan
from tests.chaos.snapshot import Books, Snapshot, take
from tests.chaos.trial import SETTLING, Say, settle
from tests.deploy.stack import Stack

_AT_ONCE = 6
"""Few, so that there are people all the while something is done to the containers."""

MEANWHILE = 800
"""More than can pay while something lasts some minutes, a few at once."""

_KINDS = PAYMENTS | {Kind.CANCELS, Kind.ABANDONS, Kind.GIVES_UP, Kind.TORN}
"""Journeys that need nobody but the payer: staff and the tax core come by the inner network."""


@dataclass
class Load:
    """People who travel beside what is done; `travelled` is complete when the block is left."""

    crowd: Crowd
    journeys: int
    travelled: list[Travelled]

    def wait_for_more(self, journeys: int) -> None:
        """Until so many more have begun than have now."""
        self.wait_for(self.crowd.begun + journeys)

    def wait_for(self, begun: int) -> None:
        """Until so many journeys of this load have begun, or all have ended."""
        while self.crowd.begun < begun and self.crowd.done < self.journeys:
            time.sleep(0.1)

    @property
    def met(self) -> Counter[str]:
        """The errors people met before they tried again."""
        return Counter(reason for one in self.travelled for reason in one.diary.met)


@dataclass(frozen=True)
class Paid:
    """A payment that is through: how long it took from the menu on, and whose it is."""

    seconds: float
    order_id: str
    person: Person


class Townsfolk:
    """Everybody who will ever travel in one stack; each load takes people who have not."""

    def __init__(self, stack: Stack, seed: int, journeys: int) -> None:
        self._stack, self._seed = stack, seed
        self.town = Town([stack.url], stack.sandbox_url, stack.env["WECHAT_APPID"], "", "")
        self._people = people_of(stack.sandbox_url, journeys * 2)
        self._first = 0
        self.travelled: list[Travelled] = []

    @contextmanager
    def paying(
        self, payments: int, only: frozenset[Kind] = _KINDS, misbehaving: bool = True
    ) -> Iterator[Load]:
        """So many payments and some other journeys beside the block; leaving it waits for their end. Once the outside
        world `misbehaves`, it goes on so."""
        with self._travelling(self._plan(payments, only), misbehaving) as load:
            yield load

    @contextmanager
    def paying_meanwhile(self) -> Iterator[Load]:
        """People who pay as long as the block lasts, in a world that behaves: leaving it ends their coming."""
        plan = self._plan(MEANWHILE, frozenset({Kind.PAYS}))
        with self._travelling(plan, misbehaving=False, at_once=_AT_ONCE // 2) as load:
            yield load
            load.crowd.enough.set()

    @contextmanager
    def _travelling(self, plan: Plan, misbehaving: bool, at_once: int = _AT_ONCE) -> Iterator[Load]:
        if misbehaving:
            settings = f"{self._stack.sandbox_url}/sandbox/api/settings"
            requests.put(settings, json=plan.settings, timeout=30).raise_for_status()
        load = Load(Crowd(plan, self.town, self._people, at_once), len(plan.journeys), [])
        with ThreadPoolExecutor(1) as pool:
            travelling = pool.submit(load.crowd.travel)
            try:
                yield load
            except BaseException:
                load.crowd.enough.set()
                raise
            load.travelled = travelling.result()
        self.travelled += load.travelled

    def pays_through(self) -> Paid:
        """A payment that begins now, with everything somebody has to try again."""
        began = time.monotonic()
        number, self._first = self._first, self._first + 1
        person = Person(self.town, self._people[number], f"139{number:08d}", Diary())
        person.arrive()
        order_id, payment_url = person.submit(person.ask_quote())
        person.pay_order(order_id, payment_url)
        person.watch(order_id, asks=True)
        return Paid(time.monotonic() - began, order_id, person)

    def unknown_payments(self) -> int:
        """How many payments UnionPay took for orders that are in no database any more."""
        books = Books(self._stack)
        known = {order.number for order in books.orders()}
        return sum(entry.paid and entry.number not in known for entry in books.ledger())

    def audit(self, say: Say) -> tuple[Snapshot, list[Violation]]:
        """Wait for what is on its way, then compare all books of everybody who has travelled."""
        settle(Books(self._stack), SETTLING, True, say)
        books = take(self._stack, self.travelled, waiting_allowed=True)
        return books, audit(books)

    def _plan(self, payments: int, only: frozenset[Kind]) -> Plan:
        plan = make_plan(payments, 0, self._seed + self._first)
        chosen = [one for one in plan.journeys if one.kind in only and not _waits_for_time(one)]
        numbered = tuple(replace(one, number=number) for number, one in enumerate(chosen, self._first))
        self._first += len(numbered)
        return replace(plan, journeys=numbered, faults=())


def _waits_for_time(journey: Journey) -> bool:
    """Who cancels by pages and meets a UnionPay that does not answer is told at the end of the order's half hour, which
    no clock brings forward here (tests/chaos does)."""
    return journey.kind is Kind.CANCELS and journey.way is Way.PAGES
