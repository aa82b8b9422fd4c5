"""How an error crosses the bus in the answer of a call, and arrives as what it was (kit.rpc)."""

from __future__ import annotations

from typing import Any

from contract.errors import ContractError


def error_data(error: BaseException | None) -> dict[str, Any] | None:
    """An error as Nameko's wire format has it, with our code and detail; None for none."""
    if error is None:
        return None
    if not isinstance(error, ContractError):
        # What went wrong inside is in our log, under the correlation id; it does not cross the bus.
        error = ContractError()
    return {
        "exc_type": type(error).__name__, "exc_path": f"contract.{error.code}", "exc_args": [error.message],
        "value": error.message, "code": error.code, "detail": error.detail,
    }  # fmt: skip


def error_from(data: dict[str, Any]) -> ContractError:
    """The error an answer holds."""
    return ContractError.of(data.get("code", "error"), data.get("value") or "", data.get("detail") or {})
