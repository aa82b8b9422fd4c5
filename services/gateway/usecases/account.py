"""What a person may ask of us about their own data (security.md 15, 个人信息保护法)."""

from __future__ import annotations

from contract import agreement, payment, rights
from contract.agreement import ListAgreements
from contract.payment import ListOrders
from contract.rights import Deletion, PersonNamed
from services.gateway.domain.account import EXPORTED_ORDERS, AccountExport, is_unsettled
from services.gateway.errors import AgreementStands, OrderUnsettled
from services.gateway.usecases.agreements import standing_agreement
from services.gateway.usecases.ports import Ports


def export_account(person_id: str, ports: Ports) -> AccountExport:
    """What identity keeps, the person's orders and agreements. Raises what export_person, list_orders and
    list_agreements raise: half an export would pass for a whole one."""
    person = ports.peers.call(rights.export_person, PersonNamed(person_id))
    orders = ports.peers.call(payment.list_orders, ListOrders(person_id, EXPORTED_ORDERS)).orders
    agreements = ports.peers.call(agreement.list_agreements, ListAgreements(person_id)).agreements
    return AccountExport(ports.clock.now(), person, tuple(orders), tuple(agreements))


def request_deletion(person_id: str, ports: Ports) -> Deletion:
    """Ask identity to forget the person when the time is over. Raises OrderUnsettled while money may still move,
    AgreementStands while a bank may debit the person's account, and what request_deletion raises."""
    listed = ports.peers.call(payment.list_orders, ListOrders(person_id, EXPORTED_ORDERS)).orders
    unsettled = next((order for order in listed if is_unsettled(order)), None)
    if unsettled is not None:
        raise OrderUnsettled(order_id=unsettled.order_id)
    standing = standing_agreement(person_id, ports)
    if standing is not None:
        raise AgreementStands(agreement_id=standing.agreement_id)
    return ports.peers.call(rights.request_deletion, PersonNamed(person_id))
