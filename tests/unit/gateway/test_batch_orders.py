"""One order for all of a batch who can be paid for: once, all or none, and who stands in the way is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import contribution, household, payment
from contract.contribution import AllPaid, QuotePayable
from contract.errors import ContractError, DeadlineExceeded
from contract.payment import (
    ItemRepeated,
    LiveOrderExists,
    OrderPlaced,
    PlaceOrder,
    QuoteExpired,
    QuoteUsed,
    TooManyItems,
)
from services.gateway.domain.batches import Batch, BatchState, LineState
from services.gateway.errors import LineBlocked, StalePage
from services.gateway.usecases import batch_orders, batch_questions, batches
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import PAYER, TIERS, quoted
from tests.unit.gateway.test_batches import OWN, asked, insured_of, sheet_of, typed

PLACED = OrderPlaced("order-1", "https://pay.example/1")


@pytest.fixture(autouse=True)
def _answers(ports: Ports, peers: FakePeers) -> None:
    def payable(request: QuotePayable) -> object:
        sealed = replace(quoted(), quote=f"sealed for {request.person.name}")
        return AllPaid() if request.person.name == "某9" else sealed

    peers.answer(household.name_insured, insured_of)
    peers.answer(contribution.list_tiers, replace(TIERS, tiers=TIERS.tiers[:1]))
    peers.answer(contribution.quote_payable, payable)
    peers.answer(payment.place_order, PLACED)
    peers.answer(payment.resume_payment, PLACED)


@pytest.fixture
def batch(ports: Ports) -> Batch:
    """The payer and two others can be paid for, one more cannot."""
    return asked(ports, OWN, typed(1), typed(9), typed(2))


def place(batch: Batch, ports: Ports, key: str | None = None) -> OrderPlaced:
    """As a page would that shows the batch as it is now, or as an older one would."""
    batch = ports.batches.rows[batch.batch_id]
    key = key or sheet_of(batch, ports).idempotency_key
    return batch_orders.place_order(PAYER, batch, key, ports)


def test_all_who_can_be_paid_for_are_one_order(batch: Batch, ports: Ports, peers: FakePeers) -> None:
    assert place(batch, ports) == PLACED
    (order,) = peers.asked["place_order"]
    assert isinstance(order, PlaceOrder)
    assert [(item.quote, item.relation_id, item.insured_phone) for item in order.items] == [
        (f"sealed for {PAYER.person.name}", None, None),
        ("sealed for 某1", "relation of number-1", "13900139000"),
        ("sealed for 某2", "relation of number-2", "13900139000"),
    ]
    assert (order.payer.person_id, order.payer.phone) == (PAYER.person_id, PAYER.phone)
    saved = ports.batches.rows[batch.batch_id]
    assert (saved.state, saved.order_id) == (BatchState.PLACED, "order-1")


def test_a_second_tap_goes_on_paying_the_same_order(batch: Batch, ports: Ports, peers: FakePeers) -> None:
    assert place(batch, ports) == place(batch, ports) == PLACED
    assert len(peers.asked["place_order"]) == len(peers.asked["resume_payment"]) == 1


def test_two_taps_at_the_same_moment_send_the_same_key(batch: Batch, ports: Ports, peers: FakePeers) -> None:
    key = sheet_of(batch, ports).idempotency_key
    first = ports.batches.rows[batch.batch_id]
    for _ in range(2):
        batch_orders.place_order(PAYER, first, key, ports)
    assert len({(order.idempotency_key, order.items) for order in peers.asked["place_order"]}) == 1


def test_a_gateway_that_died_after_placing_places_the_same_again(
    batch: Batch, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(payment.place_order, DeadlineExceeded())
    with pytest.raises(DeadlineExceeded):
        place(batch, ports)
    peers.answer(payment.place_order, PLACED)
    assert place(batch, ports) == PLACED
    first, second = peers.asked["place_order"]
    assert first == second


def test_what_was_not_confirmed_is_not_charged(batch: Batch, ports: Ports, peers: FakePeers) -> None:
    shown = sheet_of(batch, ports)
    batches.remove_line(batch, shown.payable[1].line_id, ports)
    with pytest.raises(StalePage):
        place(batch, ports, shown.idempotency_key)
    batches.choose(batch, shown.payable[2], ports, tier_code="200")
    with pytest.raises(StalePage):
        place(batch, ports)
    assert not peers.asked["place_order"]


def test_nobody_to_pay_for_is_no_order(ports: Ports, peers: FakePeers) -> None:
    with pytest.raises(StalePage):
        place(asked(ports, typed(9)), ports)
    assert not peers.asked["place_order"]


@pytest.mark.parametrize("error", [LiveOrderExists, ItemRepeated, QuoteUsed])
def test_who_payment_refuses_is_marked_and_the_others_stay(
    batch: Batch, ports: Ports, peers: FakePeers, error: type[ContractError]
) -> None:
    peers.answer(payment.place_order, error(item=1))
    with pytest.raises(LineBlocked, match="没有扣款") as blocked:
        place(batch, ports)
    sheet = sheet_of(batch, ports)
    assert [line.draft.insured.name for line in sheet.payable] == [PAYER.person.name, "某2"]
    assert sheet.blocked[0].draft.insured.name == "某1"
    assert sheet.blocked[0].error.code == error.code
    assert blocked.value.detail == {"reason": error.code, "line_id": sheet.blocked[0].line_id}
    peers.answer(payment.place_order, PLACED)
    assert place(batch, ports) == PLACED
    assert len(peers.asked["place_order"][-1].items) == 2
    assert peers.asked["place_order"][0].idempotency_key != peers.asked["place_order"][1].idempotency_key


def test_the_payers_own_order_for_somebody_can_be_found(batch: Batch, ports: Ports, peers: FakePeers) -> None:
    peers.answer(payment.place_order, LiveOrderExists(item=0, order_id="order-0"))
    with pytest.raises(LineBlocked):
        place(batch, ports)
    assert sheet_of(batch, ports).blocked[0].error.detail == {"order_id": "order-0"}


def test_a_quote_that_ran_out_is_asked_for_again(batch: Batch, ports: Ports, peers: FakePeers) -> None:
    peers.answer(payment.place_order, QuoteExpired(item=2))
    with pytest.raises(LineBlocked):
        place(batch, ports)
    waiting = [line for line in sheet_of(batch, ports).lines if line.state is LineState.WAITING]
    assert [line.draft.insured.name for line in waiting] == ["某2"]
    batch_questions.ask(batch, ports)
    assert len(sheet_of(batch, ports).payable) == 3


def test_quotes_that_already_are_this_payers_order_lead_to_it(
    batch: Batch, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(payment.place_order, QuoteUsed(item=0, order_id="order-0"))
    with pytest.raises(QuoteUsed):
        place(batch, ports)
    assert ports.batches.rows[batch.batch_id].order_id == "order-0"


def test_what_is_about_nobody_in_particular_is_said_as_it_is(
    batch: Batch, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(payment.place_order, TooManyItems())
    with pytest.raises(TooManyItems):
        place(batch, ports)
    assert len(sheet_of(batch, ports).payable) == 3
