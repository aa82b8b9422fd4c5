"""New keys for 1,000,000 rows while payers place orders: killed once on the way, gone on with, nothing lost.

Orders are placed and read one after the other, first alone and then beside `python -m kit.keys rotate`, on the same
PostgreSQL. After it no row is under the old key, and every order that was placed can be read with the new one alone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import resource
import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Table

from bench.growth import fill_orders, scratch_postgresql
from bench.processes import median
from contract.payment import OrderOfPayer
from deploy.local.process import wait_until
from kit import migrations, rotation
from kit.clock import SystemClock
from kit.crypto import personal_data_keys
from kit.database import Database
from services.payment.models import metadata
from services.payment.usecases import ordering
from services.payment.usecases.wiring import Wiring
from tests.factories.keys import KEYS
from tests.fakes.payment_orders import INSURED, PAYER, a_quote, asking, settings
from tests.integration.payment.databases import wiring
from tests.integration.payment.running import environment_of

ORDERS = 500_000
"""Each is a row of orders and one of order_lines."""
GOAL = 2.0
"""How much longer placing an order may take, in the middle, while rows are written anew on the same cores."""
_ROOT = Path(__file__).parents[1]


@dataclass
class Journeys:
    """A payer after the other places an order and reads it."""

    payment: Wiring
    placed: list[str] = field(default_factory=list)

    def go(self) -> float:
        """One journey; its milliseconds. Raises what goes wrong in it."""
        name = secrets.token_hex(16)
        quote = a_quote(
            quote_id=str(uuid.uuid4()), insured=replace(INSURED, document_number=name[:18]),
            expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
        )  # fmt: skip
        began = time.perf_counter()
        order = ordering.place_order(asking(quote, PAYER, key=name), self.payment)
        self.placed.append(order.order_id)
        self.read(order.order_id)
        return 1000 * (time.perf_counter() - began)

    def read(self, order_id: str) -> None:
        ordering.get_order(OrderOfPayer(PAYER.person_id, order_id), self.payment)


@dataclass(frozen=True)
class Measured:
    """What a rotation did, and what journeys took before and beside it, in milliseconds. `cpu` is that of the two
    processes that rotated, which no other load on the machine makes longer."""

    seconds: float
    cpu: float
    before: list[float]
    beside: list[float]
    left: int
    left_when_killed: int


def run(seconds: int, rounds: int, orders: int = ORDERS) -> bool:
    """True when nothing is left under the old key, every journey succeeded, and none felt it much."""
    with scratch_postgresql() as server, new_key() as environment:
        database = Database(server.url("payment"))
        with database.transaction() as tx:
            migrations.upgrade("payment", tx)
        with old_key():
            fill_orders(database, orders)
        environment["PAYMENT_DATABASE_URL"] = server.url("payment")
        measured = rotate_beside_journeys(
            database, environment, partial(_some_way, database, seconds), seconds
        )
        database.engine.dispose()
    before, beside = median(measured.before), median(measured.beside)
    met = measured.left == 0 and beside <= GOAL * before
    verdict = "met" if met else "MISSED"
    print(f"rotate: {2 * orders:,} rows in {measured.seconds:.0f} s (CPU {measured.cpu:.1f} s), killed once with "
          f"{measured.left_when_killed:,} values left; now {measured.left}. {len(measured.beside)} journeys beside it, "
          f"none failed: {before:.1f} -> {beside:.1f} ms in the middle (goal x {GOAL}): {verdict}")  # fmt: skip
    return met


def _some_way(database: Database, seconds: int) -> None:
    """Until a run has written its first rows, and so long more."""
    before = under_old_key(database)
    wait_until(lambda: under_old_key(database) < before, 600)
    time.sleep(seconds)


def rotate_beside_journeys(
    database: Database, environment: Mapping[str, str], until_killed: Callable[[], object], seconds: float
) -> Measured:
    """Bring everything under the new key, which is in use already, while journeys go on. The first run is killed when
    `until_killed` returns. Raises what goes wrong in a journey."""
    journeys = Journeys(wiring(database, settings(), SystemClock()))
    ends = time.monotonic() + seconds
    before = [journeys.go()]
    while time.monotonic() < ends:
        before.append(journeys.go())
    began, beside, cpu = time.monotonic(), [], _cpu_of_children()
    first = _start(environment)
    until_killed()
    first.kill()
    first.wait()
    left_when_killed = under_old_key(database)
    second = _start(environment)
    while second.poll() is None:
        beside.append(journeys.go())
    if second.returncode:
        raise AssertionError(f"kit.keys rotate ended with {second.returncode}")
    took, cpu = time.monotonic() - began, _cpu_of_children() - cpu
    with only_new_key(environment):
        for order_id in journeys.placed:
            journeys.read(order_id)
    return Measured(took, cpu, before, beside, under_old_key(database), left_when_killed)


def under_old_key(database: Database) -> int:
    """How many values another key than the present one encrypted."""
    active = personal_data_keys().active
    with database.snapshot() as snapshot:
        counted = [rotation.versions(snapshot, table) for table in _tables()]
    return sum(number for counts in counted for version, number in counts.items() if version != active)


@contextlib.contextmanager
def new_key() -> Iterator[dict[str, str]]:
    """A second key, in use from here on in this process and in those that get what is yielded."""
    with _ring(f"{KEYS['PERSONAL_DATA_KEYS']},2:{secrets.token_hex(16)}") as environment:
        yield environment


@contextlib.contextmanager
def old_key() -> Iterator[None]:
    """As it was before the second."""
    with _ring(KEYS["PERSONAL_DATA_KEYS"]):
        yield


@contextlib.contextmanager
def only_new_key(environment: Mapping[str, str]) -> Iterator[None]:
    """As it will be when the first is taken away."""
    with _ring(environment["PERSONAL_DATA_KEYS"].partition(",")[2]):
        yield


@contextlib.contextmanager
def _ring(setting: str) -> Iterator[dict[str, str]]:
    before = os.environ["PERSONAL_DATA_KEYS"]
    os.environ["PERSONAL_DATA_KEYS"] = setting
    personal_data_keys.cache_clear()
    try:
        yield {**os.environ, "PERSONAL_DATA_KEYS": setting}
    finally:
        os.environ["PERSONAL_DATA_KEYS"] = before
        personal_data_keys.cache_clear()


def _cpu_of_children() -> float:
    """User and system time of processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _start(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    given = {**environment_of(settings(database_url=environment["PAYMENT_DATABASE_URL"])), **environment}
    command = [sys.executable, "-W", "ignore", "-m", "kit.keys", "rotate", "payment"]
    return subprocess.Popen(command, cwd=_ROOT, env=given, stdout=subprocess.DEVNULL)


def _tables() -> list[Table]:
    return rotation.tables_of(metadata)
