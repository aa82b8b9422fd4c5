"""The container files, without an engine: that they are consistent with the code and with each other.

That the containers start, scale and come back is shown by scripts/deploy-test.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.catalogue import EVENTS, METHODS
from deploy.authority import Authority
from deploy.broker import MIGRATION
from deploy.containers import Places, certify, files
from deploy.local.credentials import load_secrets
from deploy.topology import OUTSIDE, SERVICES

ROOT = Path(__file__).parents[3]
INWARD = {"ocr", "console"}
"""Services that talk to no outside party."""

ONE_SHOT = {"migration", "accounts"}
OWN_TARGETS = {"certificate", "ocr"}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def cluster() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.cluster.yml").read_text())


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return load_secrets(tmp_path_factory.mktemp("secrets"))


@pytest.fixture(scope="module")
def written(secrets: dict[str, str]) -> dict[str, str]:
    return files(secrets, Places())


def _mounted(container: Any) -> set[str]:
    """What a container has of the secrets' directory."""
    paths = [*container.get("volumes", ()), *container.get("env_file", ())]
    return {found[1] for path in paths if (found := re.match(r"\$\{SECRETS:-\./secrets\}/([a-z.-]+)", path))}


def test_every_service_has_a_container_of_its_own_image(compose: Any) -> None:
    for name in SERVICES:
        container = compose["services"][name]
        assert container["image"] == f"${{REGISTRY:-contribution}}/{name}:${{VERSION:-1}}"
        target = container["build"]["target"]
        assert target == name if name in OWN_TARGETS else container["build"]["args"] == {"SERVICE": name}


def test_every_long_running_container_has_a_health_check(compose: Any, cluster: Any) -> None:
    everything = {**cluster["services"], **compose["services"]}
    assert {name for name, container in everything.items() if "healthcheck" not in container} == ONE_SHOT
    for name in SERVICES:
        assert "/healthz" in compose["services"][name]["healthcheck"]["test"][-1]


def test_no_container_may_more_than_it_must(compose: Any, cluster: Any) -> None:
    for name, container in {**cluster["services"], **compose["services"]}.items():
        assert container["read_only"], name
        assert container["cap_drop"] == ["ALL"], name
        assert container["security_opt"] == ["no-new-privileges:true"], name


def test_a_service_that_is_stopped_may_finish_what_it_has_in_hand(compose: Any) -> None:
    for name in SERVICES:
        assert compose["services"][name]["stop_grace_period"] == "40s"


def test_services_wait_for_the_migration_and_it_for_the_accounts(compose: Any) -> None:
    done = {"condition": "service_completed_successfully"}
    for name in SERVICES:
        assert compose["services"][name]["depends_on"]["migration"] == done
    migration = compose["services"]["migration"]
    assert migration["depends_on"]["accounts"] == done
    assert migration["command"][3:] == list(SERVICES)


def test_only_services_with_outside_parties_reach_the_outer_network(compose: Any) -> None:
    assert compose["networks"]["inner"] == {"internal": True}
    reaching = {name for name, container in compose["services"].items() if "outer" in container["networks"]}
    assert reaching == {*SERVICES, "proxy", "sandbox", "sandbox-proxy"} - INWARD


def test_the_console_is_on_no_network_that_leads_out(compose: Any) -> None:
    assert set(compose["services"]["console"]["networks"]) == {"inner"}
    beside = {name for name, container in compose["services"].items() if "staff" in container["networks"]}
    assert beside <= {"console-proxy", "prometheus", "grafana"}
    options = compose["networks"]["staff"]["driver_opts"]
    assert options == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


def test_what_the_world_reaches_reaches_nothing_inside(compose: Any) -> None:
    for name in ("proxy", "sandbox", "sandbox-proxy"):
        assert set(compose["services"][name]["networks"]) == {"outer"}


def test_the_cluster_publishes_nothing_and_adds_no_way_out(cluster: Any) -> None:
    assert not any("ports" in container for container in cluster["services"].values())
    assert cluster["networks"] == {"cluster": {"internal": True}}
    for container in cluster["services"].values():
        assert set(container.get("networks", ())) <= {"inner", "cluster"}


