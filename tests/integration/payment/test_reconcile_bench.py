"""The bench of reconciliation in short: a day of orders, and every planted break found."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from bench.ledger import PLANTED
from bench.reconcile import GOAL_MEGABYTES
from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from tests.fakes.payment_orders import settings
from tests.integration.payment.running import environment_of

ORDERS, EACH = 20_000, 50


def test_planted_breaks_are_found_and_nothing_else(postgres: PostgreSQL, database: Database) -> None:
    assert postgres.identity is not None
    values = {
        "PAYMENT_DATABASE_URL": postgres.url("payment"),
        "PERSONAL_DATA_KEYS": os.environ["PERSONAL_DATA_KEYS"],
    }
    environment = environment_of(settings(database_url=values["PAYMENT_DATABASE_URL"])) | values
    measure = [sys.executable, "-W", "ignore", "-m", "bench.reconcile", f"{ORDERS}", f"{EACH}"]
    done = subprocess.run(
        [*measure, f"{postgres.identity.pid}"], env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert (outcome["found"], outcome["missed"], outcome["invented"]) == (EACH * len(PLANTED), 0, 0), outcome
    assert outcome["megabytes"] <= GOAL_MEGABYTES
