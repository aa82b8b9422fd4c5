"""Questions that go on while the phone shows 您前面还有 N 人: asked once, answered or refused into the journey."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract import contribution
from contract.contribution import AgencyChoiceNeeded, QueuePlace
from contract.errors import DeadlineExceeded
from contract.insurance import InsuranceType
from contract.upstream import UpstreamBusy, UpstreamUnavailable
from kit.clock import SetClock
from services.gateway.domain import waiting
from services.gateway.domain.drafts import Journey, JourneyState, Selection
from services.gateway.domain.refusals import Refusal
from services.gateway.routes.waiting import asked_page
from services.gateway.usecases import journeys
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_aside import FakeAside
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import LIFE, MEDICAL, NOW, PAYER, PENSION, enrolment, quoted

BUSY = UpstreamBusy.behind(37, 12)


@pytest.fixture
def asking(ports: Ports, aside: FakeAside) -> Journey:
    """Whose enrolment is asked for."""
    aside.impatient = True
    return journeys.find_enrolment(journeys.start_journey(PAYER, LIFE, ports), ports)


@pytest.fixture
def quoting(ports: Ports, peers: FakePeers, aside: FakeAside) -> Journey:
    """Whose quote is asked for."""
    peers.answer(contribution.quote_payable, quoted())
    found = journeys.find_enrolment(journeys.start_journey(PAYER, LIFE, ports), ports)
    chosen, _ = journeys.select(found, Selection(InsuranceType.PENSION, tier_code="300"), ports)
    aside.impatient = True
    return journeys.quote_payable(chosen, ports)


def _now(ports: Ports, journey: Journey) -> Journey:
    return ports.journeys.rows[journey.journey_id]


def test_who_is_made_to_wait_finds_the_answer_in_the_journey(
    asking: Journey, ports: Ports, aside: FakeAside, peers: FakePeers
) -> None:
    assert asking.draft.enrolment is None and asked_page(asking, NOW) == "enrolment"
    assert journeys.find_enrolment(_now(ports, asking), ports) == asking, "another tap asks nothing"
    aside.finish()
    found = _now(ports, asking)
    assert found.draft.enrolment is not None and asked_page(found, NOW) == ""
    assert [asked.ticket for asked in peers.asked["find_enrolment"]] == [asking.journey_id]


def test_the_quote_is_waited_for_the_same_way(
    quoting: Journey, ports: Ports, aside: FakeAside, peers: FakePeers
) -> None:
    assert quoting.draft.quoted is None and asked_page(quoting, NOW) == "quote"
    assert journeys.quote_payable(_now(ports, quoting), ports) == quoting
    aside.finish()
    done = _now(ports, quoting)
    assert done.draft.quoted is not None and asked_page(done, NOW) == ""
    assert done.draft.idempotency_key
    assert [asked.ticket for asked in peers.asked["quote_payable"]] == [quoting.journey_id]


def test_a_refusal_nobody_was_there_to_hear_is_kept_until_it_is_asked_again(
    asking: Journey, ports: Ports, aside: FakeAside, peers: FakePeers
) -> None:
    peers.answer(contribution.find_enrolment, BUSY)
    aside.finish()
    refused = _now(ports, asking)
    assert asked_page(refused, NOW) == "" and refused.draft.refused is not None
    error = refused.draft.refused.error
    assert (type(error), error.message, error.detail) == (UpstreamBusy, BUSY.message, BUSY.detail)
    assert journeys.find_enrolment(refused, ports).draft.refused is None


def test_a_refused_quote_keeps_what_was_chosen_and_the_agencies_to_choose_from(
    quoting: Journey, ports: Ports, aside: FakeAside, peers: FakePeers
) -> None:
    agencies = [{"code": "450702", "name": "钦州市钦南区"}]
    peers.answer(contribution.quote_payable, AgencyChoiceNeeded(agencies=agencies))
    aside.finish()
    draft = _now(ports, quoting).draft
    assert draft.selection == quoting.draft.selection and draft.quoted is None
    assert [agency.code for agency in draft.agencies] == ["450702"]
    assert draft.refused is not None and isinstance(draft.refused.error, AgencyChoiceNeeded)


def test_another_selection_meanwhile_may_be_asked_about_at_once(
    quoting: Journey, ports: Ports, aside: FakeAside, peers: FakePeers
) -> None:
    other, _ = journeys.select(quoting, replace(quoting.draft.selection, tier_code="200"), ports)
    assert not other.is_quoting(NOW)
    again = journeys.quote_payable(other, ports)
    aside.finish()
    assert [asked.tier_code for asked in peers.asked["quote_payable"]] == ["300", "200"]
    assert _now(ports, again).version == again.version + 1, "the first answer came too late to count"


def test_an_answer_that_comes_after_the_payer_began_anew_opens_nothing(
    asking: Journey, ports: Ports, aside: FakeAside
) -> None:
    with ports.transactions.transaction() as tx:
        ports.journeys.leave_open(tx, PAYER.person_id, NOW)
    aside.finish()
    assert _now(ports, asking).state is JourneyState.LEFT


def test_a_question_whose_gateway_was_killed_may_be_asked_again_after_its_time(
    quoting: Journey, asking: Journey, ports: Ports, clock: SetClock
) -> None:
    clock.advance(seconds=max(waiting.QUOTING, waiting.ASKING).total_seconds())
    assert asked_page(quoting, clock.now()) == asked_page(asking, clock.now()) == ""


def test_an_enrolment_that_is_not_of_today_may_be_asked_for_again(ports: Ports, peers: FakePeers) -> None:
    peers.answer(
        contribution.find_enrolment, replace(enrolment(MEDICAL, PENSION), as_of=NOW - dt.timedelta(days=1))
    )
    found = journeys.find_enrolment(journeys.start_journey(PAYER, LIFE, ports), ports)
    chosen, _ = journeys.select(found, Selection(InsuranceType.PENSION, tier_code="300"), ports)
    peers.answer(contribution.find_enrolment, enrolment(MEDICAL, PENSION))
    fresh = journeys.find_enrolment(chosen, ports)
    assert fresh.draft.enrolment is not None and fresh.draft.enrolment.as_of is None
    assert fresh.draft.selection == chosen.draft.selection, "what was chosen stays"


@pytest.mark.parametrize(
    ("answer", "ahead"),
    [(QueuePlace(12, 5), 12), (QueuePlace(0, 2), 0), (QueuePlace(None), None), (DeadlineExceeded(), None)],
)
def test_the_place_is_told_where_somebody_knows_it(
    asking: Journey, ports: Ports, peers: FakePeers, answer: object, ahead: int | None
) -> None:
    peers.answer(contribution.get_queue_place, answer)
    assert journeys.find_place(asking.journey_id, ports).ahead == ahead
    assert peers.asked["get_queue_place"][0].ticket == asking.journey_id


@pytest.mark.parametrize(("seconds", "after"), [(None, 3), (2, 3), (18, 6), (90, 10)])
def test_who_waits_long_looks_seldom(seconds: int | None, after: int) -> None:
    assert waiting.look_again(QueuePlace(1, seconds)) == after


def test_a_kept_refusal_is_the_error_it_was() -> None:
    for error in (
        BUSY,
        UpstreamUnavailable(),
        AgencyChoiceNeeded(agencies=[{"code": "1", "name": "钦州市"}]),
    ):
        again = Refusal.of(error).error
        assert (type(again), again.message, again.detail) == (type(error), error.message, error.detail)
