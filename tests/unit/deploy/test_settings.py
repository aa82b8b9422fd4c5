"""Every service gets all it needs and nothing of the others."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path

import pytest

from deploy.local.settings import LocalSettings, Mode
from deploy.topology import MAX_REPLICAS, SERVICES, Ports
from kit.config import read
from sandbox.settings import DEMO_CREDENTIALS
from sandbox.settings import Settings as SandboxSettings


@pytest.fixture(params=list(Mode))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> LocalSettings:
    return LocalSettings.load(request.param, tmp_path, 9000)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_start_with_what_it_gets(settings: LocalSettings, service: str) -> None:
    config = importlib.import_module(f"services.{service}.config").Config
    assert read(config, settings.service(service)).http_address.startswith("127.0.0.1:90")


def test_an_instance_can_speak_the_older_route_of_unionpay(tmp_path: Path) -> None:
    older = {"UNIONPAY_ROUTE": "communication-key"}
    settings = LocalSettings.load(Mode.EMBEDDED, tmp_path, 9000, older)
    config = importlib.import_module("services.payment.config").Config
    assert (
        read(config, settings.service("payment")).unionpay_msg_src == settings.sandbox()["UNIONPAY_MSG_SRC"]
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_does_not_get_another_ones_accounts(settings: LocalSettings, service: str) -> None:
    known = settings.service(service).values()
    for other in set(SERVICES) - {service}:
        for kind in ("DATABASE", "BROKER"):
            password = settings.secrets[f"{other.upper()}_{kind}_PASSWORD"]
            assert not any(password in value for value in known)


def test_only_payment_knows_the_keys_of_unionpay(settings: LocalSettings) -> None:
    keys = {settings.secrets["UNIONPAY_APP_KEY"], settings.secrets["UNIONPAY_COMMUNICATION_KEYS"]}
    knowing = [name for name in SERVICES if keys & set(settings.service(name).values())]
    assert knowing == ["payment"]


def test_the_sandbox_verifies_with_the_services_credentials(settings: LocalSettings) -> None:
    sandbox = SandboxSettings.from_environment(settings.sandbox())
    services = settings.everything()
    for name in DEMO_CREDENTIALS:
        assert sandbox[name] == services[name]


def test_the_sandbox_gets_no_key_of_ours(settings: LocalSettings) -> None:
    known = set(settings.sandbox().values())
    for name in (
        "PERSONAL_DATA_KEYS",
        "BLIND_INDEX_KEY",
        "QUOTE_KEYS",
        "ROW_SEAL_KEYS",
        "PAYMENT_DATABASE_PASSWORD",
    ):
        assert settings.secrets[name] not in known


def test_embedded_mode_needs_no_server(tmp_path: Path) -> None:
    everything = LocalSettings.load(Mode.EMBEDDED, tmp_path, 8000).everything()
    assert everything["AMQP_URI"].startswith("memory://")
    databases = {name: value for name, value in everything.items() if name.endswith("_DATABASE_URL")}
    assert len(set(databases.values())) == len(SERVICES)
    assert all(value.startswith(f"sqlite:///{tmp_path}/") for value in databases.values())


def test_no_two_listeners_of_an_instance_share_a_port() -> None:
    ports = Ports(9000)
    used = [ports.service(name, n) for name, n in itertools.product(SERVICES, range(1, MAX_REPLICAS + 1))]
    used += [ports.sandbox, ports.rabbitmq, ports.erlang_distribution, ports.erlang_port_mapper]
    used += [ports.postgresql, ports.supervisor]
    assert len(set(used)) == len(used)
    assert all(9000 <= port < 9100 for port in used)


def test_a_ninth_replica_is_refused() -> None:
    with pytest.raises(ValueError, match="replica 9 of payment"):
        Ports(9000).service("payment", 9)
