"""What the upstream is asked about the people of a batch: once each, a few at a time, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import contribution, household
from contract.contribution import (
    AgencyChoiceNeeded,
    EnrolmentNotFound,
    FindEnrolment,
    QuotePayable,
    UpstreamUnavailable,
)
from contract.errors import ContractError, InvalidInput
from contract.insurance import InsuranceType
from contract.upstream import UpstreamBusy
from kit.clock import SetClock
from services.gateway.domain.batches import AT_ONCE, Batch, Line, LineState, Way, agencies_of
from services.gateway.domain.waiting import ASKING
from services.gateway.usecases import batch_questions, batches
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_aside import FakeAside
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import MEDICAL, MEDICAL_ELSEWHERE, NOW, PENSION, TIERS, enrolment, quoted
from tests.unit.gateway.test_batches import OWN, asked, insured_of, sheet_of, started, typed

PEOPLE = 12


@pytest.fixture(autouse=True)
def _answers(ports: Ports, peers: FakePeers) -> None:
    peers.answer(household.name_insured, insured_of)
    peers.answer(contribution.list_tiers, replace(TIERS, tiers=TIERS.tiers[:1]))
    peers.answer(contribution.quote_payable, quoted())


@pytest.fixture
def ready(ports: Ports) -> Batch:
    """Twelve people nobody was asked about yet."""
    batch = started(ports, *(typed(serial) for serial in range(PEOPLE)))
    return batches.choose_terms(batch, InsuranceType.PENSION, 2026, ports)


def test_everybody_costs_two_questions_however_often_one_looks(
    ready: Batch, ports: Ports, peers: FakePeers
) -> None:
    for _ in range(3):
        progress = batch_questions.ask(ready, ports)
    assert (progress.done, progress.total) == (PEOPLE, PEOPLE)
    assert len(peers.asked["find_enrolment"]) == len(peers.asked["quote_payable"]) == PEOPLE
    numbers = {request.person.document_number for request in peers.asked["find_enrolment"]}
    assert len(numbers) == PEOPLE
    assert len(sheet_of(ready, ports).payable) == PEOPLE


def test_nobody_is_asked_about_before_it_is_known_what_for(ports: Ports, peers: FakePeers) -> None:
    assert batch_questions.ask(started(ports, typed(1)), ports).waiting == 1
    assert not peers.asked["find_enrolment"]


def test_a_few_are_asked_about_at_a_time(ready: Batch, ports: Ports) -> None:
    claimed = [batch_questions._claim(ready.batch_id, ports) for _ in range(AT_ONCE + 1)]
    assert [line is not None for line in claimed] == [True] * AT_ONCE + [False]
    progress = batch_questions.find_progress(ready, ports)
    assert (progress.waiting, progress.asking) == (PEOPLE, AT_ONCE)
    assert progress.ticket == claimed[0].line_id if claimed[0] else ""


def test_who_looks_begins_no_more_than_are_missing(ready: Batch, ports: Ports, aside: FakeAside) -> None:
    aside.impatient = True
    for _ in range(AT_ONCE - 1):
        batch_questions._claim(ready.batch_id, ports)
    batch_questions.ask(ready, ports)
    assert len(aside._left) == 1


def test_a_batch_whose_gateway_was_killed_goes_on_from_any_other(
    ready: Batch, ports: Ports, clock: SetClock, peers: FakePeers
) -> None:
    lost = [batch_questions._claim(ready.batch_id, ports) for _ in range(AT_ONCE)]
    assert batch_questions.ask(ready, ports).done == 0, "those may still be answered"
    clock.advance(seconds=ASKING.total_seconds() + 1)
    assert batch_questions.ask(ready, ports).done == PEOPLE
    assert len(peers.asked["find_enrolment"]) == PEOPLE
    late = lost[0]
    assert late is not None
    batch_questions._ask_about(late, ports)
    assert len(sheet_of(ready, ports).payable) == PEOPLE, "an answer that comes too late changes nothing"


def test_a_batch_left_behind_is_asked_about_no_more(ready: Batch, ports: Ports, peers: FakePeers) -> None:
    def leave(request: FindEnrolment) -> object:
        ports.batches.leave_open(None, ready.payer_id, NOW)
        return enrolment(PENSION)

    peers.answer(contribution.find_enrolment, leave)
    batch_questions.ask(ready, ports)
    assert len(peers.asked["find_enrolment"]) == 1


def test_who_is_removed_while_asked_about_is_gone(ports: Ports, peers: FakePeers) -> None:
    batch = batches.choose_terms(started(ports, typed(1)), InsuranceType.PENSION, 2026, ports)

    def remove(request: FindEnrolment) -> object:
        batches.remove_line(batch, request.ticket, ports)
        return enrolment(PENSION)

    peers.answer(contribution.find_enrolment, remove)
    batch_questions.ask(batch, ports)
    assert sheet_of(batch, ports).lines == ()
    assert not peers.asked["quote_payable"]


@pytest.mark.parametrize(
    ("error", "way"),
    [
        (EnrolmentNotFound(), Way.NONE), (UpstreamBusy.behind(7, 20), Way.AGAIN), (UpstreamUnavailable(), Way.AGAIN),
        (ContractError(), Way.AGAIN),
    ],
)  # fmt: skip
def test_one_refusal_stands_beside_the_others(
    ports: Ports, peers: FakePeers, error: ContractError, way: Way
) -> None:
    def answer(request: FindEnrolment) -> object:
        return error if request.person.name == "某2" else enrolment(PENSION)

    peers.answer(contribution.find_enrolment, answer)
    sheet = sheet_of(asked(ports, typed(1), typed(2), OWN), ports)
    assert len(sheet.payable) == 2
    (blocked,) = sheet.blocked
    assert (blocked.draft.insured.name, blocked.error.code, blocked.way) == ("某2", error.code, way)


def test_who_was_not_answered_is_asked_about_again_and_nobody_else(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.quote_payable, UpstreamUnavailable())
    batch = asked(ports, typed(1), typed(2))
    assert len(sheet_of(batch, ports).again) == 2
    peers.answer(contribution.quote_payable, quoted())
    batches.wait_again(batch, ports)
    batch_questions.ask(batch, ports)
    assert len(sheet_of(batch, ports).payable) == 2
    assert (len(peers.asked["find_enrolment"]), len(peers.asked["quote_payable"])) == (2, 4)
    batches.wait_again(batch, ports)
    assert not sheet_of(batch, ports).waiting


def test_an_enrolment_of_another_day_is_asked_for_anew(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.find_enrolment, replace(enrolment(PENSION), as_of=NOW))
    peers.answer(contribution.quote_payable, UpstreamUnavailable())
    batch = asked(ports, typed(1))
    batches.wait_again(batch, ports)
    batch_questions.ask(batch, ports)
    assert len(peers.asked["find_enrolment"]) == 2


def test_a_crash_blocks_its_line_and_no_other(ports: Ports, peers: FakePeers) -> None:
    def crash(request: QuotePayable) -> object:
        return RuntimeError() if request.person.name == "某1" else quoted()

    peers.answer(contribution.quote_payable, crash)
    batch = batches.choose_terms(started(ports, typed(1), typed(2)), InsuranceType.PENSION, 2026, ports)
    with pytest.raises(RuntimeError):
        batch_questions.ask(batch, ports)
    batch_questions.ask(batch, ports)
    sheet = sheet_of(batch, ports)
    assert [line.way for line in sheet.blocked] == [Way.AGAIN]
    assert len(sheet.payable) == 1


def _chosen_nothing(batch: Batch, line: Line, ports: Ports) -> None:
    with pytest.raises(InvalidInput, match="请选择社保经办机构"):
        batches.choose(batch, line, ports, year=2026)


def _chosen(batch: Batch, line: Line, code: str, ports: Ports) -> Line:
    batches.choose(batch, line, ports, agency_code=code)
    batch_questions.ask(batch, ports)
    (line,) = sheet_of(batch, ports).lines
    return line


def test_own_agencies_are_chosen_between_before_the_upstream_is_asked(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.find_enrolment, enrolment(MEDICAL, MEDICAL_ELSEWHERE))
    batch = asked(ports, typed(1), kind=InsuranceType.MEDICAL)
    (line,) = sheet_of(batch, ports).lines
    assert line.way is Way.CHOOSE
    assert not peers.asked["quote_payable"]
    assert [agency.code for agency in agencies_of(line.draft)] == ["450103", "450202"]
    _chosen_nothing(batch, line, ports)
    line = _chosen(batch, line, "450202", ports)
    assert line.state is LineState.SETTLED
    assert peers.asked["quote_payable"][0].entry_id == MEDICAL_ELSEWHERE.entry_id


def test_agencies_the_upstream_names_are_chosen_between_after_it_was_asked(
    ports: Ports, peers: FakePeers
) -> None:
    peers.answer(contribution.find_enrolment, enrolment(MEDICAL))
    named = AgencyChoiceNeeded(agencies=[{"code": "1", "name": "钦州市"}, {"code": "2", "name": "北海市"}])
    peers.answer(contribution.quote_payable, named)
    batch = asked(ports, typed(1), kind=InsuranceType.MEDICAL)
    (line,) = sheet_of(batch, ports).lines
    assert (line.way, [agency.name for agency in agencies_of(line.draft)]) == (
        Way.CHOOSE, ["钦州市", "北海市"],
    )  # fmt: skip
    peers.answer(contribution.quote_payable, quoted())
    assert _chosen(batch, line, "2", ports).payable
    assert [request.agency_code for request in peers.asked["quote_payable"]] == ["", "2"]
    assert len(peers.asked["find_enrolment"]) == 1
