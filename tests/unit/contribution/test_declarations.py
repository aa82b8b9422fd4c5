"""申报作废: once, never of what is paid, and nothing said of it but what the tax core says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from contract import declarations as contract
from contract.declarations import (
    DeclarationNotFound,
    DeclarationOfPerson,
    DeclarationPaid,
    DeclarationState,
    ListDeclarations,
    Voiding,
    VoidingState,
    VoidRefused,
)
from contract.errors import Unavailable
from contract.household import InsuredNotFound, Picks, list_insured
from contract.paid import LiveOrder, find_live_order
from contract.records import AskedAs, RecordState
from contract.upstream import UpstreamBusy, UpstreamUnavailable
from kit.clock import SetClock
from services.contribution.domain.voidings import ON_ITS_WAY
from services.contribution.usecases.declarations import (
    VoidingDesk,
    check_voiding,
    list_declarations,
    look_after_voidings,
    void_declaration,
)
from tests.factories.contributions import PAID_AT, WEI, core_record, declared_record
from tests.fakes.contribution_taxcore import FakeAudit, FakeTaxCore, FakeVoidings
from tests.fakes.gateway_peers import FakePeers
from tests.fakes.gateway_storage import FakeTransactions

NOW = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
CONFIRMING, VOIDED = VoidingState.CONFIRMING, VoidingState.VOIDED
D1 = DeclarationOfPerson("person-1", WEI, AskedAs.OWN, "D1")
ALL = ListDeclarations("person-1", WEI, AskedAs.OWN)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def core() -> FakeTaxCore:
    paid = core_record(record_id="P1", period_from="202501", period_to="202512")
    return FakeTaxCore(WEI, {"P1": paid, "D1": declared_record(record_id="D1")})


@pytest.fixture
def peers() -> FakePeers:
    peers = FakePeers(FakeTransactions())
    peers.answer(find_live_order, LiveOrder(False))
    return peers


@pytest.fixture
def desk(core: FakeTaxCore, peers: FakePeers, clock: SetClock) -> VoidingDesk:
    desk = VoidingDesk(peers._transactions, FakeAudit(), core.ports, peers, clock, 2, FakeVoidings())
    peers.answer(contract.check_voiding, lambda asked: check_voiding(asked, desk))
    return desk


def listed(desk: VoidingDesk) -> list[tuple[str, DeclarationState]]:
    return [(d.record_id, d.state) for d in list_declarations(ALL, desk).declarations]


def test_what_is_declared_and_not_paid_is_listed_newest_first(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.records["D0"] = declared_record(record_id="D0", declared_on=PAID_AT.date() - dt.timedelta(days=9))
    assert listed(desk) == [("D1", DeclarationState.DECLARED), ("D0", DeclarationState.DECLARED)]
    assert desk.audit.outcomes == ["asked", "found"]


def test_while_the_core_is_down_the_list_says_so(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.down = True
    with pytest.raises(UpstreamUnavailable, match="现在查不到申报记录"):
        list_declarations(ALL, desk)


def test_a_declaration_is_voided_once(desk: VoidingDesk, core: FakeTaxCore, peers: FakePeers) -> None:
    for _ in range(3):
        assert void_declaration(D1, desk) == Voiding("D1", VOIDED, "")
    assert core.sent == ["D1"]
    assert listed(desk) == [("D1", DeclarationState.VOIDED)]
    assert [asked.year for asked in peers.asked["find_live_order"]] == [2026]
    assert desk.audit.outcomes[:2] == ["asked", "voided"]


@pytest.mark.parametrize(("record_id", "error"), [("P1", DeclarationPaid), ("nothing", DeclarationNotFound)])
def test_what_is_paid_or_unknown_is_not_sent(
    desk: VoidingDesk, core: FakeTaxCore, record_id: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        void_declaration(replace(D1, record_id=record_id), desk)
    assert (core.sent, desk.voidings.rows) == ([], {})
    assert desk.audit.outcomes == ["asked", error.code]  # type: ignore[attr-defined]


def test_nobody_voids_what_is_another_persons(desk: VoidingDesk, core: FakeTaxCore) -> None:
    void_declaration(D1, desk)
    stranger = replace(WEI, document_number="1")
    for ask in (void_declaration, check_voiding):
        with pytest.raises(DeclarationNotFound):
            ask(replace(D1, person=stranger), desk)


@pytest.mark.parametrize("asked_as", [AskedAs.TYPED, AskedAs.PICKED])
def test_only_ones_own_and_those_of_the_list_are_shown_or_voided(
    desk: VoidingDesk, core: FakeTaxCore, peers: FakePeers, asked_as: AskedAs
) -> None:
    peers.answer(list_insured, Picks(()))
    with pytest.raises(InsuredNotFound):
        list_declarations(replace(ALL, asked_as=asked_as), desk)
    with pytest.raises(InsuredNotFound):
        void_declaration(replace(D1, asked_as=asked_as), desk)
    assert core.sent == []


def test_an_order_of_anybody_that_is_live_stands_in_the_way(
    desk: VoidingDesk, core: FakeTaxCore, peers: FakePeers
) -> None:
    peers.answer(find_live_order, LiveOrder(True))
    with pytest.raises(DeclarationPaid, match="有一笔正在办理或已经完成的缴费，不能作废"):
        void_declaration(D1, desk)
    assert core.sent == []


def test_while_payment_cannot_say_nothing_is_voided(
    desk: VoidingDesk, core: FakeTaxCore, peers: FakePeers
) -> None:
    peers.answer(find_live_order, Unavailable())
    with pytest.raises(Unavailable, match="没有作废，申报没有改变，请稍后再试"):
        void_declaration(D1, desk)
    assert (core.sent, desk.voidings.rows) == ([], {})


def test_while_the_core_is_down_nothing_is_sent(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.down = True
    with pytest.raises(UpstreamUnavailable, match="没有作废，申报没有改变"):
        void_declaration(D1, desk)
    assert (core.sent, desk.voidings.rows) == ([], {})


@pytest.mark.parametrize(
    "refusal", [DeclarationPaid(), VoidRefused("税务系统没有同意作废：已锁定。申报没有改变。")]
)
def test_a_refusal_is_kept_with_its_reason_and_may_be_tried_again(
    desk: VoidingDesk, core: FakeTaxCore, refusal: Any
) -> None:
    core.refuses = refusal
    with pytest.raises(type(refusal)):
        void_declaration(D1, desk)
    assert check_voiding(D1, desk) == Voiding("D1", VoidingState.REFUSED, refusal.message)
    assert desk.audit.outcomes == ["asked", refusal.code]
    core.refuses = None
    assert void_declaration(D1, desk).state is VOIDED


def test_a_lost_answer_is_asked_after_before_anything_is_said(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.loses_answers = True
    assert void_declaration(D1, desk).state is CONFIRMING
    core.down = True
    assert check_voiding(D1, desk).state is CONFIRMING
    core.down = False
    assert check_voiding(D1, desk) == void_declaration(D1, desk) == Voiding("D1", VOIDED, "")
    assert core.sent == ["D1"], "it was sent once"


def test_a_void_the_core_never_got_may_be_on_its_way_and_is_undone_later(
    desk: VoidingDesk, core: FakeTaxCore, clock: SetClock
) -> None:
    core.never_gets_it = True
    assert void_declaration(D1, desk).state is CONFIRMING
    assert check_voiding(D1, desk).state is CONFIRMING
    assert listed(desk) == [("D1", DeclarationState.CONFIRMING)]
    assert void_declaration(D1, desk).state is CONFIRMING
    clock.advance(seconds=ON_ITS_WAY.total_seconds())
    assert check_voiding(D1, desk).state is VoidingState.UNDONE
    assert listed(desk) == [("D1", DeclarationState.DECLARED)]
    core.never_gets_it = False
    assert void_declaration(D1, desk).state is VOIDED
    assert core.sent == ["D1", "D1"]


def test_what_was_paid_while_the_answer_was_lost_says_so(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.never_gets_it = True
    void_declaration(D1, desk)
    core.records["D1"] = core_record(record_id="D1")
    assert check_voiding(D1, desk) == Voiding("D1", VoidingState.REFUSED, DeclarationPaid.text)


def test_what_the_core_no_longer_lists_is_voided(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.loses_answers = True
    void_declaration(D1, desk)
    del core.records["D1"]
    assert check_voiding(D1, desk).state is VOIDED


def test_what_was_voided_elsewhere_is_not_sent(desk: VoidingDesk, core: FakeTaxCore) -> None:
    core.records["D1"] = replace(core.records["D1"], state=RecordState.VOIDED)
    assert void_declaration(D1, desk).state is VOIDED
    assert core.sent == []


def test_voids_nobody_knows_about_are_looked_after(
    desk: VoidingDesk, core: FakeTaxCore, peers: FakePeers, clock: SetClock
) -> None:
    core.loses_answers = True
    void_declaration(D1, desk)
    look_after_voidings(desk)
    assert peers.asked["check_voiding"] == [], "its sender may still be at it"
    clock.advance(seconds=30)
    core.down = True
    look_after_voidings(desk)
    assert desk.voidings.rows["D1"].state is CONFIRMING
    clock.advance(seconds=5)
    look_after_voidings(desk)
    assert len(peers.asked["check_voiding"]) == 1, "not due again yet"
    core.down = False
    clock.advance(seconds=5)
    look_after_voidings(desk)
    assert desk.voidings.rows["D1"].state is VOIDED
    clock.advance(days=1)
    look_after_voidings(desk)
    assert len(peers.asked["check_voiding"]) == 2, "what is settled is left alone"


def test_when_the_queue_is_full_the_rest_waits(
    desk: VoidingDesk, core: FakeTaxCore, peers: FakePeers, clock: SetClock
) -> None:
    core.loses_answers = True
    void_declaration(D1, desk)
    peers.answer(contract.check_voiding, UpstreamBusy())
    clock.advance(seconds=30)
    look_after_voidings(desk)
    assert desk.voidings.rows["D1"].looks == 1
