"""What a person may see of themselves (security.md 15): always masked, as an export leaves the system."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.people import Person
from contract.rights import Deletion


@dataclass(frozen=True)
class KnownPerson:
    """A person as they are kept, whole."""

    person: Person
    phone: str
    created_at: dt.datetime
    last_login_at: dt.datetime
    deletion: Deletion | None
