"""What people do about the breaks that reconciliation found, on PostgreSQL and on SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.payment import OrderState
from contract.reconciliation import (
    ActionUnanswered,
    ActionUnfit,
    AssignBreak,
    BreakAction,
    BreakClosed,
    BreakKind,
    BreakNotFound,
    BreakState,
    CloseBreak,
    DayNotOver,
    ExplanationMissing,
    ListBreaks,
    RunReconciliation,
)
from services.payment.domain.orders import Report, Trigger
from services.payment.reconciliation import handling
from services.payment.usecases import refunding
from tests.fakes.payment_orders import an_order
from tests.fakes.payment_parties import recorded, settled
from tests.integration.payment.office import DAY, NEXT, NOON, Office


def test_what_an_operator_closed_stays_closed(office: Office) -> None:
    office.paid()
    office.parties.recorded.pop(DAY)
    office.reconcile()
    closed = handling.close_break(CloseBreak(office.the_break().break_id, "li.na", "次日补入"), office.desk)
    assert (closed.state, closed.reason, closed.actions) == (BreakState.CLOSED, "次日补入", ())
    office.reconcile()
    assert office.breaks() == []
    with pytest.raises(BreakClosed):
        handling.close_break(CloseBreak(closed.break_id, "li.na", "再次"), office.desk)


class TestActions:
    """What fits a kind is done by a use case and put on record."""

    def test_an_order_unionpay_was_paid_for_becomes_paid(self, office: Office) -> None:
        order = office.placed()
        office.parties.settled[DAY] = [settled(order, reference="T-1")]
        office.reconcile()
        office.unionpay.queried = Report(Trigger.SUCCEEDED, "query", "T-1", NOON, order.amount)
        done = office.resolve(office.the_break(), BreakAction.ASK_UNIONPAY)
        assert (done.state, done.our_state) == (BreakState.RESOLVED, "已下单")
        assert done.outcome == "银联答复：已支付（交易号T-1）；我方订单已支付"
        office.parties.recorded[DAY] = list(recorded(order))
        office.reconcile()
        assert office.breaks() == [], "the next run agrees"
        assert office.history(done.break_id) == [("", "opened"), ("li.na", "resolved"), ("", "closed")]

    def test_a_late_success_opens_a_refund_case(self, office: Office) -> None:
        order = office.placed(state=OrderState.CLOSED, next_action_at=None)
        office.parties.settled[DAY] = [settled(order, reference="T-1")]
        office.reconcile()
        office.unionpay.queried = Report(Trigger.SUCCEEDED, "query", "T-1", NOON, order.amount)
        done = office.resolve(office.the_break(), BreakAction.ASK_UNIONPAY)
        assert done.outcome.endswith("我方订单已关闭，已立退费单")
        office.reconcile()
        assert office.breaks() == [], "what goes back is no break"

    def test_without_an_answer_nothing_changes(self, office: Office) -> None:
        order = office.placed()
        office.parties.settled[DAY] = [settled(order)]
        office.reconcile()
        office.unionpay.queried = Report(Trigger.UNANSWERED, "query")
        with pytest.raises(ActionUnanswered):
            office.resolve(office.the_break(), BreakAction.ASK_UNIONPAY)
        assert office.the_break().state is BreakState.OPEN

    def test_an_order_unionpay_does_not_know_stays_paid(self, office: Office) -> None:
        office.paid(known=False)
        office.parties.recorded[DAY] = []
        office.reconcile()
        (missing,) = office.breaks(kind=BreakKind.MISSING_WITH_UNIONPAY)
        office.unionpay.queried = None
        done = office.resolve(missing, BreakAction.ASK_UNIONPAY)
        assert done.outcome == "银联答复：没有这笔订单；我方订单已支付"

    def test_what_was_taken_too_much_becomes_a_refund_case_once(self, office: Office) -> None:
        order = office.paid()
        office.parties.settled[DAY] = [settled(order, amount=order.amount + 100)]
        office.reconcile()
        done = office.resolve(office.the_break(), BreakAction.OPEN_REFUND_CASE)
        assert done.outcome == "已立退费单，金额1.00元"
        with office.desk.database.read() as connection:
            known = office.desk.books.known(connection, [order.mer_order_id])
        assert known[order.mer_order_id].cases == {(order.transaction_id, 100)}
        (begun,) = refunding.claim_due(office.wiring, 10)
        assert (begun.amount, begun.case) == (100, handling.RefundReason.MISPAID)

    def test_what_was_taken_too_little_is_no_refund(self, office: Office) -> None:
        order = office.paid()
        office.parties.settled[DAY] = [settled(order, amount=order.amount - 100)]
        office.reconcile()
        with pytest.raises(ActionUnfit, match="银联没有多收款项"):
            office.resolve(office.the_break(), BreakAction.OPEN_REFUND_CASE)

    def test_an_action_must_fit_and_be_explained(self, office: Office) -> None:
        office.paid()
        office.parties.recorded.pop(DAY)
        office.reconcile()
        one = office.the_break()
        with pytest.raises(ActionUnfit):
            office.resolve(one, BreakAction.OPEN_REFUND_CASE)
        with pytest.raises(ExplanationMissing):
            office.resolve(one, BreakAction.HAND_OVER, "  ")
        done = office.resolve(one, BreakAction.HAND_OVER, "已发征收科")
        assert (done.state, done.outcome) == (BreakState.RESOLVED, "已发征收科")
        with pytest.raises(BreakClosed):
            office.resolve(done, BreakAction.HAND_OVER, "再发")
        office.reconcile()
        assert office.the_break().state is BreakState.RESOLVED, "done about, and still there"

    def test_a_stranger_cannot_be_asked_about(self, office: Office) -> None:
        nobodys = replace(an_order(), mer_order_id="3194" + "9" * 23, paid_at=NOON)
        office.parties.settled[DAY] = [settled(nobodys)]
        office.reconcile()
        with pytest.raises(ActionUnfit, match="移交银联核实"):
            office.resolve(office.the_break(), BreakAction.ASK_UNIONPAY)

    def test_a_break_is_given_to_somebody(self, office: Office) -> None:
        office.paid(known=False)
        office.reconcile()
        first = office.breaks()[0]
        given = handling.assign_break(AssignBreak(first.break_id, "zhao.lei", "li.na"), office.desk)
        assert (given.state, given.owner) == (BreakState.ASSIGNED, "li.na")
        assert [one.break_id for one in office.breaks(owner="li.na")] == [first.break_id]
        with pytest.raises(ExplanationMissing):
            handling.assign_break(AssignBreak(first.break_id, "zhao.lei", " "), office.desk)
        with pytest.raises(BreakNotFound):
            handling.assign_break(AssignBreak(0, "zhao.lei", "li.na"), office.desk)

    def test_today_cannot_be_reconciled(self, office: Office) -> None:
        with pytest.raises(DayNotOver):
            handling.run_reconciliation(RunReconciliation(NEXT, "li.na"), office.desk)
        with pytest.raises(ExplanationMissing):
            handling.run_reconciliation(RunReconciliation(DAY, ""), office.desk)
        assert (
            handling.run_reconciliation(RunReconciliation(DAY, "li.na"), office.desk).requested_by == "li.na"
        )


def test_breaks_come_by_pages(office: Office) -> None:
    for _ in range(5):
        office.paid(known=False)
    office.parties.recorded[DAY] = []
    office.reconcile()
    first = handling.list_breaks(ListBreaks(kind=BreakKind.MISSING_WITH_CORE, limit=3), office.desk)
    wanted = ListBreaks(kind=BreakKind.MISSING_WITH_CORE, limit=3, after=first.breaks[-1].break_id)
    second = handling.list_breaks(wanted, office.desk)
    assert (len(first.breaks), len(second.breaks), first.total, second.total) == (3, 2, 5, 5)
