"""The register, counts, the press and the other services as dictionaries."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.certificate import CertificateState
from contract.errors import ContractError
from contract.insurance import InsuranceType
from contract.people import DocumentType, Person
from contract.records import ContributionRecord, PaidRecord, PaidRecords, RecordState
from kit.clock import SetClock
from services.certificate.adapters.base import Printed
from services.certificate.domain.authorities import Authority, AuthorityBook, Seal
from services.certificate.domain.register import LEASE, Certificate
from services.certificate.domain.verdicts import Inspection
from services.certificate.usecases.wiring import Printing, Wiring
from tests.fakes.audit import FakeJournal

NOW = dt.datetime(2026, 11, 26, 1, tzinfo=dt.UTC)
WEI = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
_NAME = "国家税务总局南宁市青秀区税务局"
AUTHORITY = Authority("14501030000", _NAME, "14501030000", "14501030000-01", Seal(_NAME))


def paid(amount: int = 40_000, authority: str = AUTHORITY.code, period: str = "202612") -> PaidRecord:
    record = ContributionRecord(
        InsuranceType.MEDICAL, "202601", period, amount, "南宁市青秀区社会保险经办中心", "1", RecordState.PAID, "微信",
        NOW - dt.timedelta(days=30), "3450261120102300",
    )  # fmt: skip
    return PaidRecord(record, authority)


@dataclass
class FakeDatabase:
    """Transactions that are always there."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        yield None

    read = write = transaction


@dataclass
class FakeRegister:
    """Rows in the order they were added."""

    rows: dict[str, Certificate] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    lines: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, tx: Any, certificate: Certificate) -> bool:
        clash = any(
            one.number == certificate.number
            or (one.person_id, one.idempotency_key) == (certificate.person_id, certificate.idempotency_key)
            for one in self.rows.values()
        )
        if clash or self.waiting_for(tx, certificate):
            return False
        self.rows[certificate.certificate_id] = certificate
        return True

    def _first(self, **wanted: Any) -> Certificate | None:
        for one in self.rows.values():
            if all(getattr(one, name) == value for name, value in wanted.items()):
                return one
        return None

    def of_key(self, tx: Any, person_id: str, key: str) -> Certificate | None:
        return self._first(person_id=person_id, idempotency_key=key)

    def waiting_for(self, tx: Any, asked: Certificate) -> Certificate | None:
        return self._first(
            person=asked.person, period_from=asked.period_from, period_to=asked.period_to,
            state=CertificateState.WAITING, batch_id=None,
        )  # fmt: skip

    def find(self, tx: Any, person_id: str, certificate_id: str) -> Certificate | None:
        return self._first(person_id=person_id, certificate_id=certificate_id)

    def of_number(self, tx: Any, number: str) -> Certificate | None:
        return self._first(number=number)

    def of_person(self, tx: Any, person_id: str) -> list[Certificate]:
        return [one for one in reversed(self.rows.values()) if one.person_id == person_id]

    def claim(self, tx: Any, limit: int, now: dt.datetime) -> list[Certificate]:
        due = [
            one for one in self.rows.values()
            if one.state is CertificateState.WAITING and one.due_at is not None and one.due_at <= now
        ][:limit]  # fmt: skip
        for one in due:
            self.rows[one.certificate_id] = replace(one, due_at=now + LEASE)
        return [self.rows[one.certificate_id] for one in due]

    def lock(self, tx: Any, certificate_id: str) -> Certificate:
        return self.rows[certificate_id]

    def save(self, tx: Any, certificate: Certificate) -> None:
        self.rows[certificate.certificate_id] = certificate

    def note(
        self, tx: Any, certificate_id: str, act: str, actor: str, now: dt.datetime, text: str = ""
    ) -> None:
        self.lines.append((certificate_id, act, actor, text))

    def keep_file(self, tx: Any, certificate_id: str, content: bytes, until: dt.datetime) -> None:
        assert certificate_id not in self.files, "a file is written once"
        self.files[certificate_id] = content

    def file(self, tx: Any, certificate_id: str) -> bytes | None:
        return self.files.get(certificate_id)


@dataclass
class FakePress:
    """Pages that say their words; `signer` is whom inspection finds, `broken` what it finds of the file."""

    signer: str = AUTHORITY.organ_code
    intact: bool = True
    revoked: bool | None = False
    number: str = ""
    error: ContractError | None = None
    set_words: list[Mapping[str, Any]] = field(default_factory=list)

    def set(self, words: Mapping[str, Any], qr: str, seal: Seal, issued_at: dt.datetime) -> Printed:
        if self.error is not None:
            raise self.error
        self.set_words.append(words)
        return Printed(b"%PDF-" + repr(sorted(words.items())).encode() + qr.encode(), 1, 0, (0, 0, 113, 113))

    def sign(self, printed: Printed, authority: Authority, crls: Sequence[bytes]) -> bytes:
        return printed.pdf + b" signed"

    def inspect(self, pdf: bytes, crls: Sequence[bytes], now: dt.datetime) -> Inspection:
        return Inspection(self.intact, True, self.revoked, False, self.signer, AUTHORITY.name, self.number)

    def picture(self, pdf: bytes, page: int, width: int) -> bytes:
        return b"\x89PNG"


@dataclass
class FakePeers:
    """Contribution: what it has of a person, or why not."""

    records: tuple[PaidRecord, ...] = (paid(),)
    error: ContractError | None = None
    asked: int = 0

    def call(self, method: Any, request: Any) -> Any:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return PaidRecords(self.records)


class FakeLists:
    """One list."""

    def current(self) -> Sequence[bytes]:
        return [b"crl"]


@dataclass
class FakeCounts:
    """Counts by subject; hours do not pass."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, tx: Any, subject: str, now: dt.datetime) -> int:
        self.counts[subject] = self.counts.get(subject, 0) + 1
        return self.counts[subject]

    def read(self, tx: Any, subject: str, now: dt.datetime) -> int:
        return self.counts.get(subject, 0)


@dataclass
class Office:
    """A whole certificate service of fakes."""

    register: FakeRegister = field(default_factory=FakeRegister)
    press: FakePress = field(default_factory=FakePress)
    peers: FakePeers = field(default_factory=FakePeers)
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    sealer: Any = None
    journal: FakeJournal = field(default_factory=FakeJournal)

    @property
    def wiring(self) -> Wiring:
        printing = Printing("https://sb.example/check", False, dt.timedelta(days=1825))
        return Wiring(
            FakeDatabase(), self.register, self.peers, self.press, self.sealer, FakeLists(),  # type: ignore[arg-type]
            AuthorityBook({AUTHORITY.code: AUTHORITY}), printing, self.clock, self.journal,
        )  # fmt: skip
