"""The use cases of households, relations and rights on a real database."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from contract.errors import ContractError
from kit.clock import SetClock
from kit.database import Database
from kit.outbox import Outbox
from services.identity.divisions import Gazetteer
from services.identity.models import metadata, outbox, persons
from services.identity.storage.consents import Consents
from services.identity.storage.household import MemberStorage
from services.identity.storage.logins import LoginStorage
from services.identity.storage.relations import RelationStorage
from services.identity.storage.rights import AccountStorage
from services.identity.usecases.wiring import Wiring
from tests.factories.identity_people import NOW, known_person


def wiring(database: Database, clock: SetClock | None = None, household_limit: int = 50) -> Wiring:
    """The tools of the running service."""
    return Wiring(
        database, AccountStorage(), MemberStorage(), RelationStorage(), Consents(), Outbox(outbox, "identity"),
        Gazetteer(), clock or SetClock(NOW), household_limit, deletion_after=dt.timedelta(days=15),
    )  # fmt: skip


def logged_in(database: Database, serial: int, due_at: dt.datetime | None = None) -> str:
    """The id of somebody new, who wants to be forgotten at `due_at`."""
    known, person_id = known_person(serial), str(uuid.uuid4())
    of = known.person
    with database.transaction() as tx:
        tx.execute(persons.insert().values(
            person_id=person_id, identity=f"{of.document_type.value}\0{of.document_number}\0{of.name}",
            document_type=of.document_type.value, document_number=of.document_number, name=of.name,
            phone=known.phone, phone_index=known.phone, phone_version=1, created_at=NOW, last_login_at=NOW,
            deletion_requested_at=due_at and NOW, deletion_due_at=due_at,
        ))  # fmt: skip
        LoginStorage().bind(tx, f"openid-{serial}", person_id, NOW)
    return person_id


def outcomes(act: Callable[[int], object], times: int) -> Counter[str]:
    """How often each outcome came when all act at once."""

    def run(n: int) -> str:
        try:
            act(n)
        except ContractError as error:
            return type(error).__name__
        return "through"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(run, range(times)))


def dump(database: Database) -> str:
    """Every row of every table as PostgreSQL shows it: bytes as hexadecimal."""
    with database.read() as connection:
        return "\n".join(
            f"{table.name} {row}"
            for table in metadata.sorted_tables
            for row in connection.execute(text(f"SELECT t::text FROM {table.name} t")).scalars()
        )
