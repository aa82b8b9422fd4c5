"""What a person may ask of us about their own data (security.md 15, 个人信息保护法)."""

from __future__ import annotations

from contract import payment, rights
from contract.payment import ListOrders
from contract.rights import Deletion, PersonNamed
from services.gateway.domain.account import EXPORTED_ORDERS, AccountExport, is_unsettled
from services.gateway.errors import OrderUnsettled
from services.gateway.usecases.ports import Ports


def export_account(person_id: str, ports: Ports) -> AccountExport:
    """What identity keeps, and the person's orders. Raises what export_person and list_orders raise: half an export
    would pass for a whole one."""
    person = ports.peers.call(rights.export_person, PersonNamed(person_id))
    orders = ports.peers.call(payment.list_orders, ListOrders(person_id, EXPORTED_ORDERS)).orders
    return AccountExport(ports.clock.now(), person, tuple(orders))


def request_deletion(person_id: str, ports: Ports) -> Deletion:
    """Ask identity to forget the person when the time is over. Raises OrderUnsettled while money may still move,
    and what request_deletion raises."""
    listed = ports.peers.call(payment.list_orders, ListOrders(person_id, EXPORTED_ORDERS)).orders
    unsettled = next((order for order in listed if is_unsettled(order)), None)
    if unsettled is not None:
        raise OrderUnsettled(order_id=unsettled.order_id)
    return ports.peers.call(rights.request_deletion, PersonNamed(person_id))
