"""The bench of reconciliation in short: a day of orders, and every planted break found."""

from __future__ import annotations

import datetime as dt
import os

from bench.ledger import PLANTED, Ledger
from bench.reconcile import GOAL_MEGABYTES, reconcile
from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from tests.fakes.payment_orders import settings
from tests.integration.payment.running import environment_of


def test_planted_breaks_are_found_and_nothing_else(postgres: PostgreSQL, database: Database) -> None:
    assert postgres.identity is not None
    values = {
        "PAYMENT_DATABASE_URL": postgres.url("payment"),
        "PERSONAL_DATA_KEYS": os.environ["PERSONAL_DATA_KEYS"],
    }
    environment = environment_of(settings(database_url=values["PAYMENT_DATABASE_URL"])) | values
    ledger = Ledger(dt.date(2026, 1, 15), 20_000, 50)
    outcome = reconcile(ledger, environment, postgres.identity.pid)
    assert (outcome.found, outcome.missed, outcome.invented) == (50 * len(PLANTED), 0, 0), outcome.said
    assert outcome.megabytes <= GOAL_MEGABYTES
