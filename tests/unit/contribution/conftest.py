"""Who signs agreements."""

from __future__ import annotations

import datetime as dt

import pytest

from contract.contribution import Enrolment
from contract.insurance import PayerKind
from kit.clock import SetClock
from kit.crypto import KeyRing
from services.contribution.usecases.agreements import Wiring
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.audit import FakeJournal
from tests.fakes.contribution_agreements import FakeAgreements, FakeDesk
from tests.fakes.contribution_taxbank import FakeTaxBank
from tests.fakes.contribution_taxcore import FakeAudit
from tests.unit.contribution.agreements import HOME, NOW, Desk
from tests.unit.contribution.test_banks import BANKS


@pytest.fixture
def desk() -> Desk:
    rows, clock = FakeAgreements(), SetClock(NOW)
    core = FakeDesk(rows)
    w = Wiring(
        rows, rows, FakeAudit(), core, BANKS, KeyRing.parse(QUOTE_KEYS), clock, dt.timedelta(minutes=15),
        FakeJournal(),
    )  # fmt: skip
    return Desk(w, rows, core, clock, FakeTaxBank(Enrolment("1012", PayerKind.RESIDENT, (HOME,))))
