"""Memory and time of a table of 100,000 rows: 代他人缴费统计 through the gateway, as XLSX and as CSV.

One order is placed through the gateway and multiplied in payment's database. While the table is downloaded, the
resident memory of gateway and payment is looked at; both must stay below GOAL.
"""

from __future__ import annotations

import time
from pathlib import Path

import requests
import sqlalchemy

from bench.load import scratch_system
from bench.placement import Quotes, logged_in_token, order_request
from deploy.local.system import FullSystem

ROWS = 100_000
GOAL = 150
"""MB of memory of each process, with everything it is."""

_ORDERS = """
INSERT INTO orders SELECT (j).* FROM (SELECT jsonb_populate_record(o, jsonb_build_object(
    'order_id', gen_random_uuid()::text, 'mer_order_id', '3194' || lpad(n::text, 20, '0'), 'state', 'paid',
    'idempotency_key', 'bench-' || n, 'next_action_at', NULL, 'paid_at', o.created_at,
    'created_at', o.created_at - n * interval '1 second')) j
FROM orders o, generate_series(1, :rows) n WHERE o.idempotency_key NOT LIKE 'bench-%') multiplied
"""
_LINES = """
INSERT INTO order_lines SELECT (j).* FROM (SELECT jsonb_populate_record(l, jsonb_build_object(
    'order_id', o.order_id, 'quote_id', o.order_id, 'live', false, 'place_code', '4501')) j
FROM order_lines l, orders o WHERE o.idempotency_key LIKE 'bench-%'
AND l.order_id NOT IN (SELECT order_id FROM orders WHERE idempotency_key LIKE 'bench-%')) multiplied
"""


def run(seconds: int, rounds: int) -> bool:
    """True when the goal is met."""
    with scratch_system() as system:
        token = logged_in_token(system)
        order = order_request("/api/v1/orders", token, Quotes(system.env["QUOTE_KEYS"]).new())
        url = system.url + order.path
        requests.post(url, order.body, headers=dict(order.headers), timeout=10).raise_for_status()
        _multiply(system)
        met = [_download(system, token, kind) for kind in ("csv", "xlsx")]
        return all(met)


def _multiply(system: FullSystem) -> None:
    engine = sqlalchemy.create_engine(system.settings.service("payment")["PAYMENT_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(_ORDERS), {"rows": ROWS})
        connection.execute(sqlalchemy.text(_LINES))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sqlalchemy.text("ANALYZE"))
    engine.dispose()


def _download(system: FullSystem, token: str, kind: str) -> bool:
    """Whether the whole table came, and within the memory."""
    pids = {name: system.pids(name)[0] for name in ("gateway", "payment")}
    highest = dict.fromkeys(pids, 0.0)
    size, first, started = 0, 0.0, time.monotonic()
    url = f"{system.url}/api/v1/paid-for-others/table/{kind}"
    with requests.get(url, headers={"Authorization": f"Bearer {token}"}, stream=True, timeout=120) as answer:
        answer.raise_for_status()
        for piece in answer.iter_content(1 << 20):
            first = first or time.monotonic() - started
            size += len(piece)
            highest = {name: max(highest[name], _memory(pid)) for name, pid in pids.items()}
    took = time.monotonic() - started
    met = max(highest.values()) < GOAL
    told = ", ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in highest.items())
    print(
        f"{kind}: {ROWS} rows, {size / 1e6:.1f} MB in {took:.0f} s, the first after {first:.1f} s; at most {told} "
        f"(goal {GOAL} each): {'met' if met else 'MISSED'}"
    )
    return met


def _memory(pid: int) -> float:
    """Resident memory in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
