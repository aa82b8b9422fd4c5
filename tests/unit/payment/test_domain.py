"""The graph of an order's states, and when an order is looked at again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.payment import OrderState, PaymentFailed, PaymentSucceeded
from services.payment.domain import failures
from services.payment.domain import orders as domain
from services.payment.domain.orders import Decision, RefundReason, Report, Trigger
from tests.fakes.payment_orders import NOW, an_order

# What must happen: the state an order goes to, or `-` where it stays; `!` opens a refund case.
# `succeeded` is a payment the order does not know yet, `again` the one it was paid with.
EXPECTED = """
            awaited    succeeded  again  mispaid    shut    unanswered  not_opened  never_seen  given_back  partly_back
placed      submitted  paid       paid   failed!    closed  unknown     -           closed      closed      failed!
submitted   -          paid       paid   failed!    closed  unknown     -           closed      closed      failed!
unknown     submitted  paid       paid   failed!    closed  -           placed      closed      closed      failed!
paid        -          double!    -      mispaid!   -       -           -           -           -           partly_back!
failed      -          late!      -      mispaid!   -       -           -           -           -           partly_back!
closed      -          late!      -      mispaid!   -       -           -           -           -           partly_back!
refunding   -          double!    -      mispaid!   -       -           -           -           -           partly_back!
refunded    -          late!      -      mispaid!   -       -           -           -           -           partly_back!
"""
ANNOUNCED = {"paid": PaymentSucceeded, "failed": PaymentFailed, "closed": PaymentFailed}
OURS = {
    (OrderState.PAID, Trigger.REFUND_BEGUN): OrderState.REFUNDING,
    (OrderState.REFUNDING, Trigger.PARTLY_REFUNDED): OrderState.PAID,
    (OrderState.REFUNDING, Trigger.ALL_REFUNDED): OrderState.REFUNDED,
}
"""Where our own refunds lead; everywhere else they change nothing."""
OWN_TRIGGERS = {trigger for _, trigger in OURS}
WAITING = (OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN)


def cells() -> list[tuple[str, str, str]]:
    header, *rows = [line.split() for line in EXPECTED.strip().splitlines()]
    return [(row[0], trigger, cell) for row in rows for trigger, cell in zip(header, row[1:], strict=True)]


def decide(state: str, trigger: str) -> Decision:
    order = replace(an_order(), state=OrderState(state), transaction_id="transaction-1")
    again = trigger == "again"
    transaction = "transaction-1" if again else "transaction-2"
    report = Report(Trigger("succeeded" if again else trigger), "notify", transaction, NOW, order.amount)
    return domain.decide(order, report)


def test_the_table_names_every_state_and_trigger() -> None:
    assert {(state, trigger) for state, trigger, _ in cells() if trigger != "again"} == {
        (state.value, trigger.value) for state in OrderState for trigger in set(Trigger) - OWN_TRIGGERS
    }


def test_a_refund_moves_its_order_and_announces_nothing_by_that() -> None:
    own = {key: edge for key, edge in domain.EDGES.items() if key[1] in OWN_TRIGGERS}
    assert {key: edge.to for key, edge in own.items()} == OURS
    assert {edge.event for edge in own.values()} == {None}


@pytest.mark.parametrize(("state", "trigger", "expected"), cells())
def test_every_trigger_in_every_state(state: str, trigger: str, expected: str) -> None:
    decision = decide(state, trigger)
    to = decision.edge.to.value if decision.edge else "-"
    refund = decision.refund.value if decision.refund else ""
    if expected == "failed!":
        assert (to, refund) == ("failed", trigger)
    elif expected.endswith("!"):
        assert (to, refund) == ("-", expected[:-1])
    else:
        assert (to, refund) == (expected, "")


@pytest.mark.parametrize(("state", "trigger", "expected"), cells())
def test_every_end_is_announced_and_nothing_else_is(state: str, trigger: str, expected: str) -> None:
    edge = decide(state, trigger).edge
    assert (edge.event if edge else None) is (ANNOUNCED.get(edge.to.value) if edge else None)


@pytest.mark.parametrize("state", WAITING)
def test_a_first_success_needs_no_known_transaction(state: OrderState) -> None:
    report = Report(Trigger.SUCCEEDED, "query", "transaction-1", NOW, 40000)
    decision = domain.decide(an_order(state=state), report)
    assert decision == Decision(domain.EDGES[state, Trigger.SUCCEEDED])


@pytest.mark.parametrize("state", [OrderState.CLOSED, OrderState.FAILED])
def test_money_for_an_order_that_was_never_paid_is_late(state: OrderState) -> None:
    report = Report(Trigger.SUCCEEDED, "notify", "transaction-1", NOW, 40000)
    assert domain.decide(an_order(state=state), report) == Decision(None, RefundReason.LATE)


def test_only_final_states_free_the_insured_person_or_end_the_looking() -> None:
    assert set(OrderState) - domain.LIVE == {OrderState.FAILED, OrderState.CLOSED, OrderState.REFUNDED}
    assert set(WAITING) & domain.FINAL == set()
    assert {state for state in OrderState if an_order(state=state).waiting} == set(WAITING)


def test_no_edge_leaves_a_final_state() -> None:
    assert {state for state, trigger in domain.EDGES if trigger not in OWN_TRIGGERS} & domain.FINAL == set()


moments = st.integers(-3600, 72 * 3600).map(lambda seconds: NOW + dt.timedelta(seconds=seconds))


@given(state=st.sampled_from(WAITING), attempts=st.integers(0, 10**6), now=moments)
def test_every_waiting_order_is_looked_at_again_within_half_an_hour(
    state: OrderState, attempts: int, now: dt.datetime
) -> None:
    wait = domain.next_look(an_order(state=state, attempts=attempts), now) - now
    assert dt.timedelta() < wait <= dt.timedelta(minutes=30)


@given(attempts=st.integers(0, 10**6), now=moments)
def test_no_look_is_planned_across_the_end_of_the_orders_time(attempts: int, now: dt.datetime) -> None:
    order = an_order(attempts=attempts)
    end = order.expires_at + domain.EXPIRY_GRACE
    assert now >= end or domain.next_look(order, now) <= end


@given(valid_for=st.integers(60, 7200))
def test_an_order_nobody_hears_of_is_looked_at_exactly_at_its_end(valid_for: int) -> None:
    order = an_order(expires_at=NOW + dt.timedelta(seconds=valid_for))
    end, now, looks = order.expires_at + domain.EXPIRY_GRACE, NOW, []
    while now <= end:
        now = domain.next_look(order, now)
        looks.append(now)
        order = replace(order, attempts=order.attempts + 1)
    assert end in looks
    assert len(looks) < 35


def test_looks_are_soon_at_first_and_rarer_later() -> None:
    far = an_order(expires_at=NOW + dt.timedelta(days=9))
    waits = [
        (domain.next_look(replace(far, attempts=n), NOW) - NOW).total_seconds()
        for n in (0, 1, 4, 5, 12, 13, 99)
    ]
    assert waits == [30, 60, 300, 300, 300, 600, 1800]


@pytest.mark.parametrize(("seconds", "overdue"), [(-1, False), (0, True), (1, True)])
def test_an_order_is_overdue_only_after_the_grace(seconds: int, overdue: bool) -> None:
    order = an_order()
    now = order.expires_at + domain.EXPIRY_GRACE + dt.timedelta(seconds=seconds)
    assert domain.overdue(order, now) is overdue


@pytest.mark.parametrize("code", sorted(failures.FAILURES))
def test_every_failure_says_where_the_money_is_and_what_to_do(code: str) -> None:
    failure = failures.failure(code)
    taken = code in ("mispaid", "given_back", "partly_back")
    assert ("没有扣款" in failure.reason) is not taken
    assert ("原路退回" in failure.reason) is taken
    assert "重新进入“社保费缴费”" in failure.advice


@pytest.mark.parametrize("code", [None, "", "something UnionPay invents"])
def test_an_unknown_cause_sends_the_person_to_12366(code: str | None) -> None:
    assert "12366" in failures.failure(code).advice
