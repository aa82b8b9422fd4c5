"""Reconciliation on PostgreSQL and on SQLite: what runs find, close and leave."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from contract.reconciliation import BreakKind, BreakState, Party, RunState
from contract.refunds import RequestRefund
from kit.clock import CHINA
from services.payment.domain.orders import Report, Trigger
from services.payment.domain.refunds import RefundReport, RefundStatus
from services.payment.reconciliation import handling, running
from services.payment.reconciliation.entries import Malformed
from services.payment.usecases import refunding
from tests.fakes.payment_orders import OPERATOR, an_order
from tests.fakes.payment_parties import reconcile, recorded, scratch, settled
from tests.integration.payment.office import DAY, LATE, NEXT, NOON, Office


def test_what_agrees_is_no_break(office: Office) -> None:
    for _ in range(3):
        office.paid()
    office.paid(dt.datetime.combine(NEXT, dt.time(0), CHINA))
    assert office.reconcile() == 1
    assert office.breaks() == []
    run = office.last_run()
    assert (run.state, run.ours, run.unionpay, run.core, run.found) == (RunState.DONE, 3, 3, 3, 0)


def test_each_kind_is_found_once_and_again_as_the_same(office: Office) -> None:
    nobodys = replace(an_order(), mer_order_id="3194" + "9" * 23, paid_at=NOON)
    lost, gone, other, void, late, strange, twice = (
        office.paid(known=False, at=LATE if n == 4 else NOON) for n in range(7)
    )
    unpaid = office.placed()
    for order in (lost, other, void, strange, twice):
        office.parties.take(order)
    settled_, recorded_ = office.parties.settled[DAY], office.parties.recorded[DAY]
    assert settled_ is not None and recorded_ is not None
    recorded_[:] = [r for r in recorded_ if r.number != lost.mer_order_id]  # type: ignore[union-attr]
    recorded_ += recorded(gone)
    settled_[1] = settled(other, amount=other.amount + 100)
    recorded_[1] = recorded(void, state="2")[0]
    settled_[3] = settled(strange, mid="898000000000009")
    recorded_ += recorded(late)
    settled_ += [settled(twice, reference="again"), settled(nobodys), settled(unpaid)]
    office.reconcile()
    expected = {
        (BreakKind.MISSING_WITH_CORE, Party.CORE, lost.mer_order_id),
        (BreakKind.MISSING_WITH_UNIONPAY, Party.UNIONPAY, gone.mer_order_id),
        (BreakKind.AMOUNT, Party.UNIONPAY, other.mer_order_id),
        (BreakKind.STATE, Party.CORE, void.mer_order_id),
        (BreakKind.DATE_CUT, Party.UNIONPAY, late.mer_order_id),
        (BreakKind.UNKNOWN_MERCHANT, Party.UNIONPAY, strange.mer_order_id),
        (BreakKind.DUPLICATE, Party.UNIONPAY, twice.mer_order_id),
        (BreakKind.MISSING_WITH_US, Party.UNIONPAY, nobodys.mer_order_id),
        (BreakKind.MISSING_WITH_US, Party.UNIONPAY, unpaid.mer_order_id),
    }
    assert len(office.breaks()) == len(expected)
    assert set(office.kinds()) == expected
    before = office.breaks()
    office.reconcile()
    assert office.breaks() == before
    assert (office.last_run().new, office.last_run().closed) == (0, 0)


def test_what_comes_with_the_next_days_file_closes_the_date_cut(office: Office) -> None:
    late = office.paid(LATE, known=False)
    office.reconcile()
    cut = office.breaks()
    assert {(one.kind, one.party) for one in cut} == {
        (BreakKind.DATE_CUT, Party.UNIONPAY), (BreakKind.DATE_CUT, Party.CORE),
    }  # fmt: skip
    office.clock.advance(days=1)
    office.parties.settled[NEXT] = [settled(late)]
    office.parties.recorded[NEXT] = list(recorded(late))
    office.reconcile(NEXT)
    assert office.breaks() == []
    for one in office.breaks(state=BreakState.CLOSED):
        assert "已在2026-11-23的账单中对上" in one.reason
        assert office.history(one.break_id) == [("", "opened"), ("", "closed")]
    office.reconcile(DAY)
    office.reconcile(NEXT)
    assert office.breaks() == [], "done again, both days agree"


def test_a_date_cut_that_does_not_come_is_missing(office: Office) -> None:
    late = office.paid(LATE, known=False)
    office.parties.recorded[DAY] = list(recorded(late))
    office.reconcile()
    office.clock.advance(days=1)
    assert running.ask_for_days(office.desk) == [DAY, NEXT], "yesterday, and a day with open breaks again"
    running.run_due(office.desk, scratch)
    reconcile(office.desk, DAY)
    assert office.kinds() == [(BreakKind.MISSING_WITH_UNIONPAY, Party.UNIONPAY, late.mer_order_id)]


def test_a_day_done_before_its_own_is_not_missed_by_it(office: Office) -> None:
    late = office.paid(LATE, known=False)
    office.parties.settled[NEXT], office.parties.recorded[NEXT] = [settled(late)], list(recorded(late))
    office.clock.advance(days=1)
    office.reconcile(NEXT)
    office.reconcile(DAY)
    assert office.breaks() == []


def test_what_its_own_day_had_already_is_a_duplicate_on_another(office: Office) -> None:
    order = office.paid()
    office.reconcile()
    office.clock.advance(days=1)
    office.parties.settled[NEXT] = [settled(order)]
    office.reconcile(NEXT)
    assert office.kinds() == [(BreakKind.DUPLICATE, Party.UNIONPAY, order.mer_order_id)]


def test_a_break_that_is_none_any_more_closes_itself_and_comes_back(office: Office) -> None:
    order = office.paid()
    records = office.parties.recorded.pop(DAY)
    office.reconcile()
    one = office.the_break()
    office.parties.recorded[DAY] = records
    office.reconcile()
    assert office.breaks() == []
    assert "已相符，自动关闭" in office.the_break(state=BreakState.CLOSED).reason
    office.parties.recorded[DAY] = []
    office.reconcile()
    assert office.kinds() == [(BreakKind.MISSING_WITH_CORE, Party.CORE, order.mer_order_id)]
    assert [what for _, what in office.history(one.break_id)] == ["opened", "closed", "reopened"]


@pytest.mark.parametrize("side", ["settled", "recorded"])
def test_a_file_that_is_not_there_is_waited_for_and_nothing_is_stored(office: Office, side: str) -> None:
    office.paid()
    days = getattr(office.parties, side)
    whole, days[DAY] = days[DAY], None
    assert office.reconcile() == 0
    run = office.last_run()
    assert (run.state, office.breaks()) == (RunState.WAITING, [])
    assert "账单尚未生成" in run.reason
    days[DAY] = whole
    office.clock.advance(minutes=4)
    assert running.run_due(office.desk, scratch) == 0, "not yet"
    office.clock.advance(minutes=1)
    assert running.run_due(office.desk, scratch) == 1
    assert office.last_run().state is RunState.DONE


def test_lines_nobody_can_read_are_named_and_the_others_compared(office: Office) -> None:
    office.paid()
    office.parties.settled[DAY] += [Malformed(3, "金额格式不符")]  # type: ignore[operator]
    office.reconcile()
    assert office.breaks() == []
    (problem,) = office.last_run().problems
    assert problem.endswith("第3行：金额格式不符")


def test_too_many_lines_nobody_can_read_are_no_file(office: Office) -> None:
    office.parties.settled[DAY] = [Malformed(n, "列数不足") for n in range(running.MOST_PROBLEMS + 1)]
    assert office.reconcile() == 0
    assert "行无法读取" in office.last_run().reason


def test_too_many_breaks_are_no_breaks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_BREAKS", 2)
    for _ in range(3):
        office.paid(known=False)
    assert office.reconcile() == 0
    assert (office.breaks(), office.last_run().state) == ([], RunState.WAITING)
    assert "请先核对当日账单是否完整" in office.last_run().reason


def test_a_run_is_taken_up_once_and_again_when_its_process_died(office: Office) -> None:
    with office.desk.database.transaction() as tx:
        asked = office.desk.runs.ask(tx, DAY, "li.na", office.clock.now())
        assert office.desk.runs.ask(tx, DAY, "zhao.lei", office.clock.now()) == asked, "it waits already"
    run, attempt = running._claim(office.desk) or pytest.fail("it is due")
    assert running._claim(office.desk) is None
    office.clock.advance(minutes=6)
    again, second = running._claim(office.desk) or pytest.fail("its lease is over")
    assert (again.run_id, second) == (run.run_id, attempt + 1)
    with scratch() as folder, pytest.raises(running.TakenOver):
        running.Reconciliation(run, attempt, office.desk).reconcile(Path(folder))
    assert office.last_run().state is RunState.RUNNING


def test_money_that_is_a_refund_case_is_no_break(office: Office) -> None:
    order = office.paid()
    second = settled(order, reference="T-second")
    report = Report(Trigger.SUCCEEDED, "notify", "T-second", NOON, order.amount)
    with office.desk.database.transaction() as tx:
        office.wiring.orders.open_refund_case(tx, order, handling.RefundReason.DOUBLE, report, NOON)
    office.parties.settled[DAY] += [second]  # type: ignore[operator]
    office.reconcile()
    assert office.breaks() == []


def test_refunds_are_compared_with_their_lines(office: Office) -> None:
    order = office.paid()
    office.reconcile()
    request = RequestRefund(OPERATOR, order.order_id, "重复缴费", "refund-1")
    asked = refunding.request_refund(request, office.wiring)
    office.unionpay.refunded = RefundReport(RefundStatus.SUCCEEDED, "R-1", order.amount)
    (due,) = refunding.claim_due(office.wiring, 10)
    refunding.look_at(due, office.wiring)
    office.clock.advance(days=1)
    assert office.reconcile(NEXT) == 1
    assert set(office.kinds(day=NEXT)) == {
        (BreakKind.MISSING_WITH_UNIONPAY, Party.UNIONPAY, order.mer_order_id),
        (BreakKind.STATE, Party.CORE, order.mer_order_id),
    }
    back = settled(
        order, movement="refund", item=due.refund_order_id, reference="R-1", at="2026-11-23 08:00:00"
    )
    office.parties.settled[NEXT] = [back]
    office.parties.recorded[NEXT] = list(recorded(order, movement="void", state="2"))
    office.reconcile(NEXT)
    assert (asked.amount, office.breaks(day=NEXT)) == (order.amount, [])
    assert office.last_run().ours == 1
    office.parties.recorded[DAY] = list(recorded(order, state="2"))
    office.reconcile(DAY)
    assert office.breaks() == [], "its own day, done again: voided and given back"


class TestTimer:
    """Yesterday by itself, and what was missed."""

    def test_it_waits_for_its_hour_and_asks_once(self, office: Office) -> None:
        office.paid()
        office.clock.advance(hours=-3)
        assert running.ask_for_days(office.desk) == []
        office.clock.advance(hours=3)
        assert running.ask_for_days(office.desk) == [DAY]
        assert running.anything_due(office.desk)
        assert running.ask_for_days(office.desk) == []

    def test_days_missed_are_caught_up(self, office: Office) -> None:
        office.paid()
        office.clock.advance(days=3)
        assert running.ask_for_days(office.desk) == [DAY + dt.timedelta(days=n) for n in range(4)]

    def test_before_the_first_payment_there_is_nothing_to_do(self, office: Office) -> None:
        assert running.ask_for_days(office.desk) == []
        office.placed()
        office.paid(office.clock.now())
        assert running.ask_for_days(office.desk) == []
