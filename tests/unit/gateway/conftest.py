"""A payer, an enrolment and the gateway's ports on fakes."""

from __future__ import annotations

import datetime as dt

import pytest

from contract.contribution import Enrolment, EnrolmentEntry, Quoted, Tier, Tiers, find_enrolment, list_tiers
from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import DocumentType, Person
from contract.quote import QuoteLine
from kit.clock import SetClock
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_aside import FakeAside
from tests.fakes.gateway_peers import FakePeers
from tests.fakes.gateway_storage import FakeBatches, FakeJourneys, FakeSessions, FakeTransactions

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
PERSON = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
PAYER = LoggedInPayer("person-1", PERSON, "13800138000")
TIERS = Tiers((Tier("200", "200元档", 20_000), Tier("300", "300元档", 30_000)))
LIFE = dt.timedelta(hours=24)


def entry(kind: InsuranceType, agency: str = "450103") -> EnrolmentEntry:
    """An enrolment entry at an agency of a county."""
    return EnrolmentEntry(
        f"{kind.value}-{agency}", kind, agency, f"南宁市青秀区社会保险经办中心{agency}", f"{agency}0001",
        f"1{agency}0000", agency, "102120001",
    )  # fmt: skip


def enrolment(*entries: EnrolmentEntry) -> Enrolment:
    return Enrolment("1012", PayerKind.RESIDENT, entries)


MEDICAL, PENSION = entry(InsuranceType.MEDICAL), entry(InsuranceType.PENSION)
MEDICAL_ELSEWHERE = entry(InsuranceType.MEDICAL, "450202")


def quoted(amount: int = 30_000, expires_in: int = 900) -> Quoted:
    line = QuoteLine(2026, "300元档", amount)
    return Quoted("sealed", PENSION, PaymentKind.NORMAL, (line,), amount, expires_in)


def quoted_arrears(first: int = 2013, last: int = 2025) -> Quoted:
    lines = tuple(QuoteLine(year, "100元档", 10_000) for year in range(first, last + 1))
    return Quoted("sealed-arrears", PENSION, PaymentKind.BACK, lines, 10_000 * len(lines), 900)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def peers() -> FakePeers:
    return FakePeers(FakeTransactions())


@pytest.fixture
def aside() -> FakeAside:
    return FakeAside()


@pytest.fixture
def ports(clock: SetClock, peers: FakePeers, aside: FakeAside) -> Ports:
    peers.answer(find_enrolment, enrolment(PENSION, MEDICAL))
    peers.answer(list_tiers, TIERS)
    return Ports(peers._transactions, FakeSessions(), FakeJourneys(), FakeBatches(), peers, clock, aside)
