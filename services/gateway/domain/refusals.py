"""How a question that went on by itself was refused, kept until whoever asked looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contract.errors import ContractError


@dataclass(frozen=True)
class Refusal:
    """A ContractError that can be kept."""

    code: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, error: ContractError) -> Refusal:
        return cls(error.code, error.message, error.detail)

    @property
    def error(self) -> ContractError:
        return ContractError.of(self.code, self.text, self.detail)
