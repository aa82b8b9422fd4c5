"""What is a break and what is none: random ledgers with planted differences give exactly those."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.payment import OrderState
from contract.reconciliation import BreakAction, BreakKind, Party
from services.payment.reconciliation.breaks import ACTIONS, age_label, fitting, item_text
from services.payment.reconciliation.comparing import Elsewhere, Found, Judge, Known, Past, Rules, agree
from services.payment.reconciliation.entries import Entry, Movement, Side, in_order

DAY = dt.date(2026, 11, 22)
YESTERDAY, TOMORROW = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1)
MID, NOON, LATE = "mid-1", f"{DAY} 12:00:00", f"{DAY} 23:30:00"
RULES = Rules(DAY, frozenset({MID, "mid-2"}), "23:00:00", frozenset({YESTERDAY}))
U, C = Party.UNIONPAY, Party.CORE
Break = tuple[Party, BreakKind, str]


def a_day(number: str = "N1", at: str = NOON, lines: int = 1) -> list[Entry]:
    """An order all sides agree on."""
    pay = Entry(
        number, Side.OURS, Movement.PAY, "", 100 * lines, at, MID, f"T-{number}", "paid", "wechat_account"
    )
    ours = [
        pay._replace(movement=Movement.LINE, item=f"P 10212 {2020 + n}", amount=100) for n in range(lines)
    ]
    theirs = pay._replace(side=Side.UNIONPAY, state="", channel="")
    core = [line._replace(side=Side.CORE, mid="", reference="R", state="1", channel="") for line in ours]
    return [pay, *ours, theirs, *core]


def known(entries: Iterable[Entry], paid_on: dt.date | None = DAY, **changed: object) -> Known:
    """The order of these entries as our books have it."""
    ours = [entry for entry in entries if entry.side == Side.OURS]
    lines = {entry.item: entry for entry in ours if entry.movement == Movement.LINE}
    return replace(Known(OrderState.PAID, ours[0], paid_on, lines), **changed)  # type: ignore[arg-type]


def judged(
    entries: Iterable[Entry], order: Known | None = None, past: Iterable[Past] = (), rules: Rules = RULES
) -> list[Found | Elsewhere]:
    entries = sorted(entries)
    return [] if agree(entries) else list(Judge(rules, order, list(past)).judge(entries))


def kinds(found: Iterable[Found | Elsewhere]) -> list[tuple[Party, BreakKind]]:
    return [(one.party, one.kind) for one in found if isinstance(one, Found)]


def without(entries: Iterable[Entry], side: Side) -> list[Entry]:
    return [entry for entry in entries if entry.side != side]


def plant(kind: BreakKind | None, party: Party, number: str, lines: int) -> tuple[list[Entry], set[Break]]:
    """An order broken so, and what must be found of it."""
    entries = a_day(number, LATE if kind is BreakKind.DATE_CUT else NOON, lines)
    side = Side.CORE if party is C else Side.UNIONPAY
    place = next(n for n, entry in enumerate(entries) if entry.side == side)
    theirs = entries[place]
    match kind:
        case None:
            return entries, set()
        case BreakKind.AMOUNT:
            entries[place] = theirs._replace(amount=theirs.amount + 1)
        case BreakKind.STATE:
            party = C
            entries[-1] = entries[-1]._replace(state="2")
        case BreakKind.UNKNOWN_MERCHANT:
            party = U
            place = next(n for n, entry in enumerate(entries) if entry.side == Side.UNIONPAY)
            entries[place] = entries[place]._replace(mid="strange")
        case BreakKind.DUPLICATE:
            entries.append(theirs._replace(reference="again"))
        case BreakKind.MISSING_WITH_US:
            number += "-nobodys"
            entries.append(theirs._replace(number=number))
        case BreakKind.MISSING_WITH_UNIONPAY:
            party, entries = U, without(entries, Side.UNIONPAY)
        case BreakKind.MISSING_WITH_CORE:
            party = C
            entries.pop()
        case BreakKind.DATE_CUT:
            entries.remove(theirs)
    return entries, {(party, kind, number)}


planted = st.lists(
    st.tuples(st.none() | st.sampled_from(BreakKind), st.sampled_from(Party), st.integers(1, 4)), max_size=40
)


@given(planted, st.integers(1, 7), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_exactly_what_was_planted_is_found(
    wanted: list[tuple[BreakKind | None, Party, int]], at_once: int, disorder: random.Random
) -> None:
    entries: list[Entry] = []
    expected: set[Break] = set()
    orders: dict[str, Known] = {}
    for n, (kind, party, lines) in enumerate(wanted):
        mine, breaks = plant(kind, party, f"N{n}", lines)
        entries += mine
        expected |= breaks
        orders[f"N{n}"] = known(mine)
    disorder.shuffle(entries)
    found: list[Found | Elsewhere] = []
    with TemporaryDirectory() as folder:
        for group in in_order(entries, Path(folder), at_once):
            found += judged(group, orders.get(group[0].number))
    assert len(found) == len(expected)
    assert {(one.party, one.kind, one.number) for one in found if isinstance(one, Found)} == expected


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=50), st.integers(1, 60))
@settings(deadline=None, max_examples=60)
def test_entries_come_back_by_order_whatever_fits_into_memory(
    values: list[tuple[str, int]], at_once: int
) -> None:
    entries = [Entry(number, Side.OURS, Movement.PAY, "", amount, NOON) for number, amount in values]
    with TemporaryDirectory() as folder:
        groups = list(in_order(entries, Path(folder), at_once))
    assert sorted(entry for group in groups for entry in group) == sorted(entries)
    numbers = [group[0].number for group in groups]
    assert numbers == sorted(set(numbers))
    assert all(entry.number == group[0].number for group in groups for entry in group)


def test_a_merchant_of_ours_that_is_not_the_orders_is_a_break_of_its_own() -> None:
    entries = a_day()
    entries[2] = entries[2]._replace(mid="mid-2", amount=1)
    assert kinds(judged(entries, known(entries))) == [(U, BreakKind.UNKNOWN_MERCHANT)], "one cause, one break"


def test_of_two_the_transaction_we_know_is_the_first() -> None:
    entries = a_day()
    strange = entries[2]._replace(reference="A-before", amount=7)
    (found,) = judged([*entries, strange], known(entries))
    assert isinstance(found, Found)
    assert found.theirs == strange


def test_a_transaction_that_is_a_refund_case_is_none() -> None:
    entries = a_day()
    second = entries[2]._replace(reference="T-2")
    cases = frozenset({("T-2", second.amount)})
    assert judged([*entries, second], known(entries, cases=cases)) == []
    assert kinds(judged([*entries, second._replace(amount=1)], known(entries, cases=cases))) == [
        (U, BreakKind.DUPLICATE)
    ]


def test_an_order_given_back_needs_no_record_and_must_not_have_one() -> None:
    entries = [entry._replace(state="refunded") if entry.side == Side.OURS else entry for entry in a_day()]
    order = known(entries, state=OrderState.REFUNDED)
    assert kinds(judged(entries, order)) == [(C, BreakKind.STATE)]
    assert judged(without(entries, Side.CORE), order) == []
    voided = [entry._replace(state="2") if entry.side == Side.CORE else entry for entry in entries]
    assert judged(voided, order) == []


@pytest.mark.parametrize("party", Party)
class TestAnotherDay:
    """What is paid on one day and comes with the next."""

    def comes(self, party: Party) -> tuple[list[Entry], Known]:
        """Only their side of an order of yesterday, and the order."""
        entries = a_day(at=f"{YESTERDAY} 23:30:00")
        side = Side.CORE if party is C else Side.UNIONPAY
        return [entry for entry in entries if entry.side == side], known(entries, YESTERDAY)

    def cut(self, party: Party, entries: list[Entry], closed: dt.date | None = None) -> list[Past]:
        return [Past(YESTERDAY, party, BreakKind.DATE_CUT, entries[0].item, closed)]

    def test_it_settles_what_was_missed(self, party: Party) -> None:
        entries, order = self.comes(party)
        (settled,) = judged(entries, order, self.cut(party, entries))
        assert isinstance(settled, Elsewhere)
        assert (settled.day, settled.party, settled.entry.item) == (YESTERDAY, party, entries[0].item)
        assert isinstance(judged(entries, order, self.cut(party, entries, DAY))[0], Elsewhere), "done again"

    def test_it_is_a_duplicate_when_its_own_day_had_it(self, party: Party) -> None:
        entries, order = self.comes(party)
        assert kinds(judged(entries, order)) == [(party, BreakKind.DUPLICATE)]

    def test_it_settles_a_day_that_is_still_to_be_done(self, party: Party) -> None:
        entries, order = self.comes(party)
        assert isinstance(judged(entries, order, rules=replace(RULES, reconciled=frozenset()))[0], Elsewhere)

    def test_its_amount_is_compared_all_the_same(self, party: Party) -> None:
        entries, order = self.comes(party)
        found = judged([entries[0]._replace(amount=1)], order, self.cut(party, entries))
        assert kinds(found) == [(party, BreakKind.AMOUNT)]

    def test_an_order_that_is_not_paid_is_missing_with_us(self, party: Party) -> None:
        entries, order = self.comes(party)
        unpaid = replace(order, state=OrderState.CLOSED, paid_on=None)
        assert kinds(judged(entries, unpaid)) == [(party, BreakKind.MISSING_WITH_US)]

    def test_what_came_with_the_next_day_is_not_missed_again(self, party: Party) -> None:
        entries = a_day(at=LATE)
        side = Side.CORE if party is C else Side.UNIONPAY
        item = next(entry.item for entry in entries if entry.side == side)
        came = [Past(DAY, party, BreakKind.DATE_CUT, item, TOMORROW)]
        assert judged(without(entries, side), known(entries), came) == []

    def test_what_did_not_come_with_the_next_day_is_missing(self, party: Party) -> None:
        entries = a_day(at=LATE)
        side = Side.CORE if party is C else Side.UNIONPAY
        done = replace(RULES, reconciled=frozenset({TOMORROW}))
        missing = BreakKind.MISSING_WITH_CORE if party is C else BreakKind.MISSING_WITH_UNIONPAY
        assert kinds(judged(without(entries, side), known(entries), rules=done)) == [(party, missing)]


def a_void(entries: list[Entry], side: Side) -> Entry:
    """The line of an order of yesterday as one side takes it back today."""
    line = next(entry for entry in entries if entry.side == side and entry.movement == Movement.LINE)
    state = "refunded" if side == Side.OURS else "2"
    return line._replace(movement=Movement.VOID, state=state, at=NOON if side == Side.OURS else line.at)


class TestTakenBack:
    """A line of another day's payment that goes back today."""

    entries = a_day(at=f"{YESTERDAY} 12:00:00")
    ours, theirs = a_void(entries, Side.OURS), a_void(entries, Side.CORE)

    def order(self, state: str, void_on: dt.date | None = None) -> Known:
        lines = {self.ours.item: self.ours._replace(movement=Movement.LINE, state=state)}
        voids = {self.ours.item: (self.ours, void_on)} if void_on else {}
        return known(self.entries, YESTERDAY, lines=lines, voids=voids)

    def test_both_take_it_back(self) -> None:
        assert judged([self.ours, self.theirs], self.order("refunded", DAY)) == []

    def test_what_the_core_still_has_is_a_break(self) -> None:
        assert kinds(judged([self.ours], self.order("refunded", DAY))) == [(C, BreakKind.STATE)]

    def test_what_the_core_took_back_of_its_own_accord_is_a_break(self) -> None:
        assert kinds(judged([self.theirs], self.order("paid"))) == [(C, BreakKind.STATE)]

    def test_the_core_may_be_quicker_than_unionpay(self) -> None:
        (settled,) = judged([self.theirs], self.order("refunding"))
        assert isinstance(settled, Elsewhere)
        assert settled.day == TOMORROW, "our refund is done on a day that comes"
        came = [Past(DAY, C, BreakKind.DATE_CUT, self.ours.item, YESTERDAY)]
        assert judged([self.ours], self.order("refunded", DAY), came) == []


