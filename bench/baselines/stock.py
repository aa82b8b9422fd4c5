"""Stock Nameko as its documentation and examples show it: an HTTP gateway, two RPCs with default settings, an
insert, and an event dispatched after the commit. `python -m bench.baselines.stock gateway|sessions|orders PORT`."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

# ruff: noqa: E402
import json
import os
import sys
from typing import Any

import sqlalchemy
from nameko.containers import ServiceContainer
from nameko.events import EventDispatcher
from nameko.extensions import DependencyProvider
from nameko.rpc import RpcProxy, rpc
from nameko.web.handlers import http
from sqlalchemy.orm import Session, sessionmaker

from bench.baselines.shared import DATABASE_URL, Placing, SessionRow, token_hash
from kit.config import read
from services.payment.config import Config


class Database(DependencyProvider):
    """A SQLAlchemy session per worker, as nameko-sqlalchemy gives one."""

    def setup(self) -> None:
        self._new_session = sessionmaker(sqlalchemy.create_engine(DATABASE_URL))

    def get_dependency(self, worker_ctx: Any) -> Session:
        worker_ctx.database = self._new_session()
        return worker_ctx.database  # type: ignore[no-any-return]

    def worker_teardown(self, worker_ctx: Any) -> None:
        worker_ctx.database.close()


class PlacingProvider(DependencyProvider):
    """Quotes and signatures."""

    def setup(self) -> None:
        self._placing = Placing(read(Config))

    def get_dependency(self, worker_ctx: Any) -> Placing:
        return self._placing


class StockGateway:
    """HTTP → two RPCs."""

    name = "gateway"
    sessions = RpcProxy("sessions")
    orders = RpcProxy("orders")

    @http("POST", "/orders")
    def place(self, request: Any) -> tuple[int, str]:
        payer_id = self.sessions.check(request.headers["Authorization"].removeprefix("Bearer "))
        body = json.loads(request.get_data(as_text=True))
        placed = self.orders.place(payer_id, body["quote"], request.headers["Idempotency-Key"])
        return 201, json.dumps(placed)


class StockSessions:
    """Who is calling."""

    name = "sessions"
    database = Database()

    @rpc
    def check(self, token: str) -> str:
        return str(self.database.get(SessionRow, token_hash(token)).payer_id)


class StockOrders:
    """Inserts the order, then tells about it."""

    name = "orders"
    database = Database()
    placing = PlacingProvider()
    dispatch = EventDispatcher()

    @rpc
    def place(self, payer_id: str, quote: str, key: str) -> dict[str, str]:
        order = self.placing.new_order(payer_id, quote, key)
        self.database.add(self.placing.row(order))
        self.database.commit()
        self.dispatch("order_placed", {"order_id": order.order_id, "amount": order.amount})
        return self.placing.answer(order)


def main() -> None:
    name, port = sys.argv[1:3]
    service = {"gateway": StockGateway, "sessions": StockSessions, "orders": StockOrders}[name]
    config = {"AMQP_URI": os.environ["BASELINE_AMQP_URI"], "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"}
    container = ServiceContainer(service, config)
    container.start()
    container.wait()


if __name__ == "__main__":
    main()
