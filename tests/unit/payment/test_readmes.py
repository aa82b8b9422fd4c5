"""A service's README says what its code does: settings, methods, events, tables."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import services
from contract.catalogue import METHODS
from kit.config import ServiceConfig

FOLDER = Path(services.__path__[0])
SERVICES = ["payment", "contribution", "ocr", "certificate"]
SHARED = {field.name for field in dataclasses.fields(ServiceConfig)}


def section(service: str, heading: str) -> str:
    text = (FOLDER / service / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{service} has no section {heading}"
    return found[1]


def rows(service: str, heading: str) -> dict[str, str]:
    """The names in a table's first column, each with the text of its second."""
    cells = [
        line.strip("|").split("|")
        for line in section(service, heading).splitlines()
        if line.startswith("| `")
    ]
    return {name: row[1].strip(" `") for row in cells for name in re.findall(r"`(\w+)`", row[0])}


def settings(service: str) -> dict[str, str]:
    """Every variable only this service reads, with its default; its own addresses are named as well."""
    config: Any = importlib.import_module(f"services.{service}.config").Config
    variables = {}
    for field in dataclasses.fields(config):
        needed = field.default is dataclasses.MISSING or "when" in field.metadata
        default = "required" if needed else str(field.default)
        if field.name in ("database_url", "http_address") and default == "required":
            variables[f"{service}_{field.name}".upper()] = default
        elif field.name not in SHARED:
            own = f"{service}_" if field.metadata.get("own") else ""
            variables[f"{own}{field.name}".upper()] = default
    return variables


@pytest.mark.parametrize("service", SERVICES)
def test_settings_are_those_of_the_code(service: str) -> None:
    assert rows(service, "Settings") == settings(service)


@pytest.mark.parametrize("service", SERVICES)
def test_methods_are_those_of_the_contract(service: str) -> None:
    own = {method.name for method in METHODS if method.service == service and method.name != "check_health"}
    assert set(rows(service, "RPCs")) == (own or {"check_health"})


@pytest.mark.parametrize("service", ["payment", "contribution"])
def test_tables_are_those_of_the_models(service: str) -> None:
    models = importlib.import_module(f"services.{service}.models")
    assert set(rows(service, "Tables")) == set(models.metadata.tables)


@pytest.mark.parametrize("service", SERVICES)
def test_events_out_are_those_the_code_publishes(service: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (FOLDER / service).rglob("*.py"))
    events = importlib.import_module("contract.catalogue").EVENTS
    published = {name for name, event in events.items() if re.search(rf"\b{event.__name__}\(", code)}
    out = section(service, "Events").partition("Out:")[2].partition("In:")[0]
    assert set(re.findall(r"`([\w.]+)`", out)) == published
