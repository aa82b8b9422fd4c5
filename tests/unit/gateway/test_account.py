"""Export and deletion: whole or not at all, and never while money may still move."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract import agreement, payment, rights
from contract.agreement import Agreements, AgreementState, AgreementView
from contract.errors import Unavailable
from contract.insurance import Channel
from contract.payment import Orders, OrderState, OrderView
from contract.people import DocumentType
from contract.rights import Account, Deletion, PersonExport, PersonNamed
from services.gateway.domain.documents import number_hint, number_label, type_of
from services.gateway.errors import AgreementStands, OrderUnsettled
from services.gateway.usecases import account
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import NOW

ORDER = OrderView(
    "order-1", OrderState.PAID, (), 40_000, Channel.WECHAT_ACCOUNT, "韦**", NOW, NOW, NOW, None, None, False,
)  # fmt: skip
AGREEMENT = AgreementView(
    "a1", AgreementState.ACTIVE, "中国建设银行", "**** 0051", "青秀中心", "14501030000", NOW, NOW, None, ""
)
DELETION = Deletion(NOW, NOW + dt.timedelta(days=7))
EXPORT = PersonExport(
    Account("韦**", DocumentType.RESIDENT_ID, "4501**********2040", "138****8000", NOW, NOW, None),
    (), (), (), 1,
)  # fmt: skip
UNSETTLED = {OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.REFUNDING}


def test_an_export_holds_what_identity_and_payment_keep(ports: Ports, peers: FakePeers) -> None:
    peers.answer(rights.export_person, EXPORT)
    peers.answer(payment.list_orders, Orders((ORDER,)))
    peers.answer(agreement.list_agreements, Agreements((AGREEMENT,)))
    exported = account.export_account("person-1", ports)
    assert (exported.person, exported.orders, exported.exported_at) == (EXPORT, (ORDER,), NOW)
    assert exported.agreements == (AGREEMENT,)
    assert peers.asked["export_person"] == [PersonNamed("person-1")]
    assert peers.asked["list_orders"][0].payer_id == "person-1"


@pytest.mark.parametrize("state", AgreementState)
def test_nobody_is_deleted_while_a_bank_may_debit_them(
    ports: Ports, peers: FakePeers, state: AgreementState
) -> None:
    peers.answer(rights.request_deletion, DELETION)
    peers.answer(payment.list_orders, Orders(()))
    peers.answer(agreement.list_agreements, Agreements((replace(AGREEMENT, state=state),)))
    if state in (AgreementState.FAILED, AgreementState.ENDED):
        assert account.request_deletion("person-1", ports) == DELETION
        return
    with pytest.raises(AgreementStands) as refused:
        account.request_deletion("person-1", ports)
    assert refused.value.detail["agreement_id"] == AGREEMENT.agreement_id
    assert not peers.asked["request_deletion"]


def test_half_an_export_is_none(ports: Ports, peers: FakePeers) -> None:
    peers.answer(rights.export_person, EXPORT)
    peers.answer(payment.list_orders, Unavailable())
    with pytest.raises(Unavailable):
        account.export_account("person-1", ports)


@pytest.mark.parametrize("state", OrderState)
def test_nobody_is_deleted_while_an_order_is_unsettled(
    ports: Ports, peers: FakePeers, state: OrderState
) -> None:
    peers.answer(rights.request_deletion, DELETION)
    peers.answer(agreement.list_agreements, Agreements(()))
    peers.answer(payment.list_orders, Orders((replace(ORDER, order_id="paid"), replace(ORDER, state=state))))
    if state not in UNSETTLED:
        assert account.request_deletion("person-1", ports) == DELETION
        return
    with pytest.raises(OrderUnsettled) as refused:
        account.request_deletion("person-1", ports)
    assert refused.value.detail["order_id"] == "order-1"
    assert not peers.asked["request_deletion"]


def test_money_that_is_owed_back_keeps_a_person(ports: Ports, peers: FakePeers) -> None:
    owed = replace(ORDER, state=OrderState.CLOSED, refund_case=True)
    peers.answer(payment.list_orders, Orders((owed,)))
    with pytest.raises(OrderUnsettled):
        account.request_deletion("person-1", ports)


@pytest.mark.parametrize("kind", DocumentType)
def test_every_document_says_what_its_number_is_called(kind: DocumentType) -> None:
    assert number_label(kind).endswith("号码")
    assert number_hint(kind)
    assert type_of(kind.value) is kind


@pytest.mark.parametrize("typed", ["", "999", "护照"])
def test_a_form_without_a_type_means_the_residents_card(typed: str) -> None:
    assert type_of(typed) is DocumentType.RESIDENT_ID
