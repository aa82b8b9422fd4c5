"""Paying for somebody else: the same journey, with their relation and their phone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import contribution, household, payment
from contract.contribution import AgencyChoiceNeeded, AllPaid, EnrolmentNotFound, PensionMissing
from contract.household import Insured, InsuredNotFound, Kinship, OwnDocument, Pick, Picks, TypedPerson
from contract.insurance import InsuranceType, PaymentKind
from contract.payment import ItemWanted, OrderPlaced
from contract.people import DocumentType, Person
from contract.places import Division, Place
from services.gateway.domain.drafts import Journey, JourneyState, Selection
from services.gateway.usecases import insured, journeys
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import LIFE, NOW, PAYER, quoted

CHILD = Person(DocumentType.RESIDENT_ID, "450181201905203012", "谭子涵")
TYPED = TypedPerson(DocumentType.RESIDENT_ID, CHILD.document_number, CHILD.name, "13900139000")
PLACE = Place(Division("450100", "南宁市"), Division("450103", "青秀区"))
INSURED = Insured("relation-1", CHILD, "13900139000", PLACE)
PICK = Pick("member-1", CHILD, "", None, Kinship.CHILD, None, None)


@pytest.fixture(autouse=True)
def _identity(peers: FakePeers) -> None:
    peers.answer(household.name_insured, INSURED)
    peers.answer(household.pick_insured, INSURED)


def _for_child(ports: Ports) -> Journey:
    return insured.pay_for_typed(PAYER, TYPED, LIFE, ports)


def _open(ports: Ports) -> list[Journey]:
    return [row for row in ports.journeys.rows.values() if row.state is JourneyState.OPEN]


def test_a_typed_person_is_named_and_becomes_a_journey(ports: Ports, peers: FakePeers) -> None:
    draft = _for_child(ports).draft
    (asked,) = peers.asked["name_insured"]
    assert (asked.payer_id, asked.typed) == (PAYER.person_id, TYPED)
    assert (draft.insured, draft.insured_relation_id, draft.insured_phone) == (
        CHILD, "relation-1", "13900139000",
    )  # fmt: skip
    assert draft.for_other
    assert draft.reminder_phone == PAYER.phone
    assert not journeys.start_journey(PAYER, LIFE, ports).draft.for_other


def test_a_picked_person_needs_no_typing(ports: Ports, peers: FakePeers) -> None:
    assert insured.pay_for_picked(PAYER, "member-1", LIFE, ports).draft.insured == CHILD
    assert peers.asked["pick_insured"][0].pick_id == "member-1"
    assert not peers.asked["name_insured"]


@pytest.mark.parametrize("error", [OwnDocument(), InsuredNotFound()])
def test_who_is_refused_starts_nothing(ports: Ports, peers: FakePeers, error: Exception) -> None:
    peers.answer(household.name_insured, error)
    peers.answer(household.pick_insured, error)
    for start in (lambda: _for_child(ports), lambda: insured.pay_for_picked(PAYER, "x", LIFE, ports)):
        with pytest.raises(type(error)):
            start()
    assert not ports.journeys.rows


def test_a_double_tap_for_the_same_person_starts_one(ports: Ports) -> None:
    first = _for_child(ports)
    assert _for_child(ports).journey_id == first.journey_id


def test_another_person_takes_the_place_of_the_one_before(ports: Ports, peers: FakePeers) -> None:
    own = journeys.start_journey(PAYER, LIFE, ports)
    child = _for_child(ports)
    assert _open(ports) == [child]
    assert child.journey_id != own.journey_id
    other = replace(INSURED, relation_id="relation-2", person=replace(CHILD, name="谭子轩"))
    peers.answer(household.name_insured, other)
    assert _for_child(ports).draft.insured.name == "谭子轩"
    assert len(_open(ports)) == 1


def test_a_tap_for_another_person_at_the_same_moment_does_not_pay_for_the_wrong_one(ports: Ports) -> None:
    """Another request opened a journey for the payer between our look and our insert."""
    own = journeys.start_journey(PAYER, LIFE, ports)
    del ports.journeys.rows[own.journey_id]
    ports.journeys.taken = own
    assert _for_child(ports).draft.insured == CHILD
    assert [journey.draft.insured for journey in _open(ports)] == [CHILD]


def test_the_order_names_the_relation_and_the_insureds_phone(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.quote_payable, quoted())
    peers.answer(payment.place_order, OrderPlaced("order-1", "https://pay.example/1"))
    found = journeys.find_enrolment(_for_child(ports), ports)
    assert peers.asked["find_enrolment"][0].person == CHILD
    chosen, _ = journeys.select(found, Selection(InsuranceType.PENSION, tier_code="300"), ports)
    payable = journeys.quote_payable(chosen, ports)
    journeys.place_order(PAYER, payable, payable.draft.idempotency_key or "", ports)
    (order,) = peers.asked["place_order"]
    assert order.items == (ItemWanted("sealed", "13900139000", "relation-1", PLACE),)
    assert (order.payer.person_id, order.payer.phone) == (PAYER.person_id, PAYER.phone)


def test_prompts_speak_of_the_insured_and_not_to_the_payer(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.find_enrolment, EnrolmentNotFound())
    with pytest.raises(EnrolmentNotFound, match="查询不到被缴费人的参保登记信息"):
        journeys.find_enrolment(_for_child(ports), ports)
    with pytest.raises(EnrolmentNotFound, match="查询不到您的参保登记信息"):
        journeys.find_enrolment(journeys.start_journey(PAYER, LIFE, ports), ports)


def test_a_refused_quote_speaks_of_the_insured_and_keeps_the_agencies(ports: Ports, peers: FakePeers) -> None:
    found = journeys.find_enrolment(_for_child(ports), ports)
    chosen, _ = journeys.select(found, Selection(InsuranceType.MEDICAL), ports)
    peers.answer(contribution.quote_payable, AllPaid())
    with pytest.raises(AllPaid, match="被缴费人已完成"):
        journeys.quote_payable(chosen, ports)
    peers.answer(contribution.quote_payable, AgencyChoiceNeeded(agencies=[{"code": "1", "name": "钦州市"}]))
    with pytest.raises(AgencyChoiceNeeded, match="被缴费人在多个地方"):
        journeys.quote_payable(ports.journeys.rows[chosen.journey_id], ports)
    assert [agency.code for agency in ports.journeys.rows[chosen.journey_id].draft.agencies] == ["1"]


def test_a_refused_back_payment_speaks_of_the_insured(ports: Ports, peers: FakePeers) -> None:
    back = journeys.choose_kind(_for_child(ports), PaymentKind.BACK, ports)
    peers.answer(contribution.quote_back_payment, PensionMissing())
    with pytest.raises(PensionMissing, match="查询不到被缴费人的养老保险参保登记信息"):
        journeys.quote_payable(journeys.find_enrolment(back, ports), ports)


def test_an_entry_is_found_by_its_relation(ports: Ports, peers: FakePeers) -> None:
    paid = replace(PICK, pick_id="relation-9", relation_id="relation-9", paid_at=NOW)
    peers.answer(household.list_insured, Picks((paid, PICK)))
    assert insured.list_picks(PAYER.person_id, ports) == (paid, PICK)
    assert insured.find_related(PAYER.person_id, "relation-9", ports) == paid
    with pytest.raises(InsuredNotFound):
        insured.find_related(PAYER.person_id, "relation-8", ports)
