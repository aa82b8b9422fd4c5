"""Who may import whom (design.md §2). A module that is not allowed is named with the rule it breaks."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.sources import PRODUCT, ROOT, SERVICES, files, imports

OURS = {*PRODUCT, "tests", "scripts"}
NETWORK = {"nameko", "kombu", "amqp", "eventlet", "requests", "urllib3", "werkzeug", "flask", "sqlalchemy", "psycopg2",
           "prometheus_client"}  # fmt: skip

PURE_KIT = {"kit.clock", "kit.clock.china", "kit.masking", "kit.masking.mask_name", "kit.masking.mask_number"}
"""Of the kit a domain may use what is pure: how people are masked, and what a given moment is called in China."""


def _breaches(path: Path, forbidden: Iterable[str], but: Iterable[str] = ()) -> list[str]:
    """Imports of a file that lie in what is forbidden and not in what is allowed all the same."""

    def within(module: str, of: Iterable[str]) -> bool:
        return any(module == name or module.startswith(f"{name}.") for name in of)

    return sorted(module for module in imports(path) if within(module, forbidden) and not within(module, but))


def _part(path: Path) -> str:
    """Which module of its service a file is or lies in: services/identity/domain/people.py is in `domain`."""
    return path.parts[2].removesuffix(".py") if len(path.parts) > 2 else ""


def _every(*folders: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", [pytest.param(path, id=str(path)) for path in files(*folders)])


def _all_named(*names: str) -> pytest.MarkDecorator:
    """Every service's modules of these names: a file, or a folder where one file would be too long."""
    found = [path for path in files("services") if _part(path) in names]
    return pytest.mark.parametrize("path", [pytest.param(path, id=str(path)) for path in found])


@_every("contract")
def test_the_contract_knows_nobody(path: Path) -> None:
    allowed = {"contract", "marshmallow", "marshmallow_dataclass", *sys.stdlib_module_names}
    strange = {module for module in imports(path) if module.partition(".")[0] not in allowed}
    assert not strange, f"{path}: the contract may use only marshmallow (design.md §2), not {strange}"


@_every("kit")
def test_the_kit_knows_no_service(path: Path) -> None:
    # kit.migrations asks the package `services` where it lies; it names none.
    found = _breaches(
        path, OURS - {"kit", "contract"}, but=() if path.name != "migrations.py" else ("services",)
    )
    assert not found, (
        f"{path}: the kit knows no service, no deployment and no sandbox (design.md §2): {found}"
    )
    named = _breaches(path, [f"services.{name}" for name in SERVICES])
    assert not named, f"{path}: the kit names no service: {named}"


@_every("services")
def test_a_service_imports_no_other_service(path: Path) -> None:
    own = f"services.{path.parts[1]}"
    found = _breaches(path, {"services"}, but=(own,))
    found = [module for module in found if module != "services"]
    assert not found, (
        f"{path}: a service never imports another; they speak over the bus (design.md §2): {found}"
    )


@_every("services")
def test_a_service_knows_neither_sandbox_nor_deployment_nor_tests(path: Path) -> None:
    found = _breaches(path, {"sandbox", "deploy", "tests", "bench", "scripts"})
    assert not found, f"{path}: the same code runs in every mode (design.md §3): {found}"


@_every("sandbox")
def test_the_sandbox_imports_nothing_of_ours(path: Path) -> None:
    found = _breaches(path, OURS - {"sandbox"})
    assert not found, (
        f"{path}: the outside world shares no code with us, or it would share our mistakes: {found}"
    )


@_all_named("domain")
def test_domain_is_pure(path: Path) -> None:
    for module in (path, *_siblings(path)):
        allowed = {"contract", *sys.stdlib_module_names}
        strange = {
            name for name in imports(module)
            if name.partition(".")[0] not in allowed and name not in PURE_KIT and not _is_sibling(path, name)
        }  # fmt: skip
        assert not strange, (
            f"{module}: domain imports only the standard library and the contract (design.md §2): {strange}"
        )
        effects = _breaches(
            module, {"socket", "http", "urllib.request", "subprocess", "sqlite3", "threading", "logging"}
        )
        assert not effects, f"{module}: domain has no I/O (design.md §2): {effects}"


