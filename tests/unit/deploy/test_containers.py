"""docker-compose.yml fits the product, and the secret files fit docker-compose.yml.

No container engine runs here: this shows that the files are consistent, not that the containers start.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.broker import MIGRATION
from deploy.containers import files
from deploy.local.credentials import load_secrets
from deploy.topology import OUTSIDE, SERVICES

ROOT = Path(__file__).parents[3]
OUTWARD = {"gateway", "contribution", "payment", "notify", "certificate"}
"""Those that talk to outside parties, or that outside parties talk to."""


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str]:
    return files(load_secrets(tmp_path), "http://127.0.0.1:8000", "http://sandbox.localhost:8090")


def test_every_service_has_a_container_of_its_own_image(compose: Any) -> None:
    for name in SERVICES:
        build = compose["services"][name]["build"]
        assert build.get("args") == {"SERVICE": name} or build["target"] == name


def test_every_long_running_container_has_a_health_check(compose: Any) -> None:
    for name, container in compose["services"].items():
        assert ("healthcheck" in container) is (name != "migration")
    for name in SERVICES:
        assert "/healthz" in compose["services"][name]["healthcheck"]["test"][-1]


def test_services_wait_for_the_migration(compose: Any) -> None:
    for name in SERVICES:
        condition = compose["services"][name]["depends_on"]["migration"]["condition"]
        assert condition == "service_completed_successfully"
    assert compose["services"]["migration"]["command"][3:] == list(SERVICES)


def test_only_services_with_outside_parties_reach_the_outer_network(compose: Any) -> None:
    assert compose["networks"]["inner"] == {"internal": True}
    reaching = {name for name, container in compose["services"].items() if "outer" in container["networks"]}
    assert reaching == OUTWARD | {"sandbox"}


def test_the_console_is_on_no_network_that_leads_out(compose: Any) -> None:
    assert set(compose["services"]["console"]["networks"]) == {"inner", "staff"}
    beside = [name for name, container in compose["services"].items() if "staff" in container["networks"]]
    assert beside == ["console"]
    options = compose["networks"]["staff"]["driver_opts"]
    assert options == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


def test_ports_are_published_on_loopback_only(compose: Any) -> None:
    published = {name: c["ports"] for name, c in compose["services"].items() if "ports" in c}
    wanted = {"gateway": "8000:8000", "sandbox": "8090:8090", "console": "8007:8000"}
    assert published == {name: [f"127.0.0.1:{port}"] for name, port in wanted.items()}


def test_the_sandbox_starts_only_when_asked_for(compose: Any) -> None:
    assert compose["services"]["sandbox"]["profiles"] == ["sandbox"]


def test_every_secret_file_that_is_mounted_is_written(compose: Any, written: dict[str, str]) -> None:
    mounted = {path for container in compose["services"].values() for path in container.get("env_file", ())}
    mounted |= {secret["file"] for secret in compose["secrets"].values()}
    assert {path.removeprefix("secrets/") for path in mounted} == set(written)


def test_the_files_hold_no_secret(compose: Any, written: dict[str, str]) -> None:
    assert not any("environment" in container for container in compose["services"].values())
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "secrets/" in ignored


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_gets_only_its_own_accounts(written: dict[str, str], service: str) -> None:
    variables = written[f"{service}.env"]
    assert f"amqp://{service}:" in variables
    assert f"postgresql+psycopg2://{service}:" in variables
    for other in {*SERVICES, MIGRATION} - {service}:
        assert f"://{other}:" not in variables


def test_the_migration_opens_every_database_and_the_bus_as_itself(written: dict[str, str]) -> None:
    variables = written["migration.env"]
    assert f"AMQP_URI=amqp://{MIGRATION}:" in variables
    assert all(f"{name.upper()}_DATABASE_URL=postgresql" in variables for name in SERVICES)


def test_the_servers_know_the_passwords_that_services_use(written: dict[str, str]) -> None:
    assert {user["name"] for user in json.loads(written["definitions.json"])["users"]} == {
        *SERVICES,
        *OUTSIDE,
        MIGRATION,
    }
    for name in SERVICES:
        line = next(line for line in written[f"{name}.env"].splitlines() if "_DATABASE_URL=" in line)
        password = line.split(":")[2].split("@")[0]
        assert f"CREATE ROLE {name} LOGIN PASSWORD '{password}'" in written["databases.sql"]


def test_an_image_holds_only_its_own_service() -> None:
    copied = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    assert "COPY services/$SERVICE services/$SERVICE" in copied
    assert not any(line.split()[1] in {".", "services"} for line in copied)


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert lines.index("USER product") < lines.index("FROM base AS service")
