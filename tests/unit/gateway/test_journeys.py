"""A journey from its start to its order: asked once, placed once, whatever is pressed twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import contribution, payment
from contract.contribution import AgencyChoiceNeeded, EnrolmentNotFound, UpstreamUnavailable
from contract.errors import ContractError, DeadlineExceeded
from contract.insurance import InsuranceType
from contract.payment import ItemWanted, OrderPlaced, QuoteExpired, QuoteUsed
from kit.clock import SetClock
from services.gateway.domain import waiting
from services.gateway.domain.drafts import Journey, JourneyState, Selection, Step
from services.gateway.errors import StalePage
from services.gateway.usecases import journeys, upkeep
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import LIFE, MEDICAL, PAYER, enrolment, quoted

PLACED = OrderPlaced("order-1", "https://pay.example/1")


@pytest.fixture
def journey(ports: Ports) -> Journey:
    """With its enrolment found."""
    return journeys.find_enrolment(journeys.start_journey(PAYER, LIFE, ports), ports)


@pytest.fixture
def payable(journey: Journey, ports: Ports, peers: FakePeers) -> Journey:
    """With a quote."""
    peers.answer(contribution.quote_payable, quoted())
    chosen, _ = journeys.select(journey, Selection(InsuranceType.PENSION, tier_code="300"), ports)
    return journeys.quote_payable(chosen, ports)


def _now(ports: Ports, journey: Journey) -> Journey:
    return ports.journeys.rows[journey.journey_id]


def test_a_double_tap_starts_one_journey(ports: Ports) -> None:
    first = journeys.start_journey(PAYER, LIFE, ports)
    assert journeys.start_journey(PAYER, LIFE, ports).journey_id == first.journey_id


def test_a_new_journey_takes_the_place_of_the_one_that_had_begun(journey: Journey, ports: Ports) -> None:
    newer = journeys.start_journey(PAYER, LIFE, ports)
    assert newer.journey_id != journey.journey_id
    assert _now(ports, journey).state is JourneyState.LEFT


def test_the_one_who_opens_a_journey_second_goes_on_with_the_first(ports: Ports) -> None:
    other = journeys.start_journey(PAYER, LIFE, ports)
    del ports.journeys.rows[other.journey_id]
    ports.journeys.taken = other
    assert journeys.start_journey(PAYER, LIFE, ports) == other


def test_the_enrolment_is_asked_for_once(journey: Journey, ports: Ports, peers: FakePeers) -> None:
    assert journey.step is Step.CHOICE
    journeys.find_enrolment(journey, ports)
    assert len(peers.asked["find_enrolment"]) == 1


def test_a_tap_while_the_enrolment_is_asked_for_waits(ports: Ports, peers: FakePeers) -> None:
    started = journeys.start_journey(PAYER, LIFE, ports)

    def tap_again(request: object) -> object:
        seen = _now(ports, started)
        assert seen.is_asking(ports.clock.now())
        assert journeys.find_enrolment(seen, ports) is seen
        return enrolment(MEDICAL)

    peers.answer(contribution.find_enrolment, tap_again)
    journeys.find_enrolment(started, ports)
    assert len(peers.asked["find_enrolment"]) == 1


def test_two_tabs_that_ask_at_once_ask_once(ports: Ports, peers: FakePeers) -> None:
    """Both have read the journey before either wrote that it asks."""
    started = journeys.start_journey(PAYER, LIFE, ports)
    journeys.find_enrolment(started, ports)
    assert journeys.find_enrolment(started, ports).is_asking(ports.clock.now()), "the first one asks"
    assert len(peers.asked["find_enrolment"]) == 1


@pytest.mark.parametrize("error", [EnrolmentNotFound(), UpstreamUnavailable(), DeadlineExceeded()])
def test_after_a_refusal_the_enrolment_may_be_asked_for_again(
    ports: Ports, peers: FakePeers, error: ContractError
) -> None:
    started = journeys.start_journey(PAYER, LIFE, ports)
    peers.answer(contribution.find_enrolment, error)
    with pytest.raises(type(error)):
        journeys.find_enrolment(started, ports)
    assert not _now(ports, started).is_asking(ports.clock.now())


def test_a_crash_while_asking_is_forgotten_after_the_deadline(ports: Ports, clock: SetClock) -> None:
    started = journeys.start_journey(PAYER, LIFE, ports)
    asking = replace(started, enrolment_asked_at=clock.now())
    assert asking.is_asking(clock.now())
    clock.advance(seconds=waiting.ASKING.total_seconds())
    assert not asking.is_asking(clock.now())


def test_an_only_type_is_chosen_when_the_enrolment_comes(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.find_enrolment, enrolment(MEDICAL))
    found = journeys.find_enrolment(journeys.start_journey(PAYER, LIFE, ports), ports)
    assert found.draft.selection.insurance_type is InsuranceType.MEDICAL


def test_another_selection_drops_the_quote_and_the_agencies(payable: Journey, ports: Ports) -> None:
    same, _ = journeys.select(payable, payable.draft.selection, ports)
    assert same.draft.quoted is not None
    other, _ = journeys.select(payable, replace(payable.draft.selection, tier_code="200"), ports)
    assert other.draft.quoted is None


def test_a_good_quote_is_used_again_and_an_old_one_is_not(
    payable: Journey, ports: Ports, peers: FakePeers, clock: SetClock
) -> None:
    assert journeys.quote_payable(payable, ports).draft.idempotency_key == payable.draft.idempotency_key
    assert len(peers.asked["quote_payable"]) == 1
    clock.advance(seconds=900 - journeys.QUOTE_LEFT.total_seconds())
    fresh = journeys.quote_payable(payable, ports)
    assert len(peers.asked["quote_payable"]) == 2
    assert fresh.draft.idempotency_key != payable.draft.idempotency_key


def test_agencies_to_choose_from_are_kept_in_the_journey(
    journey: Journey, ports: Ports, peers: FakePeers
) -> None:
    chosen, _ = journeys.select(journey, Selection(InsuranceType.MEDICAL), ports)
    peers.answer(
        contribution.quote_payable, AgencyChoiceNeeded(agencies=[{"code": "450702", "name": "钦州市钦南区"}])
    )
    with pytest.raises(AgencyChoiceNeeded):
        journeys.quote_payable(chosen, ports)
    assert [agency.code for agency in _now(ports, journey).draft.agencies] == ["450702"]


def test_a_confirmation_is_kept(journey: Journey, ports: Ports) -> None:
    chosen, _ = journeys.select(journey, Selection(InsuranceType.MEDICAL), ports)
    confirmed = journeys.confirm_agency(chosen, ports).draft.selection
    assert confirmed.confirmed == confirmed.to_confirm


def test_an_order_is_placed_with_the_quotes_key_and_ends_the_journey(
    payable: Journey, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(payment.place_order, PLACED)
    key = payable.draft.idempotency_key
    assert key
    assert journeys.place_order(PAYER, payable, key, ports) == PLACED
    (asked,) = peers.asked["place_order"]
    assert (asked.items, asked.idempotency_key, asked.payer.phone) == (
        (ItemWanted("sealed"),),
        key,
        "13800138000",
    )
    assert (_now(ports, payable).state, _now(ports, payable).order_id) == (JourneyState.PLACED, "order-1")


def test_a_second_tap_at_the_same_moment_sends_the_same_key(
    payable: Journey, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(payment.place_order, PLACED)
    key = payable.draft.idempotency_key or ""
    journeys.place_order(PAYER, payable, key, ports)
    journeys.place_order(PAYER, payable, key, ports)
    assert {asked.idempotency_key for asked in peers.asked["place_order"]} == {key}


def test_a_tap_after_the_order_pays_that_order(payable: Journey, ports: Ports, peers: FakePeers) -> None:
    peers.answer(payment.place_order, PLACED)
    peers.answer(payment.resume_payment, PLACED)
    journeys.place_order(PAYER, payable, payable.draft.idempotency_key or "", ports)
    journeys.place_order(PAYER, _now(ports, payable), "any", ports)
    assert len(peers.asked["place_order"]) == 1
    assert peers.asked["resume_payment"][0].order_id == "order-1"


def test_another_pages_key_places_nothing(payable: Journey, ports: Ports, peers: FakePeers) -> None:
    with pytest.raises(StalePage):
        journeys.place_order(PAYER, payable, "another", ports)
    assert not peers.asked["place_order"]


def test_an_expired_quote_is_dropped(payable: Journey, ports: Ports, peers: FakePeers) -> None:
    peers.answer(payment.place_order, QuoteExpired())
    with pytest.raises(QuoteExpired):
        journeys.place_order(PAYER, payable, payable.draft.idempotency_key or "", ports)
    assert _now(ports, payable).step is Step.CHOICE


def test_a_quote_that_was_used_leads_to_its_order(payable: Journey, ports: Ports, peers: FakePeers) -> None:
    peers.answer(payment.place_order, QuoteUsed(order_id="order-9"))
    with pytest.raises(QuoteUsed):
        journeys.place_order(PAYER, payable, payable.draft.idempotency_key or "", ports)
    assert _now(ports, payable).order_id == "order-9"


def test_after_no_answer_the_same_order_can_be_asked_for_again(
    payable: Journey, ports: Ports, peers: FakePeers
) -> None:
    key = payable.draft.idempotency_key or ""
    peers.answer(payment.place_order, DeadlineExceeded())
    with pytest.raises(DeadlineExceeded):
        journeys.place_order(PAYER, payable, key, ports)
    assert _now(ports, payable) == payable
    peers.answer(payment.place_order, PLACED)
    assert journeys.place_order(PAYER, payable, key, ports) == PLACED


def test_a_draft_saved_by_another_tab_is_not_overwritten(payable: Journey, ports: Ports) -> None:
    journeys.keep_draft(payable, replace(payable.draft, reminder_phone=None), ports)
    with pytest.raises(StalePage):
        journeys.keep_draft(payable, replace(payable.draft, reminder_phone="13900139000"), ports)


def test_old_journeys_are_forgotten(journey: Journey, ports: Ports, clock: SetClock) -> None:
    clock.advance(hours=25)
    upkeep.prune(LIFE / 24, LIFE / 3, LIFE, ports)
    assert not ports.journeys.rows
