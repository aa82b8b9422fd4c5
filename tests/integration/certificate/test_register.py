"""The register on PostgreSQL: however many ask at once, a wish has one number, and one process carries it out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from contract.certificate import IssueCertificate
from deploy.local.postgresql import PostgreSQL
from kit.clock import SystemClock
from kit.database import Database
from services.certificate.domain.authorities import AuthorityBook
from services.certificate.storage.check_counts import CheckCounts
from services.certificate.storage.register import Register
from services.certificate.usecases import issuing, reading
from services.certificate.usecases.wiring import Printing, Wiring
from tests.fakes.certificate_register import AUTHORITY, NOW, WEI, FakeLists, FakePeers, FakePress
from tests.integration.databases import upgrade

ASKED = IssueCertificate("person-1", WEI, "202601", "202712", "key-1")


@pytest.fixture(scope="module")
def wiring(postgres: PostgreSQL) -> Iterator[Wiring]:
    database = Database(postgres.url("certificate"), pool_size=20)
    upgrade("certificate", database)
    printing = Printing("https://sb.example/check", False, dt.timedelta(days=1))
    yield Wiring(
        database, Register(), FakePeers(), FakePress(), None, FakeLists(), AuthorityBook({AUTHORITY.code: AUTHORITY}),
        printing, SystemClock(),
    )  # fmt: skip
    database.engine.dispose()


def test_a_crowd_with_one_wish_gets_one_number(wiring: Wiring) -> None:
    keys = [f"key-{turn % 4}" for turn in range(24)]
    with ThreadPoolExecutor(12) as crowd:
        asked = list(
            crowd.map(
                lambda key: issuing.issue_certificate(replace(ASKED, idempotency_key=key), wiring), keys
            )
        )
    assert len({one.number for one in asked}) == 1
    with ThreadPoolExecutor(8) as replicas:
        claimed = [
            wish for many in replicas.map(lambda _: issuing.claim(5, wiring), range(8)) for wish in many
        ]
    assert len(claimed) == 1
    assert issuing.carry_out(claimed[0], wiring).file_hash
    named = reading.CertificateOfPerson("person-1", asked[0].certificate_id)
    assert reading.get_file(named, wiring) == reading.get_file(named, wiring)


def test_nothing_in_the_tables_can_be_read(wiring: Wiring) -> None:
    with wiring.database.read() as connection:
        for table in ("certificates", "certificate_files"):
            rows = connection.execute(text(f"SELECT {table}::text FROM {table}")).scalars().all()  # type: ignore[call-overload]
            assert rows
            for secret in (WEI.document_number, WEI.name, "%PDF-"):
                assert not any(secret in row or secret.encode().hex() in row for row in rows)


def test_counts_are_shared(wiring: Wiring) -> None:
    counts = CheckCounts()

    def once(_: int) -> int:
        with wiring.database.transaction() as tx:
            return counts.add(tx, "address 203.0.113.7", NOW)

    with ThreadPoolExecutor(8) as replicas:
        assert sorted(replicas.map(once, range(16))) == list(range(1, 17))


def test_counts_of_hours_gone_by_are_forgotten(wiring: Wiring) -> None:
    counts = CheckCounts()
    with wiring.database.transaction() as tx:
        counts.add(tx, "address 203.0.113.8", NOW)
        counts.forget(tx, NOW)
        assert counts.read(tx, "address 203.0.113.8", NOW) == 1
        counts.forget(tx, NOW + dt.timedelta(hours=1))
        assert counts.read(tx, "address 203.0.113.8", NOW) == 0


def test_old_files_go_and_the_line_stays(wiring: Wiring) -> None:
    register, later = Register(), wiring.clock.now() + dt.timedelta(days=2)
    with wiring.database.transaction() as tx:
        assert register.forget_files(tx, later) == 1
        kept = register.of_person(tx, "person-1")[0]
        assert register.file(tx, kept.certificate_id) is None
    assert (kept.content, kept.person, bool(kept.file_hash)) == (None, None, True)
