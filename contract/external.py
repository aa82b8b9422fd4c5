"""What an event of another tax system says that ours need not: who is meant, by a key, and what each year cost.

Full names and numbers never travel (docs/adr/0007, 0019). A publisher and payment share a key; `insured_key` is
HMAC-SM3, in 64 hex digits, under it of “document type:document number:name” in UTF-8 (docs/guide-events.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.people import Person
from contract.places import Place


@dataclass(frozen=True)
class ExternalContribution:
    """What belongs to a contribution that was paid through another system.

    `operator_key` is made like `insured_key`, of who paid; without it nobody's statistics show it. `amounts`, in fen,
    is what each of the contribution's years cost; it may be left out for a single year. `place` is where the insured
    lives.
    """

    insured_key: str
    operator_key: str | None = None
    amounts: tuple[int, ...] = ()
    place: Place | None = None


def key_text(person: Person) -> bytes:
    """What a key is made of."""
    return f"{person.document_type.value}:{person.document_number}:{person.name}".encode()
