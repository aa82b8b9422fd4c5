"""Payments settled per second: UnionPay's notify → order paid → reminder queued.

Orders of many payers are placed through the gateway first: nobody gets more reminders than a phone may have in a day.
Then signed notifies arrive over 32 connections; the clock runs until the last reminder is queued in notify's database.
The SMS provider is made slow, so that sending is not measured.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import time
from urllib.parse import urlencode

import requests
import sqlalchemy

from bench.load import Request, scratch_system, send
from bench.placement import Quotes, order_request, server_pids
from bench.processes import cpu_seconds, median, per_request
from bench.resident import Resident
from deploy.local.system import FullSystem
from kit.clock import china

GOAL = 400.0
_PER_SECOND = 700
_PAYERS = 200
_COUNT = sqlalchemy.text("SELECT count(*), max(created_at) FROM messages")


def signed_notify(mer_order_id: str, amount: int, environment: dict[str, str]) -> str:
    """What UnionPay posts for a paid order, form-encoded (protocols.md §1)."""
    paid_at = f"{china(dt.datetime.now(dt.UTC)):%Y-%m-%d %H:%M:%S}"
    fields = {
        "mid": environment["UNIONPAY_MID"], "tid": environment["UNIONPAY_TID"], "instMid": "YUEDANDEFAULT",
        "merOrderId": mer_order_id, "targetOrderId": secrets.token_hex(14), "targetSys": "WXPay",
        "status": "TRADE_SUCCESS", "totalAmount": str(amount), "payTime": paid_at, "createTime": paid_at,
        "settleDate": paid_at[:10], "connectSys": "OPENCHANNEL", "seqId": "01120706230N", "signType": "SHA256",
        "billFunds": "现金支付400.00元。", "notifyId": secrets.token_hex(16), "buyerId": "oBenchBuyer",
    }  # fmt: skip
    key = environment["UNIONPAY_COMMUNICATION_KEYS"].split(",")[0]
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields)) + key
    return urlencode({**fields, "sign": hashlib.sha256(text.encode()).hexdigest().upper()})


def run(seconds: int, rounds: int) -> bool:
    """True when the goal is met."""
    with scratch_system(extra={"NOTIFY_SENDERS": "1"}) as system:
        tokens = _log_in(system)
        slow = {party: {"latency_ms": 20_000} for party in ("sms", "aliyun")}
        requests.put(f"{system.sandbox_url}/sandbox/api/settings", json=slow, timeout=10).raise_for_status()
        rates = [_round(system, tokens, seconds) for _ in range(rounds)]
    rate = median(rates)
    print(
        f"notify: {rate:.0f}/s from notify to queued reminder (goal {GOAL:.0f}): {'met' if rate >= GOAL else 'MISSED'}"
    )
    return rate >= GOAL


def _log_in(system: FullSystem) -> list[str]:
    """The tokens of payers, each with a phone of their own."""
    url = f"{system.sandbox_url}/sandbox/api/people?limit={_PAYERS}"
    payers = [
        Resident(
            system.url,
            system.sandbox_url,
            system.env["WECHAT_APPID"],
            openid=f"oBenchPayer{number}",
            name=person["name"],
            number=person["id_number"],
            phone=f"139{number:08d}",
        )
        for number, person in enumerate(requests.get(url, timeout=30).json()["people"])
    ]
    for payer in payers:
        payer.enter()
        payer.log_in()
    return [payer.token for payer in payers]


def _round(system: FullSystem, tokens: list[str], seconds: int) -> float:
    payment = sqlalchemy.create_engine(system.settings.service("payment")["PAYMENT_DATABASE_URL"])
    notify = sqlalchemy.create_engine(system.settings.service("notify")["NOTIFY_DATABASE_URL"])
    waiting = _orders(system, tokens, payment, _PER_SECOND * seconds)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    prepared = [
        Request("POST", "/notify/unionpay", headers, signed_notify(number, amount, system.env))
        for number, amount in waiting
    ]
    with notify.connect() as connection:
        queued_before = connection.execute(_COUNT).one()[0]
    pids = {name: system.pids(name)[0] for name in ("payment", "notify", "identity")} | server_pids(system)
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    started = dt.datetime.now(dt.UTC)
    outcome = send(system.urls("payment")[0], prepared, seconds)
    finished = _all_queued(notify, queued_before + outcome.requests)
    used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    rate = outcome.requests / (finished - started).total_seconds()
    print(f"{outcome.requests} notifies answered at {outcome.rate:.0f}/s, p50 {outcome.p50:.1f} ms, "
          f"p95 {outcome.p95:.1f} ms; last reminder queued after {(finished - started).total_seconds():.1f} s "
          f"= {rate:.0f}/s; CPU-ms per payment: {per_request(used, outcome.requests)}", flush=True)  # fmt: skip
    return rate


def _orders(
    system: FullSystem, tokens: list[str], payment: sqlalchemy.Engine, wanted: int
) -> list[tuple[str, int]]:
    """Orders that wait for their notify; places what is missing. They are to be looked at in an hour: thousands that
    nobody pays at once would have the poller at work for as long as is measured."""
    unpaid = sqlalchemy.text("SELECT mer_order_id, amount FROM orders WHERE state <> 'paid' LIMIT :wanted")
    later = sqlalchemy.text(
        "UPDATE orders SET next_action_at = now() + interval '1 hour' WHERE state <> 'paid'"
    )
    quotes = Quotes(system.env["QUOTE_KEYS"])
    while True:
        with payment.connect() as connection:
            found = [(row.mer_order_id, row.amount) for row in connection.execute(unpaid, {"wanted": wanted})]
        if len(found) >= wanted:
            with payment.begin() as connection:
                connection.execute(later)
            return found
        whose = [tokens[n % len(tokens)] for n in range(5000)]
        send(system.url, [order_request("/api/v1/orders", token, quotes.new()) for token in whose], 5)


def _all_queued(notify: sqlalchemy.Engine, wanted: int) -> dt.datetime:
    """When the last of the reminders was queued."""
    for _ in range(600):
        with notify.connect() as connection:
            count, last = connection.execute(_COUNT).one()
        if count >= wanted:
            return last  # type: ignore[no-any-return]
        time.sleep(0.1)
    raise AssertionError(f"{count} reminders were queued for {wanted} payments: some were lost")
