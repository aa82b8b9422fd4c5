"""社保费查询: the core's records and our own payments, each contribution once, and who asked about whom."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import DeadlineExceeded, Unavailable
from contract.household import InsuredNotFound, Kinship, ListInsured, Pick, Picks, list_insured
from contract.insurance import Channel, InsuranceType
from contract.paid import ListPaid, PaidContribution, PaidContributions, list_paid
from contract.people import Person
from contract.records import (
    AskedAs,
    Contributions,
    InvalidPeriod,
    ListContributions,
    RecordState,
    TooManyPeople,
)
from contract.upstream import UpstreamUnavailable
from kit.clock import SetClock
from services.contribution.domain.records import merge
from services.contribution.usecases.records import Desk, list_contributions
from tests.factories.contributions import PAID_AT, WEI, core_record, declared_record, own_payment
from tests.fakes.contribution_taxcore import FakeAudit, FakeTaxCore
from tests.fakes.gateway_peers import FakePeers
from tests.fakes.gateway_storage import FakeTransactions

NOW = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
PAID, POSTING, DECLARED = RecordState.PAID, RecordState.POSTING, RecordState.DECLARED
DAY = dt.timedelta(days=1)
OWN = ListContributions("person-1", WEI, AskedAs.OWN, "202601", "202712")


def states(*merged: Any) -> list[RecordState]:
    return [record.state for record in merge(*merged)]


def test_a_payment_the_core_does_not_have_yet_is_shown_at_once() -> None:
    (shown,) = merge([], [own_payment()])
    assert (shown.state, shown.state.label, shown.amount) == (POSTING, "已缴费，入库中", 40_000)
    assert (shown.period_from, shown.period_to, shown.channel) == (
        "202601",
        "202612",
        "广西税务12366微信公众号",
    )


def test_the_cores_record_takes_its_place_when_it_arrives() -> None:
    (shown,) = merge([core_record()], [own_payment()])
    assert (shown.state, shown.receipt_number) == (PAID, "3450261120")


@pytest.mark.parametrize(
    "record",
    [core_record(channel=""), core_record(channel="微信公众号"), core_record(paid_at=PAID_AT + 2 * DAY),
     core_record(paid_at=PAID_AT.replace(hour=0, minute=0)), core_record(agency_code="of another kind"),
     core_record(person_number=""), core_record(period_from="202603", period_to="202603")],
)  # fmt: skip
def test_it_is_found_however_the_core_writes_it(record: Any) -> None:
    assert states([record], [own_payment()]) == [PAID]


@pytest.mark.parametrize(
    "other",
    [core_record(insurance_type=InsuranceType.PENSION), core_record(amount=38_000),
     core_record(period_from="202701", period_to="202712"), core_record(person_number="4502020001"),
     core_record(person_number="", agency_code="45020201"), core_record(channel=Channel.ALIPAY_CITY.label),
     core_record(paid_at=PAID_AT - DAY, channel="银行柜台")],
)  # fmt: skip
def test_what_is_another_contribution_hides_none_of_ours(other: Any) -> None:
    assert Counter(states([other], [own_payment()])) == {PAID: 1, POSTING: 1}


def test_two_agencies_are_two_contributions() -> None:
    here = own_payment()
    there = own_payment(social_number="4502020001", agency_code="45020201")
    assert states([], [here, there]) == [POSTING, POSTING]
    arrived = core_record(person_number="4502020001")
    assert Counter(states([arrived], [here, there])) == {PAID: 1, POSTING: 1}


def test_a_year_paid_twice_is_seen_twice() -> None:
    elsewhere = core_record(record_id="R2", channel=Channel.ALIPAY_CITY.label)
    assert Counter(states([elsewhere], [own_payment()])) == {PAID: 1, POSTING: 1}
    assert states([elsewhere, core_record()], [own_payment()]) == [PAID, PAID]


def test_a_refund_and_a_second_payment_are_told_apart() -> None:
    """What was refunded is not among ours any more; the core may show it a while longer."""
    assert states([core_record()], []) == [PAID]
    again = own_payment(paid_at=NOW)
    assert states([core_record(paid_at=PAID_AT)], [again]) == [POSTING, PAID]


def test_a_payment_takes_the_place_of_its_declaration() -> None:
    assert states([declared_record()], []) == [DECLARED]
    assert states([declared_record()], [own_payment()]) == [POSTING]
    assert states([declared_record(), core_record(record_id="R2")], [own_payment()]) == [PAID, DECLARED]


def test_a_voided_declaration_is_no_contribution() -> None:
    assert states([declared_record(state=RecordState.VOIDED)], []) == []


def test_the_newest_period_comes_first() -> None:
    years = [
        core_record(record_id=str(y), period_from=f"{y}01", period_to=f"{y}12") for y in (2025, 2027, 2026)
    ]
    assert [record.period_to for record in merge(years, [])] == ["202712", "202612", "202512"]


_RECORDS = st.lists(st.builds(
    core_record, record_id=st.uuids().map(str), amount=st.sampled_from([38_000, 40_000]),
    person_number=st.sampled_from(["4501030001", "4502020001", ""]),
    channel=st.sampled_from(["", *(channel.label for channel in Channel)]),
    paid_at=st.sampled_from([PAID_AT - DAY, PAID_AT, PAID_AT + DAY]),
), max_size=5)  # fmt: skip
_PAYMENTS = st.lists(st.builds(
    own_payment, amount=st.sampled_from([38_000, 40_000]),
    social_number=st.sampled_from(["4501030001", "4502020001"]), channel=st.sampled_from(list(Channel)),
), max_size=5)  # fmt: skip


@given(_RECORDS, _PAYMENTS)
def test_nothing_is_lost_and_nothing_comes_twice(core: list[Any], own: list[PaidContribution]) -> None:
    shown = merge(core, own)
    counts = Counter(record.state for record in shown)
    assert counts[PAID] == len(core), "every record of the core is shown, once"
    assert len(own) - len(core) <= counts[POSTING] <= len(own)
    other_way = merge(core[::-1], own[::-1])
    assert Counter(record.state for record in other_way) == counts, "in whatever order they come"


@given(_PAYMENTS)
def test_once_the_core_has_all_of_ours_nothing_is_posting(own: list[PaidContribution]) -> None:
    arrived = [
        core_record(record_id=str(n), amount=p.amount, person_number=p.social_number, channel=p.channel.label)
        for n, p in enumerate(own)
    ]
    assert states(arrived, own) == [PAID] * len(own)
    assert len(merge(arrived[1:], own)) == len(own), "and while one is missing, it is still there"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def core() -> FakeTaxCore:
    return FakeTaxCore(WEI, {"R1": core_record()})


@pytest.fixture
def peers() -> FakePeers:
    peers = FakePeers(FakeTransactions())
    peers.answer(list_paid, lambda asked: PaidContributions((own_payment(),) if asked.insured == WEI else ()))
    peers.answer(list_insured, Picks((Pick("member-1", WEI, "", None, Kinship.PARENT, None, None),)))
    return peers


@pytest.fixture
def desk(core: FakeTaxCore, peers: FakePeers, clock: SetClock) -> Desk:
    return Desk(peers._transactions, FakeAudit(), core.ports, peers, clock, typed_per_day=2)


def told(desk: Desk) -> list[tuple[str, AskedAs, Person, str]]:
    return [(q.asker_id, q.asked_as, q.person, outcome) for q, outcome, _ in desk.audit.rows]


def test_both_answer_and_the_question_is_kept(desk: Desk, peers: FakePeers) -> None:
    asked = replace(OWN, asked_as=AskedAs.PICKED)
    answer = list_contributions(asked, desk)
    assert [record.state for record in answer.records] == [PAID]
    assert (answer.core_missing, answer.own_missing) == (False, False)
    assert peers.asked["list_paid"] == [ListPaid(WEI, 2026, 2027)]
    assert told(desk) == [
        ("person-1", AskedAs.PICKED, WEI, "asked"),
        ("person-1", AskedAs.PICKED, WEI, "found"),
    ]
    assert len({query.query_id for query, _, _ in desk.audit.rows}) == 1


@pytest.mark.parametrize("changed", [{"document_number": "1"}, {"name": "韦秀"}])
def test_who_is_not_in_the_askers_list_is_not_picked(
    desk: Desk, peers: FakePeers, changed: dict[str, str]
) -> None:
    with pytest.raises(InsuredNotFound):
        list_contributions(replace(OWN, asked_as=AskedAs.PICKED, person=replace(WEI, **changed)), desk)
    assert peers.asked["list_insured"] == [ListInsured("person-1")]
    assert (peers.asked["list_paid"], desk.audit.outcomes) == ([], ["asked", "insured_not_found"])


def test_while_the_core_is_down_our_own_are_shown_and_it_says_so(desk: Desk, core: FakeTaxCore) -> None:
    core.down = True
    answer = list_contributions(OWN, desk)
    assert ([record.state for record in answer.records], answer.core_missing) == ([POSTING], True)


@pytest.mark.parametrize("error", [Unavailable(), DeadlineExceeded()])
def test_while_payment_is_away_the_cores_are_shown_and_it_says_so(
    desk: Desk, peers: FakePeers, error: Exception
) -> None:
    peers.answer(list_paid, error)
    answer = list_contributions(OWN, desk)
    assert ([record.state for record in answer.records], answer.own_missing) == ([PAID], True)


def test_while_both_are_down_nobody_says_no_records(desk: Desk, core: FakeTaxCore, peers: FakePeers) -> None:
    core.down = True
    peers.answer(list_paid, Unavailable())
    with pytest.raises(UpstreamUnavailable, match=r"现在查不到缴费记录.*请勿重复缴费") as missing:
        list_contributions(OWN, desk)
    assert "没有扣款" not in missing.value.message, "perhaps they have paid"
    assert desk.audit.outcomes == ["asked", "unavailable"]


def test_a_time_that_is_over_is_not_taken_for_a_missing_payment(desk: Desk, peers: FakePeers) -> None:
    peers.answer(list_paid, UpstreamUnavailable())
    with pytest.raises(UpstreamUnavailable):
        list_contributions(OWN, desk)


def test_a_wrong_name_is_answered_like_nobody(desk: Desk) -> None:
    wrong = list_contributions(replace(OWN, person=replace(WEI, name="韦秀"), asked_as=AskedAs.TYPED), desk)
    nobody = list_contributions(
        replace(OWN, person=replace(WEI, document_number="1"), asked_as=AskedAs.TYPED), desk
    )
    assert wrong == nobody == Contributions((), core_missing=False, own_missing=False)
    assert desk.audit.outcomes == ["asked", "nothing"] * 2


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("202613", "202712", "period_from"), ("", "202712", "period_from"), ("202601", "2027", "period_to"),
     ("202702", "202701", "period_to"), ("199901", "202701", "period_from"), ("202601\n", "202701", "period_from")],
)  # fmt: skip
def test_a_period_that_is_none_asks_nobody(desk: Desk, first: str, last: str, field: str) -> None:
    with pytest.raises(InvalidPeriod) as invalid:
        list_contributions(replace(OWN, period_from=first, period_to=last), desk)
    assert invalid.value.detail["field"] == field
    assert desk.audit.rows == []


def typed(number: str) -> ListContributions:
    return replace(OWN, asked_as=AskedAs.TYPED, person=replace(WEI, document_number=number))


def test_only_so_many_people_may_be_typed_in_a_day(desk: Desk, clock: SetClock) -> None:
    for number in ("1", "2", "1", "2"):
        list_contributions(typed(number), desk)
    with pytest.raises(TooManyPeople, match="人数已经达到上限，请明天再查") as refused:
        list_contributions(typed("3"), desk)
    assert refused.value.detail["retry_after"] == 15 * 3600, "until midnight in China"
    assert desk.audit.outcomes[-2:] == ["asked", "too_many_people"]
    list_contributions(typed("1"), desk)
    list_contributions(replace(OWN, asked_as=AskedAs.PICKED), desk)
    list_contributions(replace(typed("3"), asker_id="person-2"), desk)
    with pytest.raises(TooManyPeople):
        list_contributions(typed("3"), desk)
    clock.advance(hours=15)
    list_contributions(typed("3"), desk)
