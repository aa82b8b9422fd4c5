"""The journeys of a plan, travelled by people at the same time."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import requests

from bench.resident import Refused
from tests.chaos.pages import PageWalker
from tests.chaos.person import Diary, Person, Town
from tests.chaos.plan import Journey, Kind, Plan, Way

AT_ONCE = 24


@dataclass
class Travelled:
    """A journey and what its people remember; `failure` when it did not come to its end."""

    journey: Journey
    diary: Diary = field(default_factory=Diary)
    failure: str = ""


class Crowd:
    """Everybody who travels. `begun` and `done` count journeys. Each ends when its people know the outcome; once there
    are `enough`, nobody begins any more.

    A second crowd in the same town must be of `people` who have not travelled yet.
    """

    def __init__(
        self, plan: Plan, town: Town, people: Sequence[Mapping[str, Any]] = (), at_once: int = AT_ONCE
    ) -> None:
        self._plan, self._town, self._at_once = plan, town, at_once
        self._people = people or people_of(town.sandbox_url, len(plan.journeys) * 2)
        self._counting = threading.Lock()
        self.begun = self.done = 0
        self.enough = threading.Event()

    def travel(self) -> list[Travelled]:
        """All journeys, so many at a time, in the plan's order."""
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="person") as pool:
            return [one for one in pool.map(self._one, self._plan.journeys) if one]

    def _one(self, journey: Journey) -> Travelled | None:
        if self.enough.is_set():
            return None
        with self._counting:
            self.begun += 1
        one = Travelled(journey)
        person = self._person(journey, one.diary)
        if journey.way is Way.PAGES:
            button = "cancel" if journey.kind is Kind.CANCELS else "pay"
            _protected(one, PageWalker(person, button).walk)
        else:
            rival = self._person(journey, one.diary, rival=True)
            _protected(one, lambda: _ROADS[journey.kind](person, rival))
        with self._counting:
            self.done += 1
        return one

    def _person(self, journey: Journey, diary: Diary, rival: bool = False) -> Person:
        """Who travels: from the front of the population, the rivals from its end."""
        place = -1 - journey.number if rival else journey.number
        phone = f"{138 if rival else 139}{journey.number:08d}"
        return Person(self._town, self._people[place], phone, diary)


def people_of(sandbox_url: str, wanted: int) -> list[Mapping[str, Any]]:
    """So many residents who have something to pay."""
    answer = requests.get(f"{sandbox_url}/sandbox/api/people", params={"limit": wanted}, timeout=30)
    answer.raise_for_status()
    people: list[Mapping[str, Any]] = answer.json()["people"]
    if len(people) < wanted:
        raise ValueError(f"the sandbox has {len(people)} people who can pay, {wanted} are needed")
    return people


