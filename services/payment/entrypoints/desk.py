"""What staff look for, and how a day stands (docs/adr/0027)."""

from __future__ import annotations

from contract import payment_desk
from contract.payment_desk import DayTotals, FindOrders, ListPaymentKeys, OrdersFound, PaymentKeys, TotalDay
from contract.staff import Staff
from kit.staff import staff_rpc
from services.payment.entrypoints.base import Entrypoints
from services.payment.storage.desk import DeskStorage
from services.payment.usecases import desk


class DeskEntrypoints(Entrypoints):
    """Orders and totals as staff see them."""

    found = DeskStorage()

    @staff_rpc(payment_desk.total_day)
    def total_day(self, request: TotalDay, staff: Staff) -> DayTotals:
        return desk.total_day(request, staff, self.wiring(), self.found)

    @staff_rpc(payment_desk.find_orders)
    def find_orders(self, request: FindOrders, staff: Staff) -> OrdersFound:
        return desk.find_orders(request, staff, self.wiring(), self.found)

    @staff_rpc(payment_desk.list_payment_keys)
    def list_payment_keys(self, request: ListPaymentKeys, staff: Staff) -> PaymentKeys:
        return desk.list_payment_keys(request, self.settings)
