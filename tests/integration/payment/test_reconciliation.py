"""Reconciliation on PostgreSQL and on SQLite: what runs find, close and leave, and what people do about it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
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
    BreakView,
    CloseBreak,
    DayNotOver,
    ExplanationMissing,
    ListBreaks,
    ListRuns,
    Party,
    ResolveBreak,
    RunReconciliation,
    RunState,
)
from contract.refunds import RequestRefund
from kit.clock import CHINA, SetClock
from kit.crypto import KeyRing
from kit.database import Database
from kit.outbox import Outbox
from services.payment.domain.orders import EDGES, Order, Report, Trigger
from services.payment.domain.refunds import RefundReport, RefundStatus
from services.payment.models import outbox
from services.payment.reconciliation import handling, measures, running
from services.payment.reconciliation.entries import Malformed
from services.payment.reconciliation.report import html_report
from services.payment.reconciliation.running import Desk
from services.payment.reconciliation.spreadsheet import write_spreadsheet
from services.payment.reconciliation.summary import summarise
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.usecases import refunding
from services.payment.usecases.wiring import Wiring
from tests.fakes.payment_orders import (
    INSURED,
    OPERATOR,
    PAYER,
    QUOTE_KEYS,
    a_quote,
    an_item,
    an_order,
    settings,
)
from tests.fakes.payment_parties import FakeParties, make_desk, reconcile, recorded, scratch, settled
from tests.fakes.payment_storage import FakeOrderStorage
from tests.fakes.payment_unionpay import FakeUnionPay
from tests.integration.databases import upgrade

DAY = dt.date(2026, 11, 22)
NEXT = DAY + dt.timedelta(days=1)
NOON = dt.datetime.combine(DAY, dt.time(12), CHINA)
LATE = dt.datetime.combine(DAY, dt.time(23, 59, 30), CHINA)
_numbers = itertools.count(1)


@dataclass
class Office:
    """Payment with its database, what the parties say, and who works on breaks."""

    desk: Desk
    wiring: Wiring
    parties: FakeParties
    unionpay: FakeUnionPay
    clock: SetClock

    def placed(self, **changed: Any) -> Order:
        n = next(_numbers)
        item = an_item(a_quote(quote_id=f"quote-{n}", year=3000 + n, person_number=f"450103009{n:07d}"))
        order = an_order(
            item, order_id=f"order-{n}", mer_order_id=f"3194{n:023d}", idempotency_key=f"key-{n}", **changed
        )
        with self.desk.database.transaction() as tx:
            self.wiring.orders.add(tx, order)
        return order

    def paid(self, at: dt.datetime = NOON, known: bool = True, **changed: Any) -> Order:
        """A paid order; both parties have it, unless they do not know it."""
        order = self.placed(**changed)
        report = Report(Trigger.SUCCEEDED, "notify", f"T-{order.order_id}", at, order.amount)
        with self.desk.database.transaction() as tx:
            self.wiring.orders.move(tx, order, EDGES[order.state, Trigger.SUCCEEDED], report, None)
        order = replace(order, state=OrderState.PAID, paid_at=at, transaction_id=report.transaction_id)
        if known:
            self.parties.take(order)
        return order

    def reconcile(self, day: dt.date = DAY) -> int:
        return reconcile(self.desk, day)

    def breaks(self, **wanted: Any) -> list[BreakView]:
        return list(handling.list_breaks(ListBreaks(**wanted), self.desk).breaks)

    def kinds(self, **wanted: Any) -> list[tuple[BreakKind, Party, str]]:
        return [(one.kind, one.party, one.order_number) for one in self.breaks(**wanted)]

    def the_break(self, **wanted: Any) -> BreakView:
        (one,) = self.breaks(**wanted)
        return one

    def history(self, break_id: int) -> list[tuple[str, str]]:
        with self.desk.database.read() as connection:
            return [(line.operator, line.what) for line in self.desk.breaks.history(connection, break_id)]

    def resolve(self, one: BreakView, action: BreakAction, note: str = "") -> BreakView:
        return handling.resolve_break(
            ResolveBreak(one.break_id, "li.na", action, note), self.desk, self.wiring
        )

    def last_run(self) -> Any:
        return handling.list_runs(ListRuns(1), self.desk).runs[0]


@pytest.fixture(params=["postgresql", "sqlite"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "postgresql":
        yield an_office(request.getfixturevalue("database"))
        return
    database = Database(f"sqlite:///{tmp_path}/payment.sqlite3")
    upgrade("payment", database)
    yield an_office(database)
    database.engine.dispose()


def an_office(database: Database) -> Office:
    config, parties = settings(), FakeParties()
    clock = SetClock(dt.datetime.combine(NEXT, dt.time(8), CHINA))
    unionpay = FakeUnionPay(config, FakeOrderStorage())
    events, seal = Outbox(outbox, "payment"), KeyRing.parse(QUOTE_KEYS)
    wiring = Wiring(
        database, OrderStorage(), RefundStorage(), ExternalStorage(), unionpay, events, seal, clock, config
    )
    return Office(make_desk(database, parties, unionpay, clock), wiring, parties, unionpay, clock)


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


class TestActions:
    """What fits a kind is done by a use case and put on record."""

    def test_an_order_unionpay_was_paid_for_becomes_paid(self, office: Office) -> None:
        order = office.placed()
        office.parties.settled[DAY] = [settled(order, reference="T-1")]
        office.reconcile()
        office.unionpay.queried = Report(Trigger.SUCCEEDED, "query", "T-1", NOON, order.amount)
        done = office.resolve(office.the_break(), BreakAction.ASK_UNIONPAY)
        assert (done.state, done.our_state) == (BreakState.RESOLVED, "placed")
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


def test_nothing_shown_or_written_names_anybody(office: Office, tmp_path: Path) -> None:
    order = office.paid()
    office.parties.recorded[DAY] = []
    office.paid(known=False)
    office.reconcile()
    office.resolve(office.breaks()[0], BreakAction.HAND_OVER, '=HYPERLINK("http://x")')
    summary = summarise(DAY, office.desk)
    page, sheet = html_report(summary), tmp_path / "report.xlsx"
    write_spreadsheet(summary, office.desk, sheet)
    book = openpyxl.load_workbook(sheet)
    cells = [cell for rows in book for row in rows for cell in row if cell.value is not None]
    told = page + " ".join(str(cell.value) for cell in cells)
    for personal in (PAYER.name, INSURED.name, PAYER.phone, order.items[0].person_number):
        assert personal not in told
    assert "韦**" in page and "黄**" in page
    assert not [cell for cell in cells if cell.data_type == "f"], "no text from outside is run"
    assert "'=HYPERLINK" in told
    assert {sheet.title for sheet in book} == {"汇总", "差异明细"}
    assert book["差异明细"].max_row == 1 + len(office.breaks(day=DAY))


def test_the_report_of_a_day_without_breaks_says_so(office: Office) -> None:
    assert "还没有完成对账" in html_report(summarise(DAY, office.desk))
    office.paid()
    office.reconcile()
    page = html_report(summarise(DAY, office.desk))
    assert "三方账目相符：我方 1 笔，没有待处理的差异" in page
    assert "<script" not in page


def test_open_breaks_are_measured_by_kind_and_age(office: Office) -> None:
    office.paid()
    office.parties.recorded.pop(DAY)
    office.reconcile()
    office.clock.advance(days=3)
    measures.measure(office.desk)
    assert measures._OPEN.labels("missing_with_core", "2-3")._value.get() == 1
    assert measures._OPEN.labels("missing_with_core", "0-1")._value.get() == 0
    assert measures._LAST._value.get() == dt.datetime.combine(DAY, dt.time(), CHINA).timestamp()
