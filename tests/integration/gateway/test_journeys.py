"""Journeys in PostgreSQL: whole again when read, also those that another version wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from contract import schema
from kit.database import Database
from services.gateway.domain.drafts import Draft, Journey, JourneyState, Step
from services.gateway.models import journeys
from services.gateway.storage.journeys import Journeys
from tests.unit.gateway.conftest import MEDICAL, NOW, PENSION, PERSON, enrolment, quoted, quoted_arrears

JOURNEYS = Journeys()
JOURNEY = Journey(
    "journey-1", "person-1", JourneyState.OPEN, Draft(PERSON, enrolment(PENSION, MEDICAL)), 1, NOW, NOW
)


def test_a_quote_of_many_years_is_kept(database: Database) -> None:
    kept = replace(JOURNEY, draft=replace(JOURNEY.draft, quoted=quoted_arrears()))
    with database.transaction() as tx:
        assert JOURNEYS.add(tx, kept)
        assert JOURNEYS.find(tx, "person-1", "journey-1") == kept
        assert JOURNEYS.find(tx, "person-2", "journey-1") is None


def test_a_quote_another_version_wrote_is_asked_for_anew(database: Database) -> None:
    """Before 补缴 a quote had one year, and no kind."""
    draft = schema.dump(replace(JOURNEY.draft, quoted=quoted()))
    del draft["kind"], draft["quoted"]["kind"], draft["quoted"]["lines"]
    draft["quoted"] |= {"year": 2026, "tier_label": "300元档"}
    with database.transaction() as tx:
        JOURNEYS.add(tx, JOURNEY)
        tx.execute(journeys.update().values(draft=draft))
        found = JOURNEYS.find_open(tx, "person-1", NOW - dt.timedelta(hours=1))
    assert found == JOURNEY
    assert found.step is Step.CHOICE
