"""What travels beside a request, and how an error does, on Nameko's wire format (docs/adr/0001)."""

from __future__ import annotations

from typing import Any

from contract.errors import ContractError
from kit import telemetry

CARRIED = {name: f"nameko.{name}" for name in (telemetry.CORRELATION, telemetry.ORIGIN)}
"""The headers of what a call takes along from the work it is made for."""
STAFF_SEAL = "nameko.staff_seal"
"""The header that proves for whom of the staff a call is made (kit/staff.py)."""


def error_data(error: BaseException | None) -> dict[str, Any] | None:
    """An error as an answer carries it."""
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
    """The contract error an answer carries."""
    return ContractError.of(data.get("code", "error"), data.get("value") or "", data.get("detail") or {})