def _protected(one: Travelled, act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:  # whatever it is, it is this journey's end and belongs into the report
        last = traceback.extract_tb(error.__traceback__)[-1]
        one.failure = f"{type(error).__name__}: {error} ({last.name}:{last.lineno})"


def _together(*acts: Callable[[], object]) -> list[object]:
    """Do things at the same moment; returns what each gave, or its refusal."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def _placed(person: Person) -> tuple[str, str]:
    person.arrive()
    return person.submit(person.ask_quote())


def _pay(person: Person, rival: Person) -> None:
    order_id, payment_url = _placed(person)
    person.pay_order(order_id, payment_url)
    person.watch(order_id, asks=int(person.number[16]) < 3)


def _submit_twice(person: Person, rival: Person) -> None:
    person.arrive()
    quote, key = person.ask_quote(), f"key-{person.phone}"
    answers = _together(*(partial(person.another_tab().submit, quote, key) for _ in range(3)))
    placed = {answer[0]: answer[1] for answer in answers if isinstance(answer, tuple)}
    if len(placed) != 1 or not all(isinstance(answer, tuple) for answer in answers):
        raise AssertionError(f"one order submitted three times became {answers}")
    order_id, payment_url = placed.popitem()
    cashier = person.go_to_cashier(payment_url)
    _together(*(partial(person.another_tab().press, cashier) for _ in range(2)))
    person.diary.pressed.add(order_id)
    person.watch(order_id)


def _race(person: Person, rival: Person) -> None:
    """Two payers, two quotes, one insured person: one of them gets the order, the other a clear no."""
    person.arrive()
    rival.arrive()
    quotes = person.ask_quote(), person.ask_quote()
    answers = _together(lambda: person.submit(quotes[0]), lambda: rival.submit(quotes[1]))
    winners = [
        (who, got) for who, got in zip((person, rival), answers, strict=True) if isinstance(got, tuple)
    ]
    refusals = [got.problem.get("type") for got in answers if isinstance(got, Refused)]
    if len(winners) != 1 or refusals != ["urn:gx-tax:live_order_exists"]:
        raise AssertionError(f"two payers for one person: {len(winners)} orders, {refusals}")
    ((winner, (order_id, payment_url)),) = winners
    winner.pay_order(order_id, payment_url)
    winner.watch(order_id)


def _cancel(person: Person, rival: Person) -> None:
    order_id, payment_url = _placed(person)
    person.press(person.go_to_cashier(payment_url), "cancel")
    person.watch(order_id, asks=True)


def _abandon(person: Person, rival: Person) -> None:
    _, payment_url = _placed(person)
    if int(person.number[16]) < 5:
        person.go_to_cashier(payment_url)


def _leave(person: Person, rival: Person) -> None:
    _, payment_url = _placed(person)
    person.go_to_cashier(payment_url)


def _give_up(person: Person, rival: Person) -> None:
    order_id, payment_url = _placed(person)
    if int(person.number[16]) < 5:
        person.go_to_cashier(payment_url)
    person.give_up(order_id)
    person.watch(order_id)


def _tear(person: Person, rival: Person) -> None:
    """Either may win; both may not."""
    order_id, payment_url = _placed(person)
    cashier, tab = person.go_to_cashier(payment_url), person.another_tab()
    paid, _ = _together(lambda: person.press(cashier), lambda: tab.give_up(order_id))
    if paid is True:
        person.diary.pressed.add(order_id)
    person.watch(order_id)


def _revive(person: Person, rival: Person) -> None:
    """UnionPay had not seen the order when it was given up, and its page can still be opened."""
    order_id, payment_url = _placed(person)
    person.give_up(order_id)
    person.lose_notify(payment_url)
    person.pay_order(order_id, payment_url)
    person.watch(order_id)


def _pay_for_family(person: Person, rival: Person) -> None:
    """Own contribution and another's in one payment; the first of them may be given back while the other stays."""
    person.arrive()
    batch = person.list_with(rival)
    order_id, payment_url = person.submit_list(batch)
    person.pay_order(order_id, payment_url)
    if person.watch(order_id) == "paid" and int(person.number[16]) < 5:
        person.be_refunded(order_id, by_tax_core=False, payment_url=payment_url)


def _be_refunded(person: Person, rival: Person) -> None:
    """Paid, then given back: the person sees it, and may pay again."""
    order_id, payment_url = _placed(person)
    person.pay_order(order_id, payment_url)
    if person.watch(order_id) == "paid":
        person.be_refunded(order_id, int(person.number[16]) < 5, payment_url)
        person.watch(order_id, until=frozenset({"refunded"}))


_ROADS: Mapping[Kind, Callable[[Person, Person], None]] = {
    Kind.PAYS: _pay, Kind.SUBMITS_TWICE: _submit_twice, Kind.RIVALS: _race, Kind.CANCELS: _cancel,
    Kind.ABANDONS: _abandon, Kind.GIVES_UP: _give_up, Kind.TORN: _tear,
    Kind.REVIVES: _revive, Kind.FAMILY: _pay_for_family, Kind.REFUNDED: _be_refunded, Kind.LATE: _leave,
}  # fmt: skip
