"""What travels beside a request, and how an error travels in its answer, on Nameko's wire format (docs/adr/0001)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from contract.errors import ContractError
from contract.rpc import Method
from kit import telemetry, tracing

CARRIED = {name: f"nameko.{name}" for name in (telemetry.CORRELATION, telemetry.ORIGIN, tracing.TRACEPARENT)}
"""The headers of what a call takes along from the work it is made for."""
EXPIRES = "nameko.expires_at"
STAFF_SEAL = "nameko.staff_seal"
"""The header that proves for whom of the staff a call is made (kit/staff.py)."""

Seal = Callable[[Method[Any, Any], str], str]
"""Makes of a method and the body of a request what proves for whom it is called."""


def carried() -> dict[str, Any]:
    """What a call takes along now."""
    told = {telemetry.CORRELATION: telemetry.correlation_id(), telemetry.ORIGIN: telemetry.origin()}
    if tracing.on and (parent := tracing.carried()):
        told[tracing.TRACEPARENT] = parent
    return {CARRIED[name]: value for name, value in told.items()}


def expiry(headers: dict[str, Any]) -> float:
    """When nobody waits for the answer any more; a request that does not say so is done."""
    try:
        return float(headers[EXPIRES])
    except (KeyError, TypeError, ValueError):
        return math.inf


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
