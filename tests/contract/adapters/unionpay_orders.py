"""What the tests of our UnionPay adapter share: it is connected by a route, and places orders at the sandbox."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import replace
from typing import Any

import requests

from services.payment.adapters.unionpay import Netpay, connect
from services.payment.config import Route
from services.payment.domain.orders import Item, Order, Report, Trigger
from services.payment.domain.refunds import Refund
from tests.contract.adapters.sandbox_process import RunningSandbox
from tests.fakes.payment_orders import a_refund, an_order, settings

IMPATIENT = 0.3
"""Seconds the adapter waits here; the sandbox hangs for longer."""

FAULTS = {
    "503": {"error_rate": 1.0},
    "no answer": {"timeout_rate": 1.0, "timeout_seconds": 2 * IMPATIENT},
    "late answer": {"accept_then_timeout_rate": 1.0, "timeout_seconds": 2 * IMPATIENT},
}


def adapter(url: str, route: Route, **changed: Any) -> Netpay:
    return connect(settings(unionpay_url=url, unionpay_route=route, unionpay_timeout=IMPATIENT, **changed))


def stranger(url: str, route: Route) -> Netpay:
    """One whose signatures are not ours."""
    if route is Route.OPEN_PLATFORM:
        return adapter(url, route, unionpay_app_key="another key" * 3)
    return adapter(url, route, unionpay_communication_keys=("another key" * 3,))


def hang_up(unionpay: Netpay) -> None:
    unionpay._route._http._session.close()  # type: ignore[attr-defined] # both routes have one


def new_number() -> str:
    """Of an order, or of a refund."""
    return f"3194{dt.datetime.now(dt.UTC):%Y%m%d%H%M%S}000{secrets.randbelow(10**6):06d}"


def new_order(*items: Item, **changed: Any) -> Order:
    """An order of this moment, with a number of its own."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    values = {"mer_order_id": new_number(), "created_at": now, "expires_at": now + dt.timedelta(minutes=30)}
    return an_order(*items, **values | changed)


def reach(unionpay: Netpay, order: Order, cashier: bool = True) -> str:
    """The payer's browser goes to UnionPay's page; the page's text."""
    answer = requests.get(unionpay.payment_page(order), timeout=10, allow_redirects=cashier)
    assert answer.status_code == (200 if cashier else 302), answer.text
    return answer.text


def paid(sandbox: RunningSandbox, order: Order) -> Report:
    """What UnionPay's own ledger says of a paid order."""
    ledger = sandbox.order(order.mer_order_id)
    paid_at = dt.datetime.strptime(f"{ledger['payTime']} +0800", "%Y-%m-%d %H:%M:%S %z")
    return Report(Trigger.SUCCEEDED, "query", ledger["targetOrderId"], paid_at, order.amount)


def pay(sandbox: RunningSandbox, unionpay: Netpay, **changed: Any) -> Order:
    """A new order, paid."""
    order = new_order(**changed)
    reach(unionpay, order)
    paid = sandbox.act(order.mer_order_id, "pay")
    return replace(order, transaction_id=paid["targetOrderId"])


def refund_of(order: Order, **changed: Any) -> Refund:
    """A new refund of the payment of an order."""
    values = {"refund_order_id": new_number(), "transaction_id": order.transaction_id or "4200"}
    return a_refund(**values | changed)
