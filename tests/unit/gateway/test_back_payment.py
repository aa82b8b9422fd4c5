"""补缴 in a journey (3.2.1.6): asked once, all years at once, and never mixed up with 正常缴费."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import contribution, payment
from contract.contribution import AgencyChoiceNeeded, NothingPayable, PensionMissing, QuoteBackPayment
from contract.errors import ContractError
from contract.insurance import InsuranceType, PaymentKind
from contract.payment import OrderPlaced, QuoteExpired
from kit.clock import SetClock
from services.gateway.domain import drafts
from services.gateway.domain.drafts import Journey, Selection, Step
from services.gateway.errors import StalePage
from services.gateway.usecases import journeys
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import LIFE, PAYER, PENSION, PERSON, quoted, quoted_arrears

NORMAL, BACK = PaymentKind.NORMAL, PaymentKind.BACK
THIS_YEARS_PENSION = Selection(InsuranceType.PENSION, PENSION.entry_id, 2026)


@pytest.fixture
def behind(ports: Ports, peers: FakePeers) -> Journey:
    """补缴 chosen on 缴费人信息, the enrolment found."""
    peers.answer(contribution.quote_back_payment, quoted_arrears())
    started = journeys.choose_kind(journeys.start_journey(PAYER, LIFE, ports), BACK, ports)
    return journeys.find_enrolment(started, ports)


def _now(ports: Ports, journey: Journey) -> Journey:
    return ports.journeys.rows[journey.journey_id]


def test_a_journey_is_for_normal_payment_until_another_kind_is_chosen_and_remembers_it(
    ports: Ports, behind: Journey
) -> None:
    assert journeys.start_journey(PAYER, LIFE, ports).draft.kind is NORMAL
    assert behind.draft.kind is BACK


def test_all_years_are_asked_for_and_the_journey_goes_on_at_their_lines(
    behind: Journey, ports: Ports, peers: FakePeers
) -> None:
    assert behind.step is Step.PAYER, "nothing to choose: the lines are asked for from 缴费人信息"
    owed = journeys.quote_payable(behind, ports)
    assert behind.draft.enrolment is not None
    assert peers.asked["quote_back_payment"] == [
        QuoteBackPayment(PERSON, behind.draft.enrolment, ticket=behind.journey_id)
    ]
    assert owed.draft.quoted == quoted_arrears()
    assert owed.step is Step.CHECK
    assert journeys.quote_payable(owed, ports) == owed, "loading more lines asks nothing"
    assert len(peers.asked["quote_back_payment"]) == len(peers.asked["find_enrolment"]) == 1


def test_an_old_quote_is_asked_for_anew(
    behind: Journey, ports: Ports, peers: FakePeers, clock: SetClock
) -> None:
    owed = journeys.quote_payable(behind, ports)
    clock.advance(seconds=900 - journeys.QUOTE_LEFT.total_seconds())
    assert journeys.quote_payable(owed, ports).draft.idempotency_key != owed.draft.idempotency_key


@pytest.mark.parametrize("error", [PensionMissing(), NothingPayable()])
def test_after_a_refusal_the_kind_can_be_changed(
    behind: Journey, ports: Ports, peers: FakePeers, error: ContractError
) -> None:
    peers.answer(contribution.quote_back_payment, error)
    with pytest.raises(type(error)):
        journeys.quote_payable(behind, ports)
    assert _now(ports, behind).step is Step.PAYER
    normal = journeys.choose_kind(_now(ports, behind), NORMAL, ports)
    assert (normal.step, normal.draft.selection) == (Step.CHOICE, Selection())


def test_the_step_back_drops_the_quote_and_begins_with_this_years_pension(
    behind: Journey, ports: Ports
) -> None:
    owed = journeys.quote_payable(behind, ports)
    pension = Selection(InsuranceType.PENSION)
    normal = journeys.choose_kind(owed, NORMAL, ports, pension)
    assert (normal.draft.quoted, normal.draft.selection) == (None, THIS_YEARS_PENSION)
    assert journeys.choose_kind(normal, BACK, ports, pension).draft.selection == THIS_YEARS_PENSION


def test_a_quote_of_one_kind_is_never_paid_as_the_other(
    behind: Journey, ports: Ports, peers: FakePeers
) -> None:
    """A payment page of 补缴 is still open; in another tab 正常缴费 was chosen and quoted."""
    stale = journeys.quote_payable(behind, ports)
    peers.answer(contribution.quote_payable, quoted())
    normal = journeys.choose_kind(stale, NORMAL, ports, Selection(InsuranceType.PENSION))
    chosen, _ = journeys.select(normal, replace(normal.draft.selection, tier_code="300"), ports)
    assert journeys.quote_payable(chosen, ports).draft.quoted == quoted()
    with pytest.raises(StalePage):
        journeys.place_order(PAYER, _now(ports, stale), stale.draft.idempotency_key or "", ports)
    assert not peers.asked["place_order"]


def test_the_same_kind_again_keeps_everything(behind: Journey, ports: Ports) -> None:
    owed = journeys.quote_payable(behind, ports)
    assert journeys.choose_kind(owed, BACK, ports) == owed


def test_another_kind_while_the_enrolment_is_asked_for_waits(ports: Ports, clock: SetClock) -> None:
    """The answer would not find the journey as it left it, and be asked for again."""
    started = journeys.start_journey(PAYER, LIFE, ports)
    asking = replace(started, enrolment_asked_at=clock.now())
    with pytest.raises(StalePage):
        journeys.choose_kind(asking, BACK, ports)
    assert journeys.choose_kind(asking, NORMAL, ports) == asking


def test_an_agency_asked_for_is_answered_with_the_next_question(
    behind: Journey, ports: Ports, peers: FakePeers
) -> None:
    offered = [{"code": "450103", "name": "青秀区"}, {"code": "450202", "name": "城中区"}]
    peers.answer(contribution.quote_back_payment, AgencyChoiceNeeded(agencies=offered))
    with pytest.raises(AgencyChoiceNeeded):
        journeys.quote_payable(behind, ports)
    asked = _now(ports, behind)
    chosen = journeys.keep_draft(asked, drafts.choose_agency(asked.draft, "450202"), ports)
    peers.answer(contribution.quote_back_payment, quoted_arrears())
    owed = journeys.quote_payable(chosen, ports)
    assert peers.asked["quote_back_payment"][-1].agency_code == "450202"
    assert [agency.name for agency in owed.draft.agencies] == ["青秀区", "城中区"], "it can be changed"
    assert journeys.answer_agency(owed, "450202", ports) == owed
    assert journeys.answer_agency(owed, "450103", ports).draft.quoted is None


def test_an_order_for_all_years_is_placed_once_and_an_expired_quote_leads_back(
    behind: Journey, ports: Ports, peers: FakePeers
) -> None:
    owed = journeys.quote_payable(behind, ports)
    key = owed.draft.idempotency_key or ""
    peers.answer(payment.place_order, QuoteExpired())
    with pytest.raises(QuoteExpired):
        journeys.place_order(PAYER, owed, key, ports)
    assert _now(ports, owed).step is Step.PAYER
    again = journeys.quote_payable(_now(ports, owed), ports)
    peers.answer(payment.place_order, OrderPlaced("order-1", "https://pay.example/1"))
    peers.answer(payment.resume_payment, OrderPlaced("order-1", "https://pay.example/1"))
    journeys.place_order(PAYER, again, again.draft.idempotency_key or "", ports)
    journeys.place_order(PAYER, _now(ports, again), again.draft.idempotency_key or "", ports)
    (_, placed) = peers.asked["place_order"]
    assert [item.quote for item in placed.items] == ["sealed-arrears"]
    with pytest.raises(StalePage):
        journeys.choose_kind(_now(ports, again), NORMAL, ports)
