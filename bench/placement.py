"""Orders placed per second through the gateway: ours, stock Nameko, a one-process monolith.

One request = find the session, open the sealed quote, commit the order with its event, sign UnionPay's address. The
three take turns on the same RabbitMQ and PostgreSQL, as `--rounds` says. Each round compares what ran close together,
because the machine may be faster in one round than in the next; the middle of the comparisons counts.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import requests
import sqlalchemy
from sqlalchemy.schema import CreateSchema

from bench.baselines.shared import SCHEMA, baseline_sessions, metadata, token_hash
from bench.load import Outcome, Request, scratch_system, send
from bench.processes import cpu_seconds, median, per_request, running
from bench.resident import Resident
from contract import schema
from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import DocumentType, Person
from contract.quote import Quote, QuoteLine
from deploy.local.process import free_base
from deploy.local.system import FullSystem
from kit.crypto import KeyRing

GOAL_OVER_STOCK = 4.0
GOAL_OVER_MONOLITH = 1.0
_PER_SECOND = 800  # requests prepared per second of a round; more than any side can take


@dataclass
class Side:
    """One of the three: where it listens, what it costs whom, what it managed."""

    name: str
    url: str
    path: str
    token: str
    pids: dict[str, int]
    outcomes: list[Outcome] = field(default_factory=list)
    costs: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median([outcome.rate for outcome in self.outcomes])


class Quotes:
    """Sealed quotes, each for a person of its own, as contribution would seal them."""

    def __init__(self, keys: str) -> None:
        self._seal = KeyRing.parse(keys)

    def new(self) -> str:
        quote = Quote(
            quote_id=str(uuid.uuid4()), insured=Person(DocumentType.RESIDENT_ID, secrets.token_hex(9), "韦秀兰"),
            registration_number="10124501030090000001", payer_kind=PayerKind.RESIDENT,
            insurance_type=InsuranceType.MEDICAL, agency_code="45010301", agency_name="南宁市青秀区社会保险经办中心",
            person_number="45010390000001", authority_code="14501030000", division_code="450103",
            product_code="102120001", kind=PaymentKind.NORMAL, lines=(QuoteLine(2026, "个人缴费标准", 40000),),
            expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=2),
        )  # fmt: skip
        return self._seal.seal_text(json.dumps(schema.dump(quote), ensure_ascii=False), "quote")


def order_request(side_path: str, token: str, quote: str) -> Request:
    """One order to place."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": secrets.token_hex(16),
        "Content-Type": "application/json",
    }
    return Request("POST", side_path, headers, json.dumps({"quote": quote}))


def logged_in_token(system: FullSystem) -> str:
    """The bearer token of a payer who went through the whole login."""
    appid = system.env["WECHAT_APPID"]
    payer = Resident(
        system.url, system.sandbox_url, appid,
        openid="oBenchPayer", name="韦秀兰", number="450103197806122040", phone="13800138000",
    )  # fmt: skip
    payer.enter()
    payer.log_in()
    return payer.token


@contextlib.contextmanager
def baselines(system: FullSystem, token: str) -> Iterator[list[Side]]:
    """Stock Nameko and the monolith, running."""
    system.rabbitmq.control("add_vhost", "baseline")
    system.rabbitmq.control("add_user", "baseline", password := secrets.token_hex(16))
    system.rabbitmq.control("set_permissions", "-p", "baseline", "baseline", ".*", ".*", ".*")
    bus = f"amqp://baseline:{password}@127.0.0.1:{system.rabbitmq.port}/baseline"
    database = system.settings.service("payment")["PAYMENT_DATABASE_URL"]
    with sqlalchemy.create_engine(database).begin() as connection:
        connection.execute(CreateSchema(SCHEMA))
        metadata.create_all(connection)
        connection.execute(baseline_sessions.insert(), {"token_hash": token_hash(token), "payer_id": "payer"})
    environment = {**system.env, "BASELINE_DATABASE_URL": database, "BASELINE_AMQP_URI": bus}
    port = free_base()
    stock = "bench.baselines.stock"
    with contextlib.ExitStack() as stack:
        started = {
            name: stack.enter_context(running(stock, name, str(port), environment=environment)).pid
            for name in ("sessions", "orders", "gateway")
        }
        monolith = stack.enter_context(
            running("bench.baselines.monolith", str(port + 1), environment=environment)
        )
        sides = [
            Side("stock", f"http://127.0.0.1:{port}", "/orders", token, started),
            Side("monolith", f"http://127.0.0.1:{port + 1}", "/orders", token, {"monolith": monolith.pid}),
        ]
        for side in sides:
            _await(side.url)
        yield sides