def test_a_refund_may_be_done_a_day_apart() -> None:
    entries = a_day(at=f"{YESTERDAY} 12:00:00")
    ours = entries[0]._replace(movement=Movement.REFUND, item="R1", amount=50, state="")
    theirs = ours._replace(side=Side.UNIONPAY, at=LATE)
    order = known(entries, YESTERDAY, refunds={"R1": (ours, TOMORROW)})
    (settled,) = judged([theirs], order)
    assert isinstance(settled, Elsewhere)
    assert (settled.day, settled.entry) == (TOMORROW, ours)
    assert judged([ours, theirs]) == [], "the same day"
    assert kinds(judged([ours])) == [(U, BreakKind.MISSING_WITH_UNIONPAY)]
    assert kinds(judged([ours, theirs._replace(amount=51)])) == [(U, BreakKind.AMOUNT)]


def test_a_refund_we_know_nothing_of_is_missing_with_us() -> None:
    entries = a_day()
    refund = entries[2]._replace(movement=Movement.REFUND, item="R1")
    assert kinds(judged([*entries, refund], known(entries))) == [(U, BreakKind.MISSING_WITH_US)]


def test_a_line_nobody_ordered_is_missing_with_us() -> None:
    entries = a_day()
    more = entries[-1]._replace(item="P 10210 2020")
    assert kinds(judged([*entries, more], known(entries))) == [(C, BreakKind.MISSING_WITH_US)]


