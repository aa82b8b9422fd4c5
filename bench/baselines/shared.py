"""Tables and work that both baselines share, so that only their plumbing differs from ours."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import uuid
from typing import Any

from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.orm import registry, relationship

from contract.payment import ItemWanted, Payer, PlaceOrder
from kit.crypto import KeyRing
from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.domain.orders import Order
from services.payment.models import order_lines, orders
from services.payment.storage.rows import line_rows, order_row
from services.payment.usecases import placing

SCHEMA = "baseline"
metadata = MetaData(schema=SCHEMA)
baseline_orders: Table = orders.to_metadata(metadata, schema=SCHEMA)
baseline_lines: Table = order_lines.to_metadata(metadata, schema=SCHEMA)
baseline_sessions = Table(
    "baseline_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("payer_id", String(36)),
)


class OrderRow:
    """An order with its lines, mapped as the examples of both frameworks map one."""


class LineRow:
    """A line of an order."""


class SessionRow:
    """A session."""


_mapper = registry()
_mapper.map_imperatively(OrderRow, baseline_orders, properties={"lines": relationship(LineRow)})
_mapper.map_imperatively(LineRow, baseline_lines)
_mapper.map_imperatively(SessionRow, baseline_sessions)

DATABASE_URL = os.environ.get("BASELINE_DATABASE_URL", "")


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Placing:
    """Opens a quote, makes the order row, signs the payment address: our own code, without our plumbing."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seal = KeyRing.parse(config.quote_keys)
        self._unionpay = connect(config)

    def new_order(self, payer_id: str, quote: str, key: str) -> Order:
        request = PlaceOrder(Payer(payer_id, "韦秀兰", "13800138000"), (ItemWanted(quote),), key)
        now = dt.datetime.now(dt.UTC)
        return placing.new_order(request, placing.open_quotes(request, self._seal), self._config, now)

    def row(self, order: Order) -> OrderRow:
        row: Any = _filled(OrderRow(), order_row(order))
        row.lines = [_filled(LineRow(), values) for values in line_rows(order)]
        return row  # type: ignore[no-any-return]

    def answer(self, order: Order) -> dict[str, str]:
        return {"order_id": order.order_id, "payment_url": self._unionpay.payment_page(order)}


def _filled(row: Any, values: dict[str, Any]) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def new_id() -> str:
    return str(uuid.uuid4())
