"""The payment service without a database, a bus or UnionPay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from contract.events import EventData
from contract.payment import OrderOfPayer, OrderPlaced, OrderState, Payer
from contract.quote import Quote
from kit.clock import SetClock
from kit.crypto import KeyRing
from sandbox.signatures import communication_key_sign
from services.payment.domain.orders import Order
from services.payment.usecases import notifies, ordering, refunding
from services.payment.usecases.wiring import Wiring
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.audit import FakeJournal
from tests.fakes.payment_external import FakeExternalStorage
from tests.fakes.payment_orders import KEY, NOW, PAYER, a_quote, asking, asking_all, paid_fields, settings
from tests.fakes.payment_refunds import FakeRefundStorage
from tests.fakes.payment_storage import FakeOrderStorage, FakeOutbox
from tests.fakes.payment_unionpay import FakeUnionPay


@dataclass
class Payment:
    """One payment service with its clock, its UnionPay and its storage."""

    storage: FakeOrderStorage
    external: FakeExternalStorage
    unionpay: FakeUnionPay
    clock: SetClock
    wiring: Wiring

    def place(self, quote: Quote | None = None, payer: Payer = PAYER, **changed: Any) -> OrderPlaced:
        return ordering.place_order(asking(quote or a_quote(), payer, **changed), self.wiring)

    def placed(self, state: OrderState = OrderState.PLACED) -> Order:
        """A new order, in that state; its own event is forgotten."""
        order_id = self.place().order_id
        self.storage.orders[order_id] = replace(self.storage.orders[order_id], state=state)
        self.storage.events.clear()
        return self.storage.orders[order_id]

    def paid(self, *quotes: Quote) -> Order:
        """A paid order of these quotes; its events are forgotten."""
        placed = ordering.place_order(asking_all(*(quotes or (a_quote(),))), self.wiring)
        self.notify(self.storage.orders[placed.order_id])
        self.storage.events.clear()
        return self.storage.orders[placed.order_id]

    def look_at_refunds(self) -> None:
        """What the poller does once: whatever is due is looked at."""
        for refund in refunding.claim_due(self.wiring, 99):
            refunding.look_at(refund, self.wiring)

    def now(self, order: Order) -> Order:
        """The order as it is stored now."""
        return self.storage.orders[order.order_id]

    @property
    def events(self) -> list[EventData]:
        return [event for event, _ in self.storage.events]

    def notify(self, order: Order, **changed: str) -> None:
        """UnionPay notifies of the order."""
        fields = paid_fields(order.mer_order_id, order.amount, **changed)
        notifies.receive_notify(signed(fields), self.wiring)


def signed(fields: dict[str, str], key: str = KEY) -> dict[str, str]:
    """The fields with UnionPay's signature, or a forger's."""
    return fields | {"sign": communication_key_sign(fields, key, fields.get("signType", "MD5"))}


def of(order: Order, payer_id: str | None = None) -> OrderOfPayer:
    """The order as its payer, or somebody else, names it."""
    return OrderOfPayer(payer_id or order.payer_id, order.order_id)


def make_payment(**changed: Any) -> Payment:
    """The service with these settings changed."""
    config, storage, clock = settings(**changed), FakeOrderStorage(), SetClock(NOW)
    unionpay = FakeUnionPay(config, storage)
    seal = KeyRing.parse(QUOTE_KEYS)
    external = FakeExternalStorage()
    wiring = Wiring(
        storage,
        storage,
        FakeRefundStorage(storage),
        external,
        unionpay,
        FakeOutbox(storage),
        seal,
        clock,
        config,
        journal=FakeJournal(),
    )
    return Payment(storage, external, unionpay, clock, wiring)
