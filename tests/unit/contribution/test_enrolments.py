"""The enrolment of a person, from the upstream or from what it said last."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.contribution import (
    Enrolment,
    EnrolmentEntry,
    EnrolmentNotFound,
    FindEnrolment,
    InsuranceTypeMissing,
    UpstreamUnavailable,
)
from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from kit.clock import SetClock
from services.contribution.usecases.enrolments import Memory, find_enrolment, forget_old
from tests.fakes.contribution_taxbank import FakeKeptEnrolments, FakeTaxBank
from tests.fakes.gateway_storage import FakeTransactions

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
PERSON = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
ENTRY = EnrolmentEntry(
    "1", InsuranceType.MEDICAL, "450902", "玉州中心", "number", "14509020000", "450902", "102120001"
)
ENROLMENT = Enrolment("registration-1", PayerKind.RESIDENT, (ENTRY,))
ASKED = FindEnrolment(PERSON)
DOWN = UpstreamUnavailable()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def memory(clock: SetClock) -> Memory:
    return Memory(FakeTransactions(), FakeKeptEnrolments(), clock, dt.timedelta(days=7))


def test_a_known_person_gets_their_enrolment(memory: Memory) -> None:
    assert find_enrolment(ASKED, FakeTaxBank(ENROLMENT), memory) == ENROLMENT


def test_a_person_nobody_registered_is_told_where_to_go(memory: Memory) -> None:
    with pytest.raises(EnrolmentNotFound, match="查询不到您的参保登记信息，请前往社保机构进行登记"):
        find_enrolment(ASKED, FakeTaxBank(None), memory)


def test_a_person_without_insurance_types_is_told_so(memory: Memory) -> None:
    with pytest.raises(InsuranceTypeMissing, match="该缴费人已存在基础信息，没有参保险种信息"):
        find_enrolment(ASKED, FakeTaxBank(replace(ENROLMENT, entries=())), memory)


def test_while_the_upstream_is_down_what_it_said_last_is_shown_with_its_time(
    memory: Memory, clock: SetClock
) -> None:
    find_enrolment(ASKED, FakeTaxBank(ENROLMENT), memory)
    clock.advance(days=6)
    assert find_enrolment(ASKED, FakeTaxBank(DOWN), memory) == replace(ENROLMENT, as_of=NOW)


def test_what_was_said_too_long_ago_is_not_shown(memory: Memory, clock: SetClock) -> None:
    find_enrolment(ASKED, FakeTaxBank(ENROLMENT), memory)
    clock.advance(days=7, seconds=1)
    with pytest.raises(UpstreamUnavailable, match="没有扣款"):
        find_enrolment(ASKED, FakeTaxBank(DOWN), memory)
    assert forget_old(memory) == 1


@pytest.mark.parametrize(
    "who", [replace(PERSON, name="韦秀"), replace(PERSON, document_number="450202198503243121")]
)
def test_nobody_is_shown_what_was_said_of_another(memory: Memory, who: Person) -> None:
    find_enrolment(ASKED, FakeTaxBank(ENROLMENT), memory)
    with pytest.raises(UpstreamUnavailable):
        find_enrolment(FindEnrolment(who), FakeTaxBank(DOWN), memory)


@pytest.mark.parametrize("said", [None, replace(ENROLMENT, entries=())])
def test_an_enrolment_that_has_ended_is_not_shown_later(memory: Memory, said: Enrolment | None) -> None:
    find_enrolment(ASKED, FakeTaxBank(ENROLMENT), memory)
    with pytest.raises((EnrolmentNotFound, InsuranceTypeMissing)):
        find_enrolment(ASKED, FakeTaxBank(said), memory)
    with pytest.raises(UpstreamUnavailable):
        find_enrolment(ASKED, FakeTaxBank(DOWN), memory)