def test_only_the_proxies_publish_a_port_to_residents(compose: Any) -> None:
    published = {name: c["ports"] for name, c in compose["services"].items() if "ports" in c}
    for name in {"console-proxy", "prometheus", "grafana"} & set(published):
        assert re.match(r"(\$\{[A-Z]+_ADDRESS:-)?127\.0\.0\.1:", published.pop(name)[0]), (
            "staff come from this machine, or through its tunnel"
        )
        assert "staff" in compose["services"][name]["networks"]
    assert published == {
        "proxy": ["${PROXY_ADDRESS:-127.0.0.1:8443}:8443"],
        "sandbox-proxy": ["127.0.0.1:${SANDBOX_PORT:-8090}:${SANDBOX_PORT:-8090}"],
    }


def test_the_sandbox_starts_only_when_asked_for(compose: Any) -> None:
    for name in ("sandbox", "sandbox-proxy"):
        assert compose["services"][name]["profiles"] == ["sandbox"]


def test_the_proxy_lets_through_pages_and_the_two_addresses_of_outside_parties() -> None:
    text = (ROOT / "deploy/docker/nginx.conf").read_text()
    passed = re.findall(r"location (?:= |~ )?(\S+) \{[^}]*proxy_pass", text)
    assert [path for path in passed if "gateway" not in path] == [
        "/", "^/(cards/|api/v1/ocr/|schools/[^/]+/roll$)", "/notify/unionpay", "/receipts/",
    ]  # fmt: skip
    assert "location ~ ^/(held-photos|metrics|healthz|readyz)(/|$) { return 404; }" in text
    assert "Strict-Transport-Security" in text


def test_a_container_has_its_own_secrets_alone(compose: Any, cluster: Any, written: dict[str, str]) -> None:
    folders = {path.partition("/")[0].removesuffix(".env") for path in written} | {
        "proxy",
        "console-proxy",
        "sandbox",
    }
    for name, container in compose["services"].items():
        if name == "prometheus":
            assert not _mounted(container)
            continue
        wanted = "proxy" if name == "sandbox-proxy" else name
        assert {path.removesuffix(".env") for path in _mounted(container)} == {wanted}
        assert wanted in folders
    servers = {**dict.fromkeys(("rabbitmq2", "rabbitmq3"), "rabbitmq"), "postgresql2": "postgresql"}
    for name, of in servers.items():
        assert _mounted(cluster["services"][name]) == {of}


def test_no_secret_is_a_variable(written: dict[str, str], secrets: dict[str, str]) -> None:
    values = {value for value in secrets.values() if len(value) >= 16}
    for name in (*SERVICES, MIGRATION):
        for line in written[f"{name}.env"].splitlines():
            key, _, value = line.partition("=")
            assert not any(secret in value for secret in values), key
            if key.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") == key.removesuffix("_FILE")
                assert f"{name}/{key.removesuffix('_FILE')}" in written
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_gets_only_its_own_accounts(written: dict[str, str], service: str) -> None:
    everything = "".join(text for path, text in written.items() if path.startswith(f"{service}/"))
    assert f"amqps://{service}:" in everything
    assert f"postgresql+psycopg2://{service}:" in everything
    for other in {*SERVICES, MIGRATION} - {service}:
        assert f"://{other}:" not in everything


def test_the_migration_opens_every_database_and_the_bus_as_itself(written: dict[str, str]) -> None:
    assert written["migration/AMQP_URI"].startswith(f"amqps://{MIGRATION}:")
    for name in SERVICES:
        assert (
            written[f"migration/{name.upper()}_DATABASE_URL"]
            == written[f"{name}/{name.upper()}_DATABASE_URL"]
        )


def test_everybody_speaks_tls_and_shows_a_certificate_of_the_accounts_name(
    tmp_path: Path, written: dict[str, str]
) -> None:
    certify(Authority.open(tmp_path / "authority"), tmp_path, Places())
    for path in (path for path in written if path.endswith(("AMQP_URI", "_DATABASE_URL"))):
        url, container = written[path], path.partition("/")[0]
        account = url.partition("://")[2].partition(":")[0]
        assert "sslmode=verify-full" in url or url.startswith("amqps://")
        for kind in ("crt", "key"):
            assert f"=/run/secrets/{account}.{kind}" in url
            assert (tmp_path / container / f"{account}.{kind}").exists()


