"""The document of interfaces is what the code says now."""

from __future__ import annotations

from contract import catalogue
from scripts.lib.write_interfaces import TARGET, text
from services.gateway.api.operations import OPERATIONS, PREFIX


def test_the_document_is_what_the_code_says_now() -> None:
    assert TARGET.read_text("utf-8") == text(), "run scripts/interfaces"


def test_every_operation_method_and_event_is_in_it() -> None:
    written = TARGET.read_text("utf-8")
    for operation in OPERATIONS:
        path = PREFIX + operation.path.replace("<", "{").replace(">", "}")
        assert f"`{operation.method} {path}`" in written
    for method in catalogue.METHODS:
        if method.request.__module__.startswith("contract."):
            assert f"| `{method.name}` | `{method.request.__name__}` |" in written
    for name, kind in catalogue.EVENTS.items():
        if kind.__module__.startswith("contract."):
            assert f"| `{name}` |" in written
