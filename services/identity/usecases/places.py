"""Picking a place level by level (requirement 3.2.1.13(一))."""

from __future__ import annotations

from typing import Protocol

from contract.places import Division, Divisions, ListDivisions


class Gazetteer(Protocol):
    """Where divisions are looked up; see divisions.Gazetteer."""

    def name_of(self, code: str) -> str | None: ...
    def within(self, parent: str) -> tuple[Division, ...]: ...


def list_divisions(request: ListDivisions, gazetteer: Gazetteer) -> Divisions:
    """What lies directly in a division; nothing in one that does not exist, or below villages."""
    return Divisions(gazetteer.within(request.parent))
