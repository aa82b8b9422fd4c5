"""What identity asks of the 移动办税实名库, whoever answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from contract.people import DocumentType


class RegistryUnavailable(Exception):
    """No usable answer. Nobody is kept from logging in by that; the message names no person."""


@dataclass(frozen=True)
class RegisteredPerson:
    """A person as the registry writes them: nothing is checked yet."""

    document_type: DocumentType
    document_number: str
    name: str
    phone: str


class RealNames(Protocol):
    """移动办税实名库 (requirement 3.2.1.2, case 3)."""

    def find(self, openid: str) -> RegisteredPerson | None:
        """Who is registered as this WeChat user; None when nobody is, or by a document we do not take. Raises
        RegistryUnavailable."""
        ...