def _siblings(domain: Path) -> set[Path]:
    """Files of its own service that a domain is split into by subject; they are held to the same rule."""
    found = {
        Path(*name.split(".")[:3]).with_suffix(".py") for name in imports(domain) if _is_sibling(domain, name)
    }
    return {path for path in found if (ROOT / path).exists()}


def _is_sibling(domain: Path, module: str) -> bool:
    impure = {"storage", "models", "adapters", "service", "usecases", "config", "routes"}
    parts = module.split(".")
    return parts[:2] == list(domain.parts[:2]) and len(parts) > 2 and parts[2] not in impure


@_all_named("usecases")
def test_use_cases_get_their_tools_as_arguments(path: Path) -> None:
    own = f"services.{path.parts[1]}"
    found = _breaches(path, NETWORK)
    assert not found, (
        f"{path}: use cases know no framework, database or network library (design.md §2): {found}"
    )
    found = _breaches(path, [f"{own}.{part}" for part in ("storage", "models", "service", "adapters", "routes")],
                      but=(f"{own}.adapters.base",))  # fmt: skip
    found = [module for module in found if module != f"{own}.adapters"]
    assert not found, f"{path}: storage and adapters arrive as arguments (design.md §2): {found}"
    found = _breaches(path, ["kit.rpc", "kit.relay", "kit.consumer", "kit.service", "kit.http", "kit.broker",
                             "kit.publisher", "kit.runner"])  # fmt: skip
    assert not found, f"{path}: use cases do not touch the plumbing (design.md §2): {found}"


@_all_named("storage", "models")
def test_storage_only_stores(path: Path) -> None:
    own = f"services.{path.parts[1]}"
    found = _breaches(path, {"kombu", "amqp", "eventlet", "requests", "werkzeug"})
    assert not found, f"{path}: storage speaks to the database only: {found}"
    found = _breaches(path, [f"{own}.{part}" for part in ("service", "usecases", "adapters", "routes")])
    assert not found, f"{path}: storage serves use cases and knows none: {found}"


@_all_named("adapters")
def test_adapters_know_an_outside_party_and_no_database(path: Path) -> None:
    own = f"services.{path.parts[1]}"
    found = _breaches(path, {"sqlalchemy", "nameko", "kombu", f"{own}.storage", f"{own}.models", f"{own}.usecases",
                             f"{own}.service"})  # fmt: skip
    assert not found, f"{path}: an adapter turns a vendor's words into ours and does nothing else: {found}"


@_every("services")
def test_only_storage_and_models_query(path: Path) -> None:
    if _part(path) in {"", "storage", "models", "migrations", "demonstration"}:
        return
    found = [module for module in imports(path) if module.startswith("sqlalchemy")]
    allowed = {"sqlalchemy", "sqlalchemy.Connection", "sqlalchemy.exc", "sqlalchemy.exc.SQLAlchemyError"}
    assert set(found) <= allowed, (
        f"{path}: storage is the only code that queries tables (design.md §2): {found}"
    )


@_every(*PRODUCT)
def test_nothing_that_runs_imports_tests(path: Path) -> None:
    if path.parts[0] == "bench":
        return  # a bench drives the product as the tests do
    assert not _breaches(path, {"tests"}), f"{path} imports tests"


def test_the_rules_above_see_every_service() -> None:
    """A rule that looks at no file proves nothing."""
    with_rules = {path.parts[1] for path in files("services") if _part(path) == "usecases"}
    assert {"gateway", "identity", "contribution", "payment", "notify", "console"} <= with_rules
    assert len(SERVICES) == 8
