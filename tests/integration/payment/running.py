"""Payment as a process of its own beside a sandbox process, on PostgreSQL, with a clock that tests move."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import requests

from contract.payment import OrderState
from deploy.local.process import free_base, wait_until
from kit.clock import OffsetClock
from kit.database import Database
from services.payment.config import Config
from services.payment.domain.orders import Order
from services.payment.usecases import ordering
from services.payment.usecases.wiring import Wiring
from tests.contract.adapters.sandbox_process import ROOT, RunningSandbox, running_sandbox
from tests.fakes.payment_orders import PAYER, a_quote, asking, settings
from tests.integration.payment.databases import wiring

_years = count(3000)


@dataclass(frozen=True)
class RunningPayment:
    """The running service, and the same use cases in the test's hand on the same database."""

    url: str
    sandbox: RunningSandbox
    payment: Wiring
    offset: Path

    def place(self) -> Order:
        """A new order for nobody's sake: each is for another year."""
        year = next(_years)
        quote = a_quote(
            quote_id=f"quote-{year}", year=year, expires_at=self.payment.clock.now() + dt.timedelta(minutes=5)
        )
        request = asking(quote, key=f"key-{year}", relation_id=f"relation-{year}")
        placed = ordering.place_order(request, self.payment)
        return self.stored(placed.order_id)

    def paid(self, **faults: Any) -> Order:
        """An order that was paid; its faults at UnionPay are set first."""
        order = self.reached(**faults)
        self.sandbox.act(order.mer_order_id, "pay")
        assert self.becomes(order, OrderState.PAID)
        return self.stored(order.order_id)

    def reached(self, **faults: Any) -> Order:
        """An order whose payer is on UnionPay's page; its faults there are set first."""
        order = self.place()
        self.sandbox.misbehave(order.mer_order_id, **faults)
        assert requests.get(self.payment.unionpay.payment_page(order), timeout=10).status_code == 200
        return order

    def stored(self, order_id: str) -> Order:
        with self.payment.database.read() as connection:
            order: Order | None = self.payment.orders.find(connection, order_id, PAYER.person_id)
        assert order is not None
        return order

    def becomes(self, order: Order, state: OrderState, seconds: float = 10) -> bool:
        """Whether the running service brings the order there."""
        return wait_until(lambda: self.stored(order.order_id).state is state, seconds)

    def later(self, **duration: float) -> None:
        """Move the clock of the service and of the sandbox."""
        passed = float(self.offset.read_text()) + dt.timedelta(**duration).total_seconds()
        draft = self.offset.with_suffix(".new")
        draft.write_text(str(passed))
        draft.replace(self.offset)

    def hear(self, fields: dict[str, str], method: str = "POST") -> tuple[int, str]:
        """Send a notify to the service; status and body of its answer."""
        where = {"data": fields} if method == "POST" else {"params": fields}
        answer = requests.request(method, f"{self.url}/notify/unionpay", timeout=10, **where)  # type: ignore[arg-type]
        return answer.status_code, answer.text


@contextmanager
def running_payment(
    database: Database, folder: Path, amqp_uri: str = "memory://localhost", **changed: Any
) -> Iterator[RunningPayment]:
    """Start sandbox and service, with these settings changed, and kill both at the end."""
    offset, address = folder / "clock-offset", f"127.0.0.1:{free_base()}"
    offset.write_text("0")
    with running_sandbox(folder, offset) as sandbox:
        config = settings(
            database_url=database.engine.url.render_as_string(hide_password=False), http_address=address,
            clock_offset_file=offset, amqp_uri=amqp_uri, unionpay_url=sandbox.url, unionpay_timeout=1.0,
            taxcore_records_url=f"{sandbox.url}/esb/records", reconciliation_cut="23:59:59",
            unionpay_notify_url=f"http://{address}/notify/unionpay", **changed,
        )  # fmt: skip
        with _started(config, folder / "payment.log"):
            yield RunningPayment(
                f"http://{address}", sandbox, wiring(database, config, OffsetClock(offset)), offset
            )


@contextmanager
def _started(config: Config, log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "kit.runner", "payment"],
            cwd=ROOT, env=environment_of(config), stdout=output, stderr=output,
        )  # fmt: skip
        try:
            assert wait_until(lambda: _ready(config.http_address), 20), log.read_text()
            yield
        finally:
            process.kill()
            process.wait()


def environment_of(config: Config) -> dict[str, str]:
    """The settings as the variables they are read from."""
    environment = {"PATH": os.environ["PATH"]}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        name = f"PAYMENT_{field.name}" if field.metadata.get("own") else field.name
        if value is not None:
            environment[name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
    return environment


def _ready(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/readyz", timeout=2).ok
    except requests.ConnectionError:
        return False