def _await(url: str) -> None:
    for _ in range(100):
        with contextlib.suppress(requests.ConnectionError):
            requests.get(url, timeout=5)
            return
        time.sleep(0.2)
    raise TimeoutError(f"{url} did not start")


def measure(side: Side, system: FullSystem, quotes: Quotes, seconds: int) -> None:
    """One round of one side."""
    wanted = int(_PER_SECOND * seconds)
    prepared = [order_request(side.path, side.token, quotes.new()) for _ in range(wanted)]
    pids = side.pids | server_pids(system)
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    outcome = send(side.url, prepared, seconds)
    used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    side.outcomes.append(outcome)
    side.costs.append(per_request(used, outcome.requests))
    print(f"{side.name:9} {outcome.rate:6.0f}/s  p50 {outcome.p50:6.1f} ms  p95 {outcome.p95:6.1f} ms  "
          f"CPU-ms per request: {side.costs[-1]}", flush=True)  # fmt: skip


def server_pids(system: FullSystem) -> dict[str, int]:
    """RabbitMQ's and PostgreSQL's processes."""
    servers = {"rabbitmq": system.rabbitmq.identity, "postgresql": system.postgresql.identity}
    return {name: identity.pid for name, identity in servers.items() if identity}


def run(seconds: int, rounds: int) -> bool:
    """True when both goals are met."""
    with scratch_system() as system:
        token = logged_in_token(system)
        quotes = Quotes(system.env["QUOTE_KEYS"])
        pids = {name: system.pids(name)[0] for name in ("gateway", "payment")}
        ours = Side("ours", system.url, "/api/v1/orders", token, pids)
        with baselines(system, token) as others:
            sides = [ours, *others]
            for side in sides:
                measure(side, system, quotes, seconds)  # warm up
                side.outcomes.clear()
            _settle(system)
            for _ in range(rounds):
                for side in sides:
                    measure(side, system, quotes, seconds)
                _settle(system)
            _check_rows(system, ours)
        stock, monolith = (over(ours, other) for other in others)
    met = stock >= GOAL_OVER_STOCK and monolith >= GOAL_OVER_MONOLITH
    print(f"placement: ours {ours.rate:.0f}/s = {stock:.2f} x stock (goal {GOAL_OVER_STOCK}), "
          f"{monolith:.2f} x monolith (goal {GOAL_OVER_MONOLITH}): {'met' if met else 'MISSED'}")  # fmt: skip
    return met


def over(ours: Side, other: Side) -> float:
    """How many times the other's orders ours takes, round by round; the middle round."""
    pairs = zip(ours.outcomes, other.outcomes, strict=True)
    return median([one.rate / another.rate for one, another in pairs])


def _settle(system: FullSystem) -> None:
    """Nobody will pay these orders: the poller's questions about them must not run into the next rounds."""
    database = system.settings.service("payment")["PAYMENT_DATABASE_URL"]
    with sqlalchemy.create_engine(database).begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE orders SET state = 'closed', next_action_at = NULL"))
        connection.execute(sqlalchemy.text("UPDATE order_lines SET live = false"))


def _check_rows(system: FullSystem, ours: Side) -> None:
    """What was answered is committed: the bench must not have measured refusals."""
    database = system.settings.service("payment")["PAYMENT_DATABASE_URL"]
    with sqlalchemy.create_engine(database).connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT count(*) FROM orders")).scalar_one()
    answered = sum(outcome.requests for outcome in ours.outcomes)
    if rows < answered:
        raise AssertionError(f"{answered} orders were answered, {rows} are in the database")
