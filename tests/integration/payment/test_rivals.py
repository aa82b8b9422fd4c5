"""Two payers race for one person, two hundred times: one paid order each time, and any second payment goes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
import requests

from contract.payment import LiveOrderExists, OrderPlaced, OrderState
from kit.clock import SystemClock
from kit.database import Database
from services.payment.domain.books import Tally
from services.payment.domain.orders import Order
from services.payment.storage.order_books import BookStorage
from services.payment.usecases import ordering, refunding
from services.payment.usecases.wiring import Wiring
from services.payment.verify import verify
from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox
from tests.fakes.payment_orders import INSURED, OTHER_PAYER, PAYER, a_quote, asking, settings
from tests.fakes.payment_service import of
from tests.integration.payment.databases import at_once, types, wiring

RACES, TRACKS = 200, 8
AMOUNT = 40000


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def payment(database: Database, sandbox: RunningSandbox) -> Wiring:
    return wiring(database, settings(unionpay_url=sandbox.url, unionpay_timeout=10.0), SystemClock())


def together(*acts: Callable[[], object]) -> list[object]:
    return at_once(lambda n: acts[n](), len(acts))


class Race:
    """Two payers, one person whom nobody else pays for."""

    def __init__(self, payment: Wiring, sandbox: RunningSandbox, n: int) -> None:
        self.payment, self.sandbox, self.n = payment, sandbox, n
        self.insured = replace(INSURED, document_number=f"45010319780613{n:04d}")
        self.orders: list[Order] = []

    def run(self) -> None:
        """Both place at once. In every second race the first then gives up, and the other takes over; but the first
        pays all the same, from a page left open, while the other pays."""
        answers = together(partial(self._place, 0), partial(self._place, 1))
        assert sorted(type(answer).__name__ for answer in answers) == ["LiveOrderExists", "OrderPlaced"]
        winner = next(who for who, answer in enumerate(answers) if isinstance(answer, OrderPlaced))
        first = self.orders[0]
        requests.get(self.payment.unionpay.payment_page(first), timeout=10)
        if self.n % 2 == 0:
            self._well(
                partial(self._pay, first, "pay"),
                partial(self._try, 1 - winner),
                partial(self._come_back, first),
            )
            self._look(first)
            return
        ordering.close_order(of(first), self.payment)
        assert isinstance(self._place(1 - winner), OrderPlaced)
        second = self.orders[1]
        requests.get(self.payment.unionpay.payment_page(second), timeout=10)
        self._well(partial(self._pay, first, "pay-late"), partial(self._pay, second, "pay"))
        self._well(partial(self._look, first), partial(self._look, second), partial(self._come_back, second))

    def _well(self, *acts: Callable[[], object]) -> None:
        """All at once, and none fails."""
        assert [one for one in together(*acts) if isinstance(one, Exception)] == []

    def _place(self, who: int) -> OrderPlaced:
        quote = a_quote(
            quote_id=f"quote-{self.n}-{who}-{len(self.orders)}", insured=self.insured,
            expires_at=self.payment.clock.now() + dt.timedelta(minutes=5),
        )  # fmt: skip
        payer = (PAYER, OTHER_PAYER)[who]
        key = f"key-{self.n}-{len(self.orders)}"
        placed = ordering.place_order(asking(quote, payer, key=key), self.payment)
        self.orders.append(self.stored(placed.order_id))
        return placed

    def _try(self, who: int) -> None:
        with pytest.raises(LiveOrderExists):
            self._place(who)

    def _pay(self, order: Order, action: str) -> None:
        self.sandbox.act(order.mer_order_id, action)

    def _come_back(self, order: Order) -> None:
        ordering.check_order(of(order), self.payment)

    def _look(self, order: Order) -> None:
        ordering.look_at(order, self.payment)

    def stored(self, order_id: str) -> Order:
        with self.payment.database.read() as connection:
            order: Order | None = self.payment.orders.get(connection, order_id)
        assert order is not None
        return order

    def kept_by_unionpay(self) -> int:
        """What UnionPay took for this person and has not given back, in fen."""
        accounts = [self.sandbox.order(order.mer_order_id) for order in self.orders]
        paid = sum(account["totalAmount"] for account in accounts if account["payTime"])
        return paid - sum(one["amount"] for account in accounts for one in account["refunds"])

    def states(self) -> list[OrderState]:
        return [self.stored(order.order_id).state for order in self.orders]


def test_of_two_payers_for_one_person_one_pays_and_no_second_payment_is_kept(
    payment: Wiring, sandbox: RunningSandbox
) -> None:
    races = [Race(payment, sandbox, n) for n in range(RACES)]
    assert [error for error in at_once(lambda n: run(races[n::TRACKS]), TRACKS) if error] == []
    while due := refunding.claim_due(payment, 40):
        at_once(lambda n, due=due: refunding.look_at(due[n], payment), len(due))  # type: ignore[misc]
    for race in races:
        given_up = [OrderState.CLOSED] if race.n % 2 else []
        assert race.states() == [*given_up, OrderState.PAID]
        assert race.kept_by_unionpay() == AMOUNT
        events = [type_ for order in race.orders for type_ in types(payment.database, order.order_id)]
        assert events.count("payment.succeeded.v1") == 1
        assert events.count("payment.returned.v1") == len(given_up)
    tally = Tally()
    with payment.database.snapshot() as snapshot:
        books = BookStorage(payment.unionpay.report_of)
        assert list(verify(snapshot, books, tally, payment.clock.now() - dt.timedelta(days=1))) == []
    total = tally.total()
    assert (total.paid, total.refunded) == (RACES * AMOUNT * 3 // 2, RACES * AMOUNT // 2)


def run(races: list[Race]) -> None:
    for race in races:
        race.run()
