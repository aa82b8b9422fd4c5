"""Whatever happens in whatever order, the books are right after every step, and in the end no fen is missing.

Hypothesis makes up sequences of what payers, UnionPay, staff and time do; `scripts/sequences` tries thousands.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contract.payment import CloseNotConfirmed, LiveOrderExists, OrderNotPayable
from contract.refunds import OrderNotRefundable, PartRefunded, RefundState, RetryRefund
from kit.clock import SetClock
from kit.database import Database
from services.payment.domain.books import Tally
from services.payment.domain.orders import REFUNDABLE, Order
from services.payment.models import metadata
from services.payment.storage.order_books import BookStorage
from services.payment.storage.orders import OrderStorage
from services.payment.usecases import notifies, ordering, refunding
from services.payment.verify import verify
from tests.fakes.payment_ledger import Account, Answer, Died, LedgerUnionPay
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    OPERATOR,
    OTHER_PAYER,
    PAYER,
    a_line,
    a_quote,
    asking_all,
    asking_back,
    part_of,
)
from tests.fakes.payment_orders import settings as payment_settings
from tests.fakes.payment_service import of
from tests.integration.databases import empty, upgrade
from tests.integration.payment.databases import wiring

SEQUENCES = int(os.environ.get("PAYMENT_SEQUENCES", "20"))
STEPS = 25
PEOPLE = [replace(INSURED, document_number=f"45010319780612{n:04d}") for n in range(3)]
WEEK = dt.timedelta(days=7)
anything = st.integers(0, 99)


class Absent(OrderStorage):
    """A storage that fails once when it is told to, as one does that meets a lock."""

    fails = False

    def lock_by_numbers(self, tx: Any, numbers: Sequence[str]) -> dict[str, Order]:
        if self.fails:
            self.fails = False
            raise TimeoutError
        return super().lock_by_numbers(tx, numbers)


class Books(RuleBasedStateMachine):
    """Payment on a real database, a UnionPay with books of its own, and a clock."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        empty(self.database, metadata)
        config, self.clock = payment_settings(), SetClock(NOW)
        self.unionpay = LedgerUnionPay(config, self.clock)
        self.storage = Absent()
        self.w = replace(
            wiring(self.database, config, self.clock), unionpay=self.unionpay, orders=self.storage
        )
        self.placed: list[str] = []
        self.told: list[dict[str, str]] = []
        self.number = 0

    def order(self, n: int) -> Order:
        """One of the orders there are, as it stands."""
        with self.database.read() as connection:
            found: Order = self.w.orders.get(connection, self.placed[n % len(self.placed)])
        return found

    def all_orders(self) -> list[Order]:
        return [self.order(n) for n in range(len(self.placed))]

    # Payers

    @initialize(paid=st.sampled_from([True, True, False]))
    def begin(self, paid: bool) -> None:
        """Two people have an order already, of two years each; most often it is paid."""
        self.place(other=False, who=set(PEOPLE[:2]), years=2)
        if paid:
            self.pay_rightly(0)

    @rule(other=st.booleans(), who=st.sets(st.sampled_from(PEOPLE), min_size=1), years=st.integers(1, 2))
    def place(self, other: bool, who: set[Any], years: int) -> None:
        self.number += 1
        lines = tuple(a_line(2026 - year) for year in reversed(range(years)))
        quotes = [
            a_quote(quote_id=f"quote-{self.number}-{n}", insured=insured, lines=lines,
                    person_number=f"person-{n}", expires_at=self.clock.now().replace(year=2030))
            for n, insured in enumerate(sorted(who, key=PEOPLE.index))
        ]  # fmt: skip
        request = asking_all(*quotes, payer=OTHER_PAYER if other else PAYER, key=f"key-{self.number}")
        try:
            self.placed.append(ordering.place_order(request, self.w).order_id)
        except LiveOrderExists:
            assert self.placed, "somebody's order stands in the way"

    @rule(n=anything)
    def see_the_page(self, n: int) -> None:
        self.unionpay.accounts.setdefault(self.order(n).mer_order_id, Account())

    @rule(n=anything)
    def pay_rightly(self, n: int) -> None:
        """As almost everybody does; an order that waits before one that does not."""
        orders = self.all_orders()
        orders = [order for order in orders if order.waiting] or orders
        order = orders[n % len(orders)]
        self.told.append(self.unionpay.pay(order, order.amount))
        notifies.receive_notify(self.told[-1], self.w)

    @rule(n=anything, wrong=st.sampled_from([0, 1, -1]), heard=st.integers(0, 2))
    def pay(self, n: int, wrong: int, heard: int) -> None:
        """Rightly, wrongly, twice or too late; UnionPay tells us so never, once or twice."""
        order = self.order(n)
        self.told.append(self.unionpay.pay(order, order.amount + wrong))
        for _ in range(heard):
            notifies.receive_notify(self.told[-1], self.w)

    @rule(n=anything)
    def give_up(self, n: int) -> None:
        order = self.order(n)
        try:
            ordering.close_order(of(order), self.w)
        except CloseNotConfirmed:
            assert self.unionpay.silent or self.unionpay.accounts[order.mer_order_id]
        except OrderNotPayable:
            assert not order.waiting

    @rule(n=anything)
    def come_back(self, n: int) -> None:
        ordering.check_order(of(self.order(n)), self.w)

    # UnionPay

    @precondition(lambda self: self.told)
    @rule(n=anything, fails=st.booleans())
    def tell_again(self, n: int, fails: bool) -> None:
        """A notify that was lost arrives, or one that was not again; perhaps while we cannot act on it."""
        self.storage.fails = fails
        notifies.receive_notify(self.told[n % len(self.told)], self.w)
        self.storage.fails = False

    @rule(silent=st.sampled_from([False, False, True]), answer=st.sampled_from([*Answer, *[Answer.DONE] * 5]))
    def change_its_mind(self, silent: bool, answer: Answer) -> None:
        self.unionpay.silent, self.unionpay.answer = silent, answer

    # Staff

    @rule(n=anything, whole=st.booleans(), item=anything, year=anything)
    def ask_back(self, n: int, whole: bool, item: int, year: int) -> None:
        orders = self.all_orders()
        orders = [order for order in orders if order.state in REFUNDABLE] or orders
        order = orders[n % len(orders)]
        self.number += 1
        chosen = order.items[item % len(order.items)]
        parts = () if whole else (part_of(chosen, chosen.years[year % len(chosen.years)]),)
        try:
            refunding.request_refund(asking_back(order, *parts, key=f"refund-{self.number}"), self.w)
        except OrderNotRefundable:
            assert order.state not in REFUNDABLE
        except PartRefunded:
            assert any(one.refunds for one in order.items)

    @rule()
    def try_failed_again(self) -> None:
        with self.database.read() as connection:
            failed = self.w.refunds.latest(connection, None, RefundState.FAILED, 99)
        for refund in failed:
            refunding.retry_refund(RetryRefund(OPERATOR, refund.refund_id), self.w)

    # Time

    @rule(minutes=st.sampled_from([0.1, 0.6, 3, 35, 60 * 25]))
    def pass_time(self, minutes: float) -> None:
        self.clock.advance(minutes=minutes)

    @rule()
    def look_after_everything(self) -> None:
        """One round of every timer of the service."""
        notifies.process_kept_notifies(self.w, 99)
        for order in ordering.claim_due(self.w, 99):
            ordering.look_at(order, self.w)
        for refund in refunding.claim_due(self.w, 99):
            try:
                refunding.look_at(refund, self.w)
            except Died:
                assert self.unionpay.answer is Answer.DEATH

    @rule()
    def publish(self) -> None:
        outbox: Any = self.w.outbox
        with self.database.transaction() as tx:
            while waiting := outbox.claim(tx, 99):
                outbox.mark_published(tx, [event.id for event in waiting], self.clock.now())
            outbox.prune(tx, self.clock.now() - WEEK)

    # What is always true

    def verified(self) -> Tally:
        """The sums of the books, in which nothing is wrong."""
        tally, books = Tally(), BookStorage(self.unionpay.report_of)
        with self.database.snapshot() as snapshot:
            assert list(verify(snapshot, books, tally, self.clock.now() - WEEK)) == []
        return tally

    @invariant()
    def the_books_are_right(self) -> None:
        self.verified()

    @invariant()
    def never_more_goes_back_than_was_paid(self) -> None:
        assert not self.unionpay.given_back - self.unionpay.paid

    def teardown(self) -> None:
        """In the end every payment UnionPay told us of is where it belongs: posted, or back."""
        self.unionpay.silent, self.unionpay.answer = False, Answer.DONE
        for fields in self.told:
            notifies.receive_notify(fields, self.w)
        for _ in range(4):
            self.clock.advance(hours=25)
            self.look_after_everything()
            self.try_failed_again()
        self.publish()
        total = self.verified().total()
        paid, back = self.unionpay.paid.total(), self.unionpay.given_back.total()
        assert (total.paid, total.posted, total.refunded, total.in_flight) == (paid, paid - back, back, 0)
        assert not any(order.waiting for order in self.all_orders())


@pytest.fixture
def in_memory() -> Iterator[Database]:
    """SQLite where nothing reaches a disk."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        database = Database(f"sqlite:///{folder}/payment.sqlite3")
        upgrade("payment", database)
        yield database
        database.engine.dispose()


def test_no_sequence_of_events_breaks_the_books(in_memory: Database) -> None:
    machine = type("BooksInMemory", (Books,), {"database": in_memory})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
