"""identity and notify as processes on RabbitMQ and PostgreSQL, with the sandbox as provider."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contract import identity
from contract.identity import (
    CodeNotSent,
    EndLogin,
    LogIn,
    RecallVisitor,
    RequestLoginCode,
    Standing,
    TooManyCodes,
    WrongCode,
)
from contract.people import DocumentType
from contract.rights import CONSENT_VERSIONS, ConsentKind
from deploy.broker import MIGRATION
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base, wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.database import Database
from sandbox.settings import DEMO_CREDENTIALS
from services.identity.models import metadata as identity_tables
from services.notify.domain.messages import State
from services.notify.models import messages
from tests.fakes.notify_events import succeeded
from tests.integration.databases import empty
from tests.integration.notify.bus import call, publish
from tests.integration.notify.conftest import CREDENTIALS, KEYS, Provider

NOTIFIERS = ("notify", "notify-2")
PERSON = ("韦秀兰", "450103197806122040", "13800138000")


class Running:
    """Service processes that can be killed and started again."""

    def __init__(self, directory: Path, environments: dict[str, dict[str, str]]) -> None:
        self._directory = directory
        self._environments = environments
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, process: str) -> None:
        environment = self._environments[process]
        name = process.partition("-")[0]
        with (self._directory / f"{process}.log").open("ab") as log:
            self._processes[process] = subprocess.Popen(
                [sys.executable, "-m", "kit.runner", name], env=environment, stdout=log, stderr=log
            )
        url = f"http://{environment[f'{name.upper()}_HTTP_ADDRESS']}/readyz"
        assert wait_until(lambda: _ready(url), 30), self.log(process)

    def kill(self, process: str) -> None:
        self.signal(process, signal.SIGKILL)
        self._processes[process].wait(10)

    def signal(self, process: str, number: int) -> None:
        self._processes[process].send_signal(number)

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(30)

    def metrics(self, process: str) -> str:
        address = self._environments[process]["NOTIFY_HTTP_ADDRESS"]
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            return str(answer.read(), "utf-8")

    def log(self, process: str) -> str:
        return (self._directory / f"{process}.log").read_text()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgreSQL, rabbitmq: RabbitMQ, sandbox: str
) -> Iterator[Running]:
    base = free_base()
    environments = {}
    for n, process in enumerate(("identity", *NOTIFIERS)):
        name = process.partition("-")[0]
        environments[process] = os.environ | CREDENTIALS | {key: os.environ[key] for key in KEYS} | {
            "AMQP_URI": rabbitmq.url(name), f"{name.upper()}_DATABASE_URL": postgres.url(name),
            f"{name.upper()}_HTTP_ADDRESS": f"127.0.0.1:{base + n}", "TENCENT_SMS_URL": sandbox,
            "SMS_PROVIDERS": "tencent:100:5000",
            "NOTIFY_LOOKUP_GRACE_SECONDS": "1", "REALNAME_URL": sandbox,
            **{name: DEMO_CREDENTIALS[name] for name in ("REALNAME_APP_ID", "REALNAME_APP_KEY")},
        }  # fmt: skip
        # The migration makes the event queues, and has an account of its own for it.
        migration = environments[process] | {"AMQP_URI": rabbitmq.url(MIGRATION)}
        subprocess.run([sys.executable, "-m", "kit.migrate", name], env=migration, check=True, timeout=60)
    _forget_limits(Database(postgres.url("identity")))
    services = Running(tmp_path_factory.mktemp("running"), environments)
    for process in environments:
        services.start(process)
    yield services
    services.stop()


def _forget_limits(database: Database) -> None:
    """Other tests have asked for codes in the same database."""
    empty(database, identity_tables)
    database.engine.dispose()


@pytest.fixture
def gateway(rabbitmq: RabbitMQ, running: Running, database: Database) -> str:
    """The bus as the gateway reaches it, with services that run and reminders that are forgotten."""
    return rabbitmq.url("gateway")


def ask(gateway: str, openid: str, phone: str = PERSON[2]) -> identity.LoginCodeSent:
    name, number, _ = PERSON
    request = RequestLoginCode(openid, name, number, phone, "203.0.113.7")
    return call(gateway, identity.request_login_code, request)


def code_in(provider: Provider, phone: str) -> str:
    text = next(message["text"] for message in provider.messages if message["phone"] == phone)
    found = re.search(r"验证码是(\d{6})", text)
    assert found
    return found[1]


def test_a_person_logs_in_with_the_code_on_their_phone(gateway: str, provider: Provider) -> None:
    name, number, phone = PERSON
    sent = ask(gateway, "openid-1")
    code = code_in(provider, phone)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    with pytest.raises(WrongCode) as refused:
        call(
            gateway, identity.log_in, LogIn("openid-1", sent.challenge_id, name, number, phone, wrong, "::1")
        )
    assert refused.value.detail["tries_left"] == 4
    typed = LogIn(
        "openid-1", sent.challenge_id, f" {name}", number, "138 0013 8000", code, "::1", DocumentType.RESIDENT_ID,
        CONSENT_VERSIONS[ConsentKind.PRIVACY],
    )  # fmt: skip
    logged_in = call(gateway, identity.log_in, typed)
    assert (logged_in.person.name, logged_in.person.document_number) == (name, number)
    recalled = call(gateway, identity.recall_visitor, RecallVisitor("openid-1"))
    assert (recalled.standing, recalled.login) == (Standing.RECENT, logged_in)
    call(gateway, identity.end_login, EndLogin("openid-1", logged_in.person_id))
    assert call(gateway, identity.recall_visitor, RecallVisitor("openid-1")).standing is Standing.KNOWN
    with pytest.raises(TooManyCodes) as waits:
        ask(gateway, "openid-1")
    assert 0 < waits.value.detail["retry_after"] <= 60


def test_who_is_registered_with_the_tax_bureau_is_recalled_from_there(gateway: str) -> None:
    recalled = call(gateway, identity.recall_visitor, RecallVisitor("oRealname-flexible"))
    assert recalled.person is not None
    assert (recalled.standing, recalled.person.name) == (Standing.KNOWN, "陈国栋")
    assert call(gateway, identity.recall_visitor, RecallVisitor("openid-9")).standing is Standing.NEW


def test_a_code_that_is_not_sent_can_be_asked_for_again_at_once(gateway: str, provider: Provider) -> None:
    provider.misbehaves(error_rate=1.0)
    with pytest.raises(CodeNotSent):
        ask(gateway, "openid-2", "13800138002")
    provider.misbehaves(error_rate=0.0)
    assert ask(gateway, "openid-2", "13800138002").notice == ""
    assert code_in(provider, "13800138002")


def test_a_code_nobody_can_account_for_is_not_sent(gateway: str, provider: Provider) -> None:
    """Sending and looking up both hang: notify gives up before identity does, and says so."""
    provider.misbehaves(timeout_rate=1.0)
    with pytest.raises(CodeNotSent):
        ask(gateway, "openid-3", "13800138003")


def test_a_code_that_may_still_arrive_is_announced_as_late(
    gateway: str, provider: Provider, running: Running
) -> None:
    for process in NOTIFIERS:
        running.signal(process, signal.SIGSTOP)
    try:
        assert "晚到" in ask(gateway, "openid-4", "13800138004").notice
    finally:
        for process in NOTIFIERS:
            running.signal(process, signal.SIGCONT)
    assert not wait_until(lambda: bool(provider.messages), 2), "notify drops what its caller gave up"


def _events(first: int, count: int) -> list[tuple[str, Any]]:
    return [(f"event-{n}", succeeded(payer_phone=f"139{n:08d}")) for n in range(first, first + count)]


def test_every_payment_is_told_once_however_often_it_is_heard(
    gateway: str, rabbitmq: RabbitMQ, provider: Provider
) -> None:
    publish(rabbitmq.url("payment"), *_events(0, 100), *_events(0, 100))
    assert wait_until(lambda: len(provider.messages) >= 100, 20)
    assert not wait_until(lambda: len(provider.messages) > 100, 2)
    assert set(Counter(message["phone"] for message in provider.messages).values()) == {1}


def test_reminders_survive_kills_of_every_sender(
    database: Database, gateway: str, rabbitmq: RabbitMQ, provider: Provider, running: Running
) -> None:
    """Whatever was on its way when its sender died is looked up when its lease is over."""
    provider.misbehaves(latency_ms=150)
    publish(rabbitmq.url("payment"), *_events(1000, 400))
    for round_, process in enumerate(("notify", "notify-2", "notify"), start=1):
        assert wait_until(lambda seen=round_ * 60: len(provider.messages) >= seen, 30)  # type: ignore[misc]
        running.kill(process)
        running.start(process)
    provider.misbehaves(latency_ms=0)
    assert wait_until(lambda: _states(database).total() == _told(database) == 400, 60), _states(database)
    assert len(provider.messages) == 400
    assert set(Counter(message["phone"] for message in provider.messages).values()) == {1}


def test_the_logs_hold_nothing_personal(running: Running) -> None:
    for process in ("identity", *NOTIFIERS):
        log = running.log(process)
        assert "started" in log
        for plain in (*PERSON, "13800138002", "13800138003", "13800138004", "13900001000", "韦**"):
            assert plain not in log


def test_metrics_count_what_was_sent(
    gateway: str, rabbitmq: RabbitMQ, provider: Provider, running: Running
) -> None:
    publish(rabbitmq.url("payment"), *_events(2000, 20))
    sent = 'sms_steps_total{kind="payment_succeeded",state="sent"}'
    assert wait_until(lambda: any(sent in running.metrics(process) for process in NOTIFIERS), 10)
    assert 'sms_waiting{state="queued"}' in running.metrics("notify")


def _told(database: Database) -> int:
    states = _states(database)
    return states[State.SENT] + states[State.DELIVERED]


def _states(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(messages.c.state)).scalars())


def _ready(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=1).status == 200)
    except OSError:
        return False
