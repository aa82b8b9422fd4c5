"""What payment's entrypoints share: UnionPay, the outbox, the seal, and what is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import eventlet

from contract.intrusion import NotifyForged
from kit import telemetry
from kit.crypto import KeyRing
from kit.intrusion import Watch
from kit.relay import Relay
from kit.service import Made, Service
from services.payment.adapters.unionpay import connect
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.usecases.wiring import Wiring

POLL_BATCH = 40
_ASKED_AT_ONCE = 10

_log = logging.getLogger(__name__)


class Entrypoints(Service):
    """Base of the entrypoint classes."""

    name = "payment"

    outbox = Relay()
    forgers = Made(lambda settings: Watch(NotifyForged.type))
    unionpay = Made(connect)
    seal = Made(lambda config: KeyRing.parse(config.quote_keys))
    orders = OrderStorage()
    refunds = RefundStorage()
    external = ExternalStorage()

    def wiring(self) -> Wiring:
        return Wiring(
            self.database, self.orders, self.refunds, self.external, self.unionpay, self.outbox, self.seal, self.clock,
            self.settings,
        )  # fmt: skip

    def at_once(self, look_at: Callable[[Any], None], due: Iterable[Any]) -> None:
        """Look at orders or refunds at the same time, each on its own."""

        def look(one: Any) -> None:
            # A greenlet of the pool: what it logs and publishes needs an id of its own.
            telemetry.correlate(None)
            try:
                look_at(one)
            except Exception:
                # The lease ends by itself, and it is looked at again; the others must not wait for it.
                _log.exception("an order could not be looked at", extra={"order_id": one.order_id})

        pool = eventlet.GreenPool(_ASKED_AT_ONCE)
        for _ in pool.imap(look, due):
            pass