def test_every_kind_has_its_actions_and_its_words() -> None:
    assert set(ACTIONS) == set(BreakKind)
    assert all(ACTIONS.values())
    assert {action for fitting in ACTIONS.values() for action in fitting} == set(BreakAction)
    assert len({kind.label for kind in BreakKind}) == len(BreakKind)


def test_ages_are_told_in_classes() -> None:
    assert [age_label(days) for days in (0, 1, 2, 3, 4, 7, 8, 30, 31)] == [
        "1天以内", "1天以内", "2至3天", "2至3天", "4至7天", "4至7天", "8至30天", "8至30天", "30天以上",
    ]  # fmt: skip


def test_a_line_is_told_in_words_and_its_person_number_masked() -> None:
    told = "居民医疗保险 2026年 社保编号4501********0001"
    assert item_text("4501030090000001 10212 2026") == told
    assert item_text("4501030090000001 10212 2026#U-7") == f"{told} 流水号U-7"
    assert item_text("4501030090000001 99999 2026").startswith("险种99999 2026年")
    assert item_text("31942026112210060000000001R") == "31942026112210060000000001R"
    assert item_text("#T-7") == "流水号T-7" and item_text("") == ""


def test_nothing_is_offered_that_can_only_be_refused() -> None:
    def offered(kind: BreakKind, **changed: Any) -> set[BreakAction]:
        row = {
            "kind": kind.value, "party": Party.UNIONPAY.value, "payer_name": "韦秀兰", "reference": "T-1",
            "our_amount": 40_000, "their_amount": 40_100,
        }  # fmt: skip
        return set(fitting(SimpleNamespace(**row | changed)))

    case, ask, over = BreakAction.OPEN_REFUND_CASE, BreakAction.ASK_UNIONPAY, BreakAction.HAND_OVER
    assert offered(BreakKind.AMOUNT) == {case, over}
    assert offered(BreakKind.AMOUNT, their_amount=39_900) == {over}, "they took less"
    assert offered(BreakKind.AMOUNT, party=Party.CORE.value) == {over}, "the tax core took nothing"
    assert offered(BreakKind.MISSING_WITH_US, our_amount=None) == {ask, over}
    assert offered(BreakKind.MISSING_WITH_US, our_amount=None, payer_name=None) == {over}, "no order of ours"
    assert offered(BreakKind.DUPLICATE) == {case, over}
