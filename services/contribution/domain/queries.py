"""A question about somebody, as it is kept: who asked, what, about whom, with which result (security.md 12)."""

from __future__ import annotations

from dataclasses import dataclass

from contract.people import Person
from contract.records import AskedAs

ASKED = "asked"
"""The outcome of a row that is written before anybody else is asked."""


@dataclass(frozen=True)
class Query:
    """`act` is the method's name; rows of one query share its `query_id`."""

    query_id: str
    act: str
    asker_id: str
    asked_as: AskedAs
    person: Person
