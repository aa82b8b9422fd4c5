"""Refunds by each route: given back once, and never said to be done without UnionPay's word."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from services.payment.adapters.unionpay import Netpay
from services.payment.domain.orders import Trigger
from services.payment.domain.refunds import RefundReport, RefundStatus
from tests.contract.adapters.sandbox_process import RunningSandbox
from tests.contract.adapters.unionpay_orders import FAULTS, new_order, pay, reach, refund_of
from tests.fakes.payment_orders import a_refund


def refunded(sandbox: RunningSandbox, mer_order_id: str) -> int:
    return int(sandbox.order(mer_order_id)["refunded"])


def test_a_paid_order_is_given_back(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order)
    report = unionpay.refund(order, refund)
    assert (report.status, report.amount) == (RefundStatus.SUCCEEDED, 40000)
    assert report.transaction_id
    assert unionpay.query_refund(order, refund) == report
    assert refunded(sandbox, order.mer_order_id) == 40000


def test_the_same_refund_again_is_the_earlier_one(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order, amount=10000)
    assert unionpay.refund(order, refund) == unionpay.refund(order, refund)
    assert refunded(sandbox, order.mer_order_id) == 10000


def test_the_same_number_with_another_amount_is_noticed(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order, amount=10000)
    unionpay.refund(order, refund)
    report = unionpay.refund(order, replace(refund, amount=20000))
    assert (report.status, report.amount) == (RefundStatus.OTHER_AMOUNT, 10000)


def test_parts_are_given_back_until_nothing_is_left(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    for amount in (30000, 10000):
        assert unionpay.refund(order, refund_of(order, amount=amount)).status is RefundStatus.SUCCEEDED
    assert unionpay.refund(order, refund_of(order, amount=1)) == RefundReport(RefundStatus.REFUSED)
    assert refunded(sandbox, order.mer_order_id) == 40000


def test_what_was_not_paid_is_not_given_back(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order()
    assert unionpay.refund(order, refund_of(order)) == RefundReport(RefundStatus.REFUSED), "never seen"
    reach(unionpay, order)
    assert unionpay.refund(order, refund_of(order)) == RefundReport(RefundStatus.REFUSED)


def test_a_refund_unionpay_never_saw(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order)
    assert unionpay.query_refund(order, refund) is None
    other = pay(sandbox, unionpay)
    unionpay.refund(other, refund)
    assert unionpay.query_refund(order, refund) is None, "it is another order's"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PROCESSING", RefundStatus.PROCESSING),
        ("UNKNOWN", RefundStatus.UNANSWERED),
        ("FAIL", RefundStatus.FAILED),
    ],
)
def test_the_word_of_unionpay_is_kept(
    sandbox: RunningSandbox, unionpay: Netpay, word: str, status: RefundStatus
) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order)
    sandbox.misbehave(order.mer_order_id, unionpay={"refund_status": word})
    assert unionpay.refund(order, refund).status is status
    asked = unionpay.query_refund(order, refund)
    assert asked
    assert asked.status is status


@pytest.mark.parametrize(("ends", "status", "left"), [("SUCCESS", "succeeded", 0), ("FAIL", "failed", 40000)])
def test_a_refund_in_progress_comes_to_an_end(
    sandbox: RunningSandbox, unionpay: Netpay, ends: str, status: str, left: int
) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order)
    slow = {"refund_status": "PROCESSING", "refund_delay_seconds": 0.2, "refund_ends": ends}
    sandbox.misbehave(order.mer_order_id, unionpay=slow)
    assert unionpay.refund(order, refund).status is RefundStatus.PROCESSING
    time.sleep(0.25)
    report = unionpay.query_refund(order, refund)
    assert report
    assert report.status.value == status
    assert refunded(sandbox, order.mer_order_id) == 40000 - left


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_answer_is_no_refund_and_asking_again_is_safe(
    sandbox: RunningSandbox, unionpay: Netpay, fault: str
) -> None:
    order = pay(sandbox, unionpay)
    refund = refund_of(order)
    sandbox.misbehave(order.mer_order_id, unionpay=FAULTS[fault])
    assert unionpay.refund(order, refund) == RefundReport(RefundStatus.UNANSWERED)
    asked = unionpay.query_refund(order, refund)
    assert asked == RefundReport(RefundStatus.UNANSWERED)
    sandbox.misbehave(order.mer_order_id, unionpay=dict.fromkeys(FAULTS[fault], 0.0))
    done = fault == "late answer"
    assert (unionpay.query_refund(order, refund) is not None) is done
    assert unionpay.refund(order, refund).status is RefundStatus.SUCCEEDED
    assert refunded(sandbox, order.mer_order_id) == 40000, "given back once"


def test_a_refund_belongs_to_the_merchant_that_was_paid(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay, mid="898450100000001", tid="45010001")
    elsewhere = replace(order, mid="898450200000002", tid="45020001")
    assert unionpay.refund(elsewhere, refund_of(order)) == RefundReport(RefundStatus.REFUSED)
    assert unionpay.refund(order, refund_of(order)).status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("number", ["319412", "3194" + "1" * 24])
def test_a_number_unionpay_does_not_take_is_refused_here(number: str) -> None:
    with pytest.raises(ValueError):
        a_refund(refund_order_id=number)


def test_a_refund_of_nothing_is_refused_here() -> None:
    with pytest.raises(ValueError):
        a_refund(amount=0)


def test_a_number_of_another_source_is_refused_here(unionpay: Netpay) -> None:
    with pytest.raises(ValueError):
        unionpay.refund(new_order(), a_refund(refund_order_id="9999123456789"))


def test_only_the_payment_that_is_meant_is_given_back(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = pay(sandbox, unionpay)
    assert (
        unionpay.refund(order, refund_of(order, transaction_id="4200-another")).status is RefundStatus.REFUSED
    )
    assert refunded(sandbox, order.mer_order_id) == 0


def test_after_a_part_went_back_unionpay_says_so_of_the_order(
    sandbox: RunningSandbox, unionpay: Netpay
) -> None:
    order = pay(sandbox, unionpay)
    unionpay.refund(order, refund_of(order, amount=10000))
    partly = unionpay.query(order)
    assert partly
    assert (partly.trigger, partly.transaction_id, partly.amount) == (
        Trigger.PARTLY_BACK,
        order.transaction_id,
        40000,
    )
    unionpay.refund(order, refund_of(order, amount=30000))
    wholly = unionpay.query(order)
    assert wholly
    assert (wholly.trigger, wholly.failure_code) == (Trigger.GIVEN_BACK, "given_back")