def test_the_cluster_is_reached_through_the_balancer(secrets: dict[str, str], cluster: Any) -> None:
    there = files(secrets, Places(broker="balancer", database="balancer"))
    assert "@balancer:5671/" in there["payment/AMQP_URI"]
    assert "@balancer:5432/" in there["payment/PAYMENT_DATABASE_URL"]
    assert cluster["services"]["accounts"]["environment"] == {"DATABASE": "balancer"}


def test_the_cluster_has_no_single_point(cluster: Any, compose: Any) -> None:
    assert {"rabbitmq2", "rabbitmq3", "postgresql2", "etcd1", "etcd2", "etcd3", "balancer"} <= set(
        cluster["services"]
    )
    settings = (ROOT / "deploy/docker/haproxy.cfg").read_text()
    for name in ("rabbitmq", "rabbitmq2", "rabbitmq3"):
        assert f" {name}:5671" in settings
    for name in ("postgresql", "postgresql2"):
        assert f" {name}:5432" in settings


def test_every_queue_of_requests_outlives_a_node(written: dict[str, str]) -> None:
    """Of events RabbitMQ keeps a quorum by itself; where requests wait for an upstream they were once forgotten."""
    (policy,) = json.loads(written["rabbitmq/definitions.json"])["policies"]
    waiting = {f"{m.service}.upstream.{m.upstream}" for m in METHODS if m.upstream}
    assert len(waiting) >= 2
    for name in waiting | {f"rpc-{service}" for service in SERVICES} | {"rpc.reply-gateway-1"}:
        assert re.search(policy["pattern"], name), name
    assert not any(re.search(policy["pattern"], f"notify.{event}") for event in EVENTS)


def test_members_do_not_wait_for_the_name_of_one_that_is_gone(cluster: Any) -> None:
    """Docker's DNS took 20 s to say that it does not know it, and Erlang did nothing else meanwhile."""
    for name in ("rabbitmq", "rabbitmq2", "rabbitmq3", "postgresql", "postgresql2"):
        assert cluster["services"][name]["dns_opt"] == ["timeout:1", "attempts:1"]


def test_the_servers_know_the_passwords_that_services_use(written: dict[str, str]) -> None:
    users = {user["name"] for user in json.loads(written["rabbitmq/definitions.json"])["users"]}
    assert users == {*SERVICES, *OUTSIDE, MIGRATION}
    for name in SERVICES:
        password = written[f"{name}/{name.upper()}_DATABASE_URL"].split(":")[2].split("@")[0]
        assert f"ALTER ROLE {name} LOGIN" in written["accounts/accounts.sql"]
        assert f"PASSWORD '{password}'" in written["accounts/accounts.sql"]


def test_an_image_holds_only_its_own_service() -> None:
    copied = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    assert "COPY services/$SERVICE services/$SERVICE" in copied
    assert not any(line.split()[1] in {".", "services"} for line in copied)


@pytest.mark.parametrize("file", ["Dockerfile", "deploy/docker/servers.Dockerfile"])
def test_no_image_runs_as_root(file: str) -> None:
    stages = re.split(r"^FROM ", (ROOT / file).read_text(), flags=re.MULTILINE)
    with_command = [stage for stage in stages if "\nCMD " in stage]
    assert with_command
    for stage in with_command:
        users = re.findall(r"^USER (\S+)$", stage, flags=re.MULTILINE)
        assert users, stage.partition("\n")[0]
        assert users[-1] != "root"


def test_everything_that_is_mounted_or_built_exists(compose: Any, cluster: Any) -> None:
    for container in {**cluster["services"], **compose["services"]}.values():
        build = container.get("build", {})
        assert (ROOT / build.get("context", ".") / build.get("dockerfile", "Dockerfile")).exists()
