"""Orders reconciled per second: ours, UnionPay's and the tax core's million, with 1,000 breaks planted of every kind.

Exactly those must be found. The reconciliation runs as the process the service starts; its peak memory is measured.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

from bench.ledger import PLANTED, Ledger, Parties
from bench.processes import cpu_seconds
from deploy.local.process import free_base
from deploy.local.servers import Servers
from deploy.local.settings import LocalSettings, Mode
from deploy.topology import Ports
from kit import migrations
from kit.clock import china
from kit.crypto import KeyRing
from kit.database import Database

LINES, BREAKS = 1_000_000, 1_000
GOAL_MEGABYTES = 150.0
_FOUND = "SELECT party, kind, mer_order_id FROM reconciliation_breaks WHERE closed_at IS NULL"


@dataclass(frozen=True)
class Outcome:
    """What one reconciliation took and found; `missed` was planted, `invented` was not."""

    seconds: float
    cpu: float
    database_cpu: float
    megabytes: float
    found: int
    missed: int
    invented: int
    said: str

    @property
    def exact(self) -> bool:
        return self.missed == self.invented == 0 < self.found


def run(seconds: int, rounds: int) -> bool:
    """True when exactly the planted breaks are found within the memory."""
    with tempfile.TemporaryDirectory(prefix="contribution-bench-") as state:
        base = free_base()
        postgresql = Servers(Path(state), Ports(base)).postgresql
        environment = LocalSettings.load(Mode.FULL, Path(state), base).service("payment")
        postgresql.start()
        try:
            yesterday = china(dt.datetime.now(dt.UTC)).date() - dt.timedelta(days=1)
            outcome = reconcile(Ledger(yesterday, LINES, BREAKS), environment, postgresql.identity.pid)
        finally:
            postgresql.destroy()
    met = outcome.exact and outcome.megabytes <= GOAL_MEGABYTES
    print(
        f"reconcile: {LINES / outcome.seconds:.0f} orders/s ({outcome.seconds:.0f} s), CPU {outcome.cpu:.0f} s and "
        f"{outcome.database_cpu:.0f} s of PostgreSQL; {outcome.found} breaks found of {BREAKS * len(PLANTED)} planted, "
        f"{outcome.missed} missed, {outcome.invented} invented; {outcome.megabytes:.0f} MB at most (goal "
        f"{GOAL_MEGABYTES:.0f}): {'met' if met else 'MISSED'}"
    )
    return met


def reconcile(ledger: Ledger, environment: Mapping[str, str], postgresql: int) -> Outcome:
    """Store the ledger in an empty database, and reconcile it."""
    database = Database(environment["PAYMENT_DATABASE_URL"])
    keys = KeyRing.parse(environment["PERSONAL_DATA_KEYS"])
    contexts = {
        "name": "orders.payer_name",
        "phone": "orders.payer_phone",
        "number": "order_lines.insured_number",
    }
    with database.transaction() as connection:
        migrations.upgrade("payment", connection)
        connection.execute(sqlalchemy.text("SET LOCAL statement_timeout = 0"))
        ledger.store(connection, {name: keys.seal(b"x", context) for name, context in contexts.items()})
    parties = Parties(ledger)
    thread = threading.Thread(target=parties.serve_forever, daemon=True)
    thread.start()
    try:
        return _measured(ledger, dict(environment), parties.url, postgresql, database)
    finally:
        parties.shutdown()
        parties.server_close()
        thread.join()
        database.engine.dispose()


def _measured(
    ledger: Ledger, environment: dict[str, str], parties: str, postgresql: int, database: Database
) -> Outcome:
    own = {"UNIONPAY_URL": parties, "TAXCORE_RECORDS_URL": f"{parties}/esb/records"}
    before, started = cpu_seconds(postgresql), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "services.payment.reconcile", f"{ledger.day}"],
        env={**os.environ, **environment, **own}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.read().strip()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    seconds = time.monotonic() - started
    with database.read() as connection:
        found = {tuple(row) for row in connection.execute(sqlalchemy.text(_FOUND))}
    expected = ledger.expected
    return Outcome(
        seconds, used.ru_utime + used.ru_stime, cpu_seconds(postgresql) - before, used.ru_maxrss / 1024, len(found),
        len(expected - found), len(found - expected), said,
    )  # fmt: skip


def main() -> int:
    """One ledger in the empty database of the settings, for tests: their process is patched, and would wait for the
    parties of this one for ever. `python -m bench.reconcile ORDERS EACH POSTGRESQL_PID` prints the outcome as JSON."""
    orders, each, postgresql = map(int, sys.argv[1:])
    outcome = reconcile(Ledger(dt.date(2026, 1, 15), orders, each), os.environ, postgresql)
    print(json.dumps(dataclasses.asdict(outcome)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
