"""社保费查询 and 我的申报: whom the fields name, what an address holds, and what is said without an answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from contract import declarations, household, records
from contract.declarations import Declarations, Voiding, VoidingState
from contract.errors import ContractError, DeadlineExceeded, Unavailable
from contract.household import CheckedPerson, InsuredNotFound, Kinship, Pick, Picks, TypedPerson
from contract.identity import InvalidIdNumber
from contract.people import DocumentType, Person
from contract.records import AskedAs, Contributions
from contract.upstream import UpstreamBusy, UpstreamUnavailable
from kit.clock import SetClock
from services.gateway.domain.searches import Period, Subject, missing, years_offered
from services.gateway.errors import StalePage
from services.gateway.usecases.ports import Ports
from services.gateway.usecases.records import (
    check_voiding,
    find_subject,
    list_contributions,
    list_declarations,
    name_subject,
    pick_subject,
    void_declaration,
)
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import PAYER, PERSON

CHILD = Person(DocumentType.RESIDENT_ID, "450181201905203012", "谭子涵")
STRANGER = Person(DocumentType.RESIDENT_ID, "451002198706223091", "蒙立新")
OWN = Subject("", PERSON, AskedAs.OWN)
NOTHING = Contributions((), core_missing=False, own_missing=False)


@pytest.fixture(autouse=True)
def _peers(peers: FakePeers) -> None:
    peers.answer(
        household.list_insured, Picks((Pick("member-1", CHILD, "", None, Kinship.CHILD, None, None),))
    )
    peers.answer(
        household.check_person,
        lambda asked: CheckedPerson(
            replace(STRANGER, document_number=asked.typed.document_number, name=asked.typed.name)
        ),
    )
    peers.answer(records.list_contributions, NOTHING)


def typed(person: Person) -> TypedPerson:
    return TypedPerson(person.document_type, person.document_number, person.name)


def test_an_address_names_the_payer_or_somebody_of_their_list(ports: Ports) -> None:
    assert find_subject(PAYER, "", ports) == OWN
    assert find_subject(PAYER, "member-1", ports) == Subject("member-1", CHILD, AskedAs.PICKED)
    with pytest.raises(InsuredNotFound):
        find_subject(PAYER, "member-2", ports)


def test_somebody_typed_is_sealed_for_this_payer_and_a_day(ports: Ports, clock: SetClock) -> None:
    subject = name_subject(PAYER, typed(STRANGER), ports)
    assert (subject.person, subject.asked_as) == (STRANGER, AskedAs.TYPED)
    assert STRANGER.document_number not in subject.of and STRANGER.name not in subject.of
    assert find_subject(PAYER, subject.of, ports) == subject
    with pytest.raises(InsuredNotFound):
        pick_subject(PAYER, subject.of, ports)
    for token in (subject.of[:-3], subject.of + "A", "typed.", "typed.ü"):
        with pytest.raises(StalePage):
            find_subject(PAYER, token, ports)
    with pytest.raises(StalePage):
        find_subject(replace(PAYER, person_id="person-2"), subject.of, ports)
    clock.advance(days=1, seconds=1)
    with pytest.raises(StalePage):
        find_subject(PAYER, subject.of, ports)


@pytest.mark.parametrize(
    ("person", "of", "asked_as"), [(PERSON, "", AskedAs.OWN), (CHILD, "member-1", AskedAs.PICKED)]
)
def test_who_is_known_is_no_stranger_however_named(
    ports: Ports, person: Person, of: str, asked_as: AskedAs
) -> None:
    assert name_subject(PAYER, typed(person), ports) == Subject(of, person, asked_as)


def test_a_known_number_with_another_name_is_a_stranger(ports: Ports) -> None:
    for known in (PERSON, CHILD):
        assert name_subject(PAYER, typed(replace(known, name="不对")), ports).asked_as is AskedAs.TYPED


def test_while_the_list_is_away_everybody_typed_is_a_stranger(ports: Ports, peers: FakePeers) -> None:
    peers.answer(household.list_insured, Unavailable())
    assert name_subject(PAYER, typed(CHILD), ports).asked_as is AskedAs.TYPED


def test_a_number_that_is_none_is_refused(ports: Ports, peers: FakePeers) -> None:
    peers.answer(household.check_person, InvalidIdNumber(field="document_number"))
    with pytest.raises(InvalidIdNumber):
        name_subject(PAYER, typed(STRANGER), ports)


def test_contribution_hears_who_asks_about_whom_and_how(ports: Ports, peers: FakePeers) -> None:
    subject = find_subject(PAYER, "member-1", ports)
    assert list_contributions(PAYER, subject, "202601", "202712", ports) == NOTHING
    (asked,) = peers.asked["list_contributions"]
    assert asked == records.ListContributions(PAYER.person_id, CHILD, AskedAs.PICKED, "202601", "202712")


def test_declarations_are_asked_for_and_voided_by_whose_they_are(ports: Ports, peers: FakePeers) -> None:
    voiding = Voiding("D1", VoidingState.CONFIRMING, "")
    peers.answer(declarations.list_declarations, Declarations(()))
    peers.answer(declarations.void_declaration, voiding)
    peers.answer(declarations.check_voiding, voiding)
    subject = pick_subject(PAYER, "member-1", ports)
    assert list_declarations(PAYER, subject, ports) == Declarations(())
    assert (
        void_declaration(PAYER, subject, "D1", ports) == check_voiding(PAYER, subject, "D1", ports) == voiding
    )
    named = declarations.DeclarationOfPerson(PAYER.person_id, CHILD, AskedAs.PICKED, "D1")
    assert peers.asked["void_declaration"] == peers.asked["check_voiding"] == [named]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UpstreamBusy.behind(7, 5), "现在查询的人较多，您前面还有7人，请5秒后再试。"),
        (UpstreamBusy.behind(0, 2), "现在查询的人较多，请2秒后再试。"),
        (UpstreamUnavailable(), "现在查不到缴费记录，请稍后再查。如果您已经缴费，请勿重复缴费。"),
        (UpstreamUnavailable("自己的话。"), "自己的话。"),
        (DeadlineExceeded(), "现在查不到缴费记录，请稍后再查。如果您已经缴费，请勿重复缴费。"),
    ],
)
def test_who_asks_is_not_told_that_they_have_not_paid(
    ports: Ports, peers: FakePeers, error: ContractError, words: str
) -> None:
    peers.answer(records.list_contributions, error)
    with pytest.raises(type(error)) as said:
        list_contributions(PAYER, OWN, "202601", "202712", ports)
    assert (said.value.message, said.value.detail) == (words, error.detail)


def test_the_form_offers_this_year_and_the_next() -> None:
    today = dt.date(2026, 11, 23)
    usual = Period.usual(today)
    assert (usual.first, usual.last) == ("202601", "202712")
    years = [value for value, _ in years_offered(today)]
    assert (years[0], years[-1], usual.from_year in years) == ("2027", "2016", True)
    assert Period.of("202603", "202704") == Period("2026", "03", "2027", "04")
    assert Period.chosen({"from_year": "2026", "from_month": "03", "to_year": "2027"}).last == "2027"


@pytest.mark.parametrize(
    ("name", "number", "wrong"),
    [("蒙立新", "1", {}), ("", "", {"name", "document_number"}), ("蒙**", "1", {"name"}),
     ("蒙立新", "4510**********3091", {"document_number"})],
)  # fmt: skip
def test_a_mask_changed_in_part_is_not_taken_for_a_person(name: str, number: str, wrong: Any) -> None:
    assert set(missing(name, number)) == set(wrong)
