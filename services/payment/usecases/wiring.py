"""What payment's use cases work with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from contract.events import EventData
from kit.audit import JOURNAL, Acts
from kit.clock import Clock
from kit.crypto import KeyRing
from kit.database import Transactions
from services.payment.adapters.base import UnionPay
from services.payment.config import Config

LEASE = dt.timedelta(seconds=60)
"""How long an order is kept from other pollers while UnionPay is asked; after a crash it is due again then."""


class Outbox(Protocol):
    """Where events go with the transaction that caused them."""

    def add(self, tx: Any, event: EventData, aggregate: str, now: dt.datetime) -> str: ...


@dataclass(frozen=True)
class Wiring:
    """What the actions work with; `orders` is an OrderStorage, `refunds` a RefundStorage and `external` an
    ExternalStorage, or fakes of them."""

    database: Transactions
    orders: Any
    refunds: Any
    external: Any
    unionpay: UnionPay
    outbox: Outbox
    seal: KeyRing
    clock: Clock
    config: Config
    journal: Acts = JOURNAL
