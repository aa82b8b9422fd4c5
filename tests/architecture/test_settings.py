"""Every setting is written down for whoever operates the product."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

from kit.config import ServiceConfig
from tests.architecture.sources import ROOT, SERVICES

_OWN = {"database_url", "http_address", "max_workers", "database_pool"}


def _variables(service: str) -> dict[str, bool]:
    """The variables a service reads besides those all share, and whether each must be set."""
    config = importlib.import_module(f"services.{service}.config").Config
    shared = {field.name for field in dataclasses.fields(ServiceConfig)}
    found = {}
    for field in dataclasses.fields(config):
        if field.name not in shared:
            prefix = f"{service}_" if field.metadata.get("own") else ""
            required = field.default is dataclasses.MISSING or "when" in field.metadata
            found[f"{prefix}{field.name}".upper()] = required
    return found


def _names(path: Path) -> set[str]:
    """The variables a page names; `A_PHONE`, `…_OPENID` shortens A_OPENID, `UNIONPAY_*` stands for all of them."""
    return set(re.findall(r"[A-Z…*][A-Z_…*]{2,}", path.read_text()))


def _named(variable: str, names: set[str]) -> bool:
    return any(
        name == variable
        or (name.startswith("…") and variable.endswith(name[1:]))
        or (name.endswith("*") and variable.startswith(name[:-1]))
        for name in names
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_own_settings_are_in_its_readme(service: str) -> None:
    names = _names(ROOT / "services" / service / "README.md")
    missing = {variable for variable in _variables(service) if not _named(variable, names)}
    assert not missing, (
        f"services/{service}/README.md does not name {sorted(missing)} (design.md §2: settings)"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_what_must_be_set_is_in_the_operators_table(service: str) -> None:
    names = _names(ROOT / "deploy" / "README.md")
    missing = {
        variable
        for variable, required in _variables(service).items()
        if required and not _named(variable, names)
    }
    assert not missing, f"deploy/README.md, Settings: does not name {sorted(missing)}"


def test_what_every_service_reads_is_in_the_operators_table() -> None:
    names = _names(ROOT / "deploy" / "README.md")
    table = (ROOT / "deploy" / "README.md").read_text()
    for field in dataclasses.fields(ServiceConfig):
        if field.name in _OWN:
            assert f"<SERVICE>_{field.name.upper()}" in table
        else:
            assert _named(field.name.upper(), names), field.name
