"""The list of a batch: who gets on it, who does not and why, and what is chosen for whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract import contribution, household
from contract.contribution import AllPaid, Quoted, TierUnknown, YearNotOffered
from contract.errors import InvalidInput, NotFound
from contract.household import Insured, InsuredNotFound, NameInsured, OwnDocument, TypedPerson
from contract.identity import InvalidIdNumber
from contract.insurance import InsuranceType
from contract.people import DocumentType, Person
from kit.clock import SetClock
from services.gateway.domain.batches import MOST, Batch, BatchState, LineState, PersonWanted, Sheet, Way
from services.gateway.errors import AlreadyListed, ListFull, StalePage, TypeNotEnrolled
from services.gateway.usecases import batch_questions, batches
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_aside import FakeAside
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import LIFE, NOW, PAYER, PENSION, TIERS, enrolment, quoted

OWN = PersonWanted()


def typed(serial: int, **other: str) -> PersonWanted:
    person = TypedPerson(DocumentType.RESIDENT_ID, f"number-{serial}", f"某{serial}", "13900139000")
    return PersonWanted(typed=replace(person, **other))


def insured_of(request: NameInsured) -> Insured | Exception:
    """What identity says of somebody typed."""
    who = request.typed
    if who.document_number == "wrong":
        return InvalidIdNumber()
    if who.document_number == PAYER.person.document_number:
        return OwnDocument()
    person = Person(who.document_type, who.document_number, who.name)
    return Insured(f"relation of {who.document_number}", person, who.phone, None)


@pytest.fixture(autouse=True)
def _identity(peers: FakePeers) -> None:
    peers.answer(household.name_insured, insured_of)
    peers.answer(contribution.quote_payable, quoted())


def started(ports: Ports, *wanted: PersonWanted) -> Batch:
    batch = batches.start_batch(PAYER, LIFE, ports)
    assert batches.add_people(PAYER, batch, wanted, ports) == {}
    return batch


def asked(ports: Ports, *wanted: PersonWanted, kind: InsuranceType = InsuranceType.PENSION) -> Batch:
    """Everybody was asked about."""
    batch = batches.choose_terms(started(ports, *wanted), kind, 2026, ports)
    batch_questions.ask(batch, ports)
    return batch


def sheet_of(batch: Batch, ports: Ports) -> Sheet:
    return batches.read_sheet(ports.batches.rows[batch.batch_id], ports)


def test_a_payer_has_one_open_batch_and_may_begin_anew(ports: Ports) -> None:
    first = batches.start_batch(PAYER, LIFE, ports)
    assert batches.start_batch(PAYER, LIFE, ports) == first
    second = batches.start_batch(PAYER, LIFE, ports, anew=True)
    assert second.batch_id != first.batch_id
    assert ports.batches.rows[first.batch_id].state is BatchState.LEFT
    with pytest.raises(StalePage):
        batches.add_people(PAYER, first, [typed(1)], ports)


def test_the_same_name_of_a_batch_leads_to_the_same_batch_even_when_it_is_over(ports: Ports) -> None:
    first = batches.start_batch(PAYER, LIFE, ports, anew=True, batch_id="named")
    batches.start_batch(PAYER, LIFE, ports, anew=True)
    again = batches.start_batch(PAYER, LIFE, ports, anew=True, batch_id="named")
    assert (first.batch_id, again.state) == ("named", BatchState.LEFT)


def test_the_payer_picks_and_typed_people_are_one_list(ports: Ports, peers: FakePeers) -> None:
    picked = Insured("relation-7", Person(DocumentType.PASSPORT, "E1", "李四"), "", None)
    peers.answer(household.pick_insured, picked)
    batch = started(ports, OWN, PersonWanted("member-1"), typed(1))
    drafts = [line.draft for line in sheet_of(batch, ports).lines]
    assert [draft.insured.name for draft in drafts] == [PAYER.person.name, "李四", "某1"]
    assert [draft.for_other for draft in drafts] == [False, True, True]
    assert [draft.insured_phone for draft in drafts] == ["", "", "13900139000"]


def test_who_is_wrong_is_told_and_everybody_else_is_added(ports: Ports, peers: FakePeers) -> None:
    batch = batches.start_batch(PAYER, LIFE, ports)
    peers.answer(household.pick_insured, InsuredNotFound())
    wanted = [
        typed(1), typed(2, document_number="wrong"), typed(3, document_number=""), typed(4, name=""),
        typed(5, document_number=PAYER.person.document_number), PersonWanted("gone"), typed(6), typed(1),
    ]  # fmt: skip
    refused = batches.add_people(PAYER, batch, wanted, ports)
    assert {place: type(error) for place, error in refused.items()} == {
        1: InvalidIdNumber, 2: InvalidInput, 3: InvalidInput, 4: OwnDocument, 5: InsuredNotFound, 7: AlreadyListed,
    }  # fmt: skip
    assert (refused[2].message, refused[3].message) == ("请输入身份证号码。", "请输入姓名。")
    assert [line.draft.insured.name for line in sheet_of(batch, ports).lines] == ["某1", "某6"]


def test_one_payment_is_for_so_many_and_the_others_are_told(ports: Ports, peers: FakePeers) -> None:
    batch = started(ports, *(typed(serial) for serial in range(MOST - 2)))
    refused = batches.add_people(PAYER, batch, [typed(100 + serial) for serial in range(4)], ports)
    assert {place: type(error) for place, error in refused.items()} == {2: ListFull, 3: ListFull}
    assert len(sheet_of(batch, ports).lines) == MOST == 50
    assert "一次最多为50人" in refused[3].message


def test_a_very_long_list_does_not_ask_for_everybody(ports: Ports, peers: FakePeers) -> None:
    batch = batches.start_batch(PAYER, LIFE, ports)
    refused = batches.add_people(PAYER, batch, [typed(0, document_number="wrong")] * 5000, ports)
    assert len(refused) == 5000
    assert len(peers.asked["name_insured"]) == 2 * MOST


def test_somebody_is_removed_once_and_for_all(ports: Ports) -> None:
    batch = started(ports, typed(1), typed(2))
    first, second = sheet_of(batch, ports).lines
    for _ in range(2):
        batches.remove_line(batch, first.line_id, ports)
    assert [line.line_id for line in sheet_of(batch, ports).lines] == [second.line_id]
    with pytest.raises(NotFound):
        batches.find_line(batch, first.line_id, ports)
    assert batches.add_people(PAYER, batch, [typed(3)], ports) == {}
    assert len({line.position for line in sheet_of(batch, ports).lines}) == 2


def test_terms_are_chosen_from_what_is_offered(ports: Ports) -> None:
    batch = started(ports, typed(1))
    with pytest.raises(InvalidInput, match=r"请选择缴费险种\.\.\."):
        batches.choose_terms(batch, None, 2026, ports)
    with pytest.raises(YearNotOffered):
        batches.choose_terms(batch, InsuranceType.PENSION, 2027, ports)
    chosen = batches.choose_terms(batch, InsuranceType.MEDICAL, 2027, ports)
    (line,) = sheet_of(batch, ports).lines
    assert (line.draft.selection.insurance_type, line.draft.selection.year) == (InsuranceType.MEDICAL, 2027)
    assert batches.choose_terms(chosen, InsuranceType.MEDICAL, 2027, ports) == chosen


def test_other_terms_have_everybody_asked_about_again_but_not_for_the_enrolment(
    ports: Ports, peers: FakePeers
) -> None:
    batch = asked(ports, typed(1))
    peers.answer(contribution.list_tiers, replace(TIERS, tiers=TIERS.tiers[:1]))
    batch = batches.choose_terms(batch, InsuranceType.MEDICAL, 2027, ports)
    assert sheet_of(batch, ports).waiting
    batch_questions.ask(batch, ports)
    assert len(peers.asked["find_enrolment"]) == 1
    assert peers.asked["quote_payable"][-1].year == 2027


def test_a_tab_that_came_too_late_changes_nothing(ports: Ports) -> None:
    batch = started(ports, typed(1))
    batches.choose_terms(batch, InsuranceType.MEDICAL, 2026, ports)
    with pytest.raises(StalePage):
        batches.choose_terms(batch, InsuranceType.MEDICAL, 2027, ports)
    with pytest.raises(StalePage):
        batches.keep(batch, replace(batch.terms, reminder_phone="13900139001"), ports)


def test_a_tier_is_chosen_once_for_all_or_for_one(ports: Ports) -> None:
    batch = asked(ports, typed(1), typed(2), typed(3))
    sheet = sheet_of(batch, ports)
    assert [type(line.error) for line in sheet.blocked] == [TierUnknown] * 3
    assert sheet.without_tier() == sheet.lines[0]
    batches.choose(batch, sheet.lines[1], ports, tier_code="200")
    batch_questions.ask(batch, ports)
    sheet = sheet_of(batch, ports)
    assert [line.payable for line in sheet.lines] == [False, True, False]
    assert sheet.without_tier() is None
    batch = batches.choose(batch, sheet.lines[0], ports, tier_code="300", tier_for_all=True)
    batch_questions.ask(batch, ports)
    chosen = [line.draft.selection.tier_code for line in sheet_of(batch, ports).payable]
    assert chosen == ["300", "200", "300"]
    assert batch.terms.tier_code == "300"


def test_what_cannot_be_chosen_is_refused(ports: Ports) -> None:
    batch = asked(ports, typed(1))
    (line,) = sheet_of(batch, ports).lines
    with pytest.raises(InvalidInput, match="社保经办机构"):
        batches.choose(batch, line, ports, agency_code="somewhere", tier_code="200")
    with pytest.raises(InvalidInput, match="请选择缴费档次"):
        batches.choose(batch, line, ports, year=2026)
    with pytest.raises(YearNotOffered):
        batches.choose(batch, line, ports, year=2031, tier_code="200")
    assert sheet_of(batch, ports).lines == (line,)


def test_a_choice_made_on_an_old_page_is_not_taken(ports: Ports) -> None:
    batch = asked(ports, typed(1))
    (line,) = sheet_of(batch, ports).lines
    batches.choose(batch, line, ports, tier_code="200")
    with pytest.raises(StalePage):
        batches.choose(batch, line, ports, tier_code="300")


def test_quotes_that_run_out_are_asked_for_again(ports: Ports, clock: SetClock, peers: FakePeers) -> None:
    batch = asked(ports, typed(1))
    batches.choose(batch, sheet_of(batch, ports).lines[0], ports, tier_code="300")
    batch_questions.ask(batch, ports)
    assert not batches.renew_expiring(sheet_of(batch, ports), ports)
    clock.advance(seconds=800)
    assert batches.renew_expiring(sheet_of(batch, ports), ports)
    assert sheet_of(batch, ports).lines[0].state is LineState.WAITING
    batch_questions.ask(batch, ports)
    assert sheet_of(batch, ports).payable
    assert (len(peers.asked["find_enrolment"]), len(peers.asked["quote_payable"])) == (1, 2)


def test_the_sum_is_of_those_who_can_be_paid_for(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.find_enrolment, enrolment(PENSION))
    peers.answer(contribution.list_tiers, replace(TIERS, tiers=TIERS.tiers[:1]))

    def payable(request: contribution.QuotePayable) -> Quoted | Exception:
        return AllPaid() if request.person.name == "某2" else quoted(20_000 + len(request.person.name))

    peers.answer(contribution.quote_payable, payable)
    sheet = sheet_of(asked(ports, OWN, typed(1), typed(2)), ports)
    assert (len(sheet.payable), len(sheet.blocked), sheet.amount) == (2, 1, 40_005)
    assert [item.relation_id for item in sheet.items] == [None, "relation of number-1"]
    (blocked,) = sheet.blocked
    assert (blocked.way, blocked.error.message[:6]) == (Way.NONE, "被缴费人已完")


def test_the_key_belongs_to_the_set_of_quotes(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.list_tiers, replace(TIERS, tiers=TIERS.tiers[:1]))
    batch = asked(ports, typed(1), typed(2))
    sheet = sheet_of(batch, ports)
    assert sheet_of(batch, ports).idempotency_key == sheet.idempotency_key
    batches.remove_line(batch, sheet.lines[1].line_id, ports)
    fewer = sheet_of(batch, ports).idempotency_key
    peers.answer(contribution.quote_payable, replace(quoted(), quote="sealed-anew"))
    batches.choose(batch, sheet.lines[0], ports, tier_code="200")
    batch_questions.ask(batch, ports)
    assert len({sheet.idempotency_key, fewer, sheet_of(batch, ports).idempotency_key}) == 3


def test_an_order_that_was_not_paid_gives_its_people_to_a_new_batch(
    ports: Ports, aside: FakeAside, peers: FakePeers
) -> None:
    batch = asked(ports, OWN, typed(1))
    ports.batches.rows[batch.batch_id] = replace(batch, state=BatchState.PLACED, order_id="order-1")
    again = batches.start_again(PAYER, "order-1", LIFE, ports)
    lines = sheet_of(again, ports).lines
    assert [line.draft.insured.name for line in lines] == [PAYER.person.name, "某1"]
    assert lines[1].draft.insured_relation_id == "relation of number-1"
    assert {line.draft.enrolment for line in lines} == {None}
    assert len(peers.asked["name_insured"]) == 1
    with pytest.raises(NotFound):
        batches.start_again(PAYER, "somebody's", LIFE, ports)


def test_nobody_is_asked_about_who_is_not_enrolled_in_the_type(ports: Ports, peers: FakePeers) -> None:
    peers.answer(contribution.find_enrolment, enrolment(PENSION))
    batch = asked(ports, typed(1), OWN, kind=InsuranceType.MEDICAL)
    other, own = sheet_of(batch, ports).blocked
    assert isinstance(own.error, TypeNotEnrolled)
    assert own.error.message.startswith("查询不到您的医疗保险参保登记信息")
    assert other.error.message.startswith("查询不到被缴费人的医疗保险参保登记信息")
    assert not peers.asked["quote_payable"]


def test_an_old_batch_is_forgotten(ports: Ports) -> None:
    batch = started(ports, typed(1))
    assert ports.batches.prune(None, NOW) == 0
    assert ports.batches.prune(None, NOW + dt.timedelta(seconds=1)) == 1
    assert not ports.batches.lines(None, batch.batch_id)
