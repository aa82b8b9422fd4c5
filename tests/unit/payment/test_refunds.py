"""The graph of a refund's states, which lines it gives back, and that it never gives back more than was paid."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ContractError
from contract.insurance import InsuranceType
from contract.refunds import PartNotFound, PartRefunded, PaymentRefunded, RefundPart, RefundState
from services.payment.domain import refunds
from services.payment.domain.orders import ItemRefund, RefundReason
from services.payment.domain.refunds import REFUND_EDGES, RefundStatus
from services.payment.usecases import refunding
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    a_back_payment,
    a_quote,
    a_refund,
    an_item,
    an_order,
    asking_back,
    part_of,
)
from tests.fakes.payment_service import make_payment
from tests.fakes.payment_unionpay import DONE

EXPECTED = """
            succeeded  other_amount  processing  failed  refused  unanswered  retried
requested   refunded   failed        submitted   failed  failed   unknown     -
submitted   refunded   failed        -           failed  failed   unknown     -
unknown     refunded   failed        submitted   failed  failed   -           -
refunded    -          -             -           -       -        -           -
failed      -          -             -           -       -        -           requested
"""
OPEN = (RefundState.REQUESTED, RefundState.SUBMITTED, RefundState.UNKNOWN)
CHILD = a_quote(
    quote_id="quote-child", person_number="4501030090000002", insured=replace(INSURED, name="覃子轩")
)
BACK = an_item(a_back_payment())


def cells() -> list[tuple[str, str, str]]:
    header, *rows = [line.split() for line in EXPECTED.strip().splitlines()]
    return [(row[0], status, cell) for row in rows for status, cell in zip(header, row[1:], strict=True)]


def test_the_table_names_every_state_and_status() -> None:
    assert {(state, status) for state, status, _ in cells()} == {
        (state.value, status.value) for state in RefundState for status in RefundStatus
    }


@pytest.mark.parametrize(("state", "status", "expected"), cells())
def test_every_status_in_every_state(state: str, status: str, expected: str) -> None:
    edge = REFUND_EDGES.get((RefundState(state), RefundStatus(status)))
    assert (edge.to.value if edge else "-") == expected
    assert (edge.event if edge else None) is (PaymentRefunded if expected == "refunded" else None)


@given(state=st.sampled_from(OPEN), attempts=st.integers(0, 10**6))
def test_every_refund_under_way_is_looked_at_within_half_an_hour(state: RefundState, attempts: int) -> None:
    look = refunds.next_look(a_refund(state=state, attempts=attempts), NOW)
    assert look is not None
    assert dt.timedelta() < look - NOW <= dt.timedelta(minutes=30)


def test_a_failed_refund_is_remembered_daily_and_a_done_one_is_over() -> None:
    assert refunds.next_look(a_refund(state=RefundState.FAILED), NOW) == NOW + dt.timedelta(days=1)
    assert refunds.next_look(a_refund(state=RefundState.REFUNDED), NOW) is None


@pytest.mark.parametrize(
    ("failure", "another"),
    [(RefundStatus.FAILED, True), (RefundStatus.REFUSED, True), (RefundStatus.OTHER_AMOUNT, False)],
)
def test_only_a_dead_number_is_replaced_by_another(failure: RefundStatus, another: bool) -> None:
    """Where money may have moved under the old number, a new one could move it twice."""
    failed = a_refund(state=RefundState.FAILED, failure=failure.value)
    again = refunds.retried(failed, "319420261123100500000111111", NOW)
    assert (again.refund_order_id != failed.refund_order_id) is another
    assert (again.state, again.failure, again.next_action_at) == (RefundState.REQUESTED, None, NOW)
    assert not again.asked_before


def test_without_parts_all_that_no_refund_has_goes_back() -> None:
    order = an_order(an_item(), replace(BACK, refunds=(ItemRefund("refund-0", (0, 1), NOW),)))
    lines = refunds.chosen(order, ())
    assert lines == ((0, 0), *((1, place) for place in range(2, 13)))
    assert refunds.amount_of(order, lines) == 40000 + 11 * 20000


def test_a_part_is_an_item_or_some_of_its_years() -> None:
    order = an_order(an_item(), BACK)
    assert refunds.chosen(order, [part_of(BACK, 2012, 2011)]) == ((1, 0), (1, 1))
    assert len(refunds.chosen(order, [part_of(BACK)])) == 13
    assert refunds.chosen(order, [part_of(order.items[0]), part_of(order.items[0])]) == ((0, 0),)


@pytest.mark.parametrize(
    "part",
    [RefundPart("4501030099999999", InsuranceType.MEDICAL), part_of(an_item(), 2025), part_of(an_item(), 2026, 2025),
     RefundPart(an_item().person_number, InsuranceType.PENSION)],
)  # fmt: skip
def test_what_the_order_does_not_pay_for_is_not_given_back(part: RefundPart) -> None:
    with pytest.raises(PartNotFound):
        refunds.chosen(an_order(), [part])


def test_a_line_that_is_in_a_refund_is_not_chosen_again() -> None:
    order = an_order(replace(an_item(), refunds=(ItemRefund("refund-0", (0,), NOW),)))
    for parts in ([], [part_of(an_item())], [part_of(an_item(), 2026)]):
        with pytest.raises(PartRefunded):
            refunds.chosen(order, parts)


def test_every_failure_and_every_case_has_its_words() -> None:
    failing = {status for (_, status), edge in REFUND_EDGES.items() if edge.to is RefundState.FAILED}
    assert set(refunds.FAILURES) == failing
    assert set(refunds.CASE_REASONS) == set(RefundReason)


PARTS = st.lists(
    st.one_of(
        st.builds(lambda years: part_of(BACK, *years), st.sets(st.integers(2010, 2024), max_size=4)),
        st.sampled_from([part_of(an_item()), part_of(an_item(), 2026), part_of(an_item(CHILD))]),
    ),
    max_size=3,
)


@given(requests=st.lists(st.tuples(PARTS, st.sampled_from(list(RefundStatus))), max_size=8))
def test_whatever_is_asked_for_no_line_goes_back_twice_and_never_more_than_was_paid(
    requests: list[tuple[list[RefundPart], RefundStatus]],
) -> None:
    payment = make_payment()
    order = payment.paid(
        a_quote(), replace(CHILD, insured=replace(INSURED, document_number="1")), a_back_payment()
    )
    for number, (parts, status) in enumerate(requests):
        payment.unionpay.refunded = replace(DONE, status=status)
        try:
            request = asking_back(order, *parts, key=f"key-{number}")
            refunding.request_refund(request, payment.wiring)
        except ContractError:
            continue
        payment.look_at_refunds()
    given_back = list(payment.storage.given_back.values())
    lines = [line for refund in given_back for line in refund.lines]
    assert len(lines) == len(set(lines))
    assert all(refund.amount == refunds.amount_of(order, refund.lines) for refund in given_back)
    assert sum(refund.amount for refund in given_back) <= order.amount
    told = [event for event in payment.events if isinstance(event, PaymentRefunded)]
    done = [refund for refund in given_back if refund.state is RefundState.REFUNDED]
    assert sum(e.contribution.amount for e in told) == sum(refund.amount for refund in done)
