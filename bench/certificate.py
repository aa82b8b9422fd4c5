"""Sealed certificates per second of one core through local keys, and a school's 1,000 students, killed half-way.

Everything runs on one core: the press, and a process that carries out what the register says waits, on SQLite. The tax
core is a constant. In the middle of the list that process and its press are killed; another goes on. Afterwards every
student must have one number and one file, and 1,000 random changes of a byte of one file must all be seen.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy
from asn1crypto import x509
from cryptography.hazmat.primitives import serialization

from contract.insurance import InsuranceType
from contract.people import DocumentType, Person
from contract.records import ContributionRecord, PaidRecord, PaidRecords, RecordState
from kit.clock import SystemClock
from kit.database import Database
from kit.migrations import upgrade
from sandbox.seal_authority import issue, make_root
from services.certificate.adapters.validation import Inspector
from services.certificate.domain.authorities import Authority, AuthorityBook, Seal
from services.certificate.presses import PressRoom
from services.certificate.storage.register import Register
from services.certificate.usecases import issuing, schools
from services.certificate.usecases.wiring import Printing, Wiring

RATE_GOAL, FEW, SAMPLE, STUDENTS, SECONDS_GOAL, LARGEST, CHANGES = 20.0, 20, 300, 1000, 60.0, 120 * 1024, 1000
_NAME = "国家税务总局南宁市青秀区税务局"
AUTHORITY = Authority("1" + "4501030000", _NAME, "1" + "4501030000", "seal-01", Seal(_NAME, "（01）"))
_KEYS = {"PERSONAL_DATA_KEYS": "1:" + "3c" * 16, "BLIND_INDEX_KEY": "5a" * 32}


class _Core:
    """Contribution, with two records of everybody."""

    def call(self, method: Any, request: Any) -> Any:
        at = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
        record = ContributionRecord(
            InsuranceType.MEDICAL, "202601", "202612", 40_000, "南宁市青秀区社会保险经办中心", "1", RecordState.PAID,
            "虚拟户", at, "3450260301102300",
        )  # fmt: skip
        return PaidRecords((PaidRecord(record, AUTHORITY.code),) * 2)


class _NoLists:
    def current(self) -> list[bytes]:
        return []


def _wiring(folder: Path) -> Wiring:
    root = base64.b64encode((folder / "root.der").read_bytes()).decode()
    press = PressRoom({
        "fonts": "/usr/share/fonts/opentype/noto", "roots": [root], "tsa_roots": [], "driver": "pem", "level": "B-B",
        "tsa_url": "", "keys": str(folder), "module": "", "token": "", "pin": "",
    }, 1)  # fmt: skip
    database = Database(f"sqlite:///{folder}/certificate.sqlite3", 4)
    printing = Printing("https://sb.example/check", False, dt.timedelta(days=1))
    return Wiring(
        database, Register(), _Core(), press, None, _NoLists(), AuthorityBook({AUTHORITY.code: AUTHORITY}), printing,
        SystemClock(),
    )  # fmt: skip


def work(folder: Path) -> None:
    """Carry out what waits, until nothing does: the killable part."""
    wiring = _wiring(folder)
    while claimed := issuing.claim(10, wiring):
        for wish in claimed:
            issuing.carry_out(wish, wiring)
    assert isinstance(wiring.press, PressRoom)
    wiring.press.close()


def run(seconds: int, rounds: int) -> bool:
    """Both measures; True when every goal is met."""
    os.environ.update(_KEYS)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # children inherit it
    with tempfile.TemporaryDirectory(prefix="bench-certificate-") as directory:
        folder = Path(directory)
        _make_keys(folder)
        wiring = _wiring(folder)
        with wiring.database.transaction() as tx:  # type: ignore[attr-defined]
            upgrade("certificate", tx)
        rate = _rate(folder, wiring)
        took, numbers, files, largest = _killed_half_way(folder, wiring)
        unseen = _unseen_changes(folder, wiring)
        assert isinstance(wiring.press, PressRoom)
        wiring.press.close()
    print(f"certificates per processor second   {rate:8.1f}   goal ≥ {RATE_GOAL:.0f}")
    print(f"{STUDENTS} students, killed half-way  {took:8.1f} s goal ≤ {SECONDS_GOAL:.0f} s")
    print(f"numbers, files                     {numbers:8d} {files}")
    print(f"largest file                       {largest:8d} bytes, goal ≤ {LARGEST}")
    print(f"changed bytes not seen, of {CHANGES}    {unseen:8d}")
    right = numbers == files == STUDENTS and unseen == 0
    return right and rate >= RATE_GOAL and took <= SECONDS_GOAL and largest <= LARGEST


def _make_keys(folder: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    root = make_root(now)
    made = issue(root, AUTHORITY.name, AUTHORITY.organ_code, now, "http://127.0.0.1/crl")
    pem = serialization.Encoding.PEM
    key = made.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "root.der").write_bytes(root.der)
    (folder / f"{AUTHORITY.seal_code}.pem").write_bytes(key + made.certificate.public_bytes(pem))


def _rate(folder: Path, wiring: Wiring) -> float:
    """Certificates by a second of processor time of the worker and its press, which have other work on the core: what
    SAMPLE more of them cost, so that starting, which is done once a day, is not counted."""
    few, many = (_cost(folder, wiring, number) for number in (FEW, FEW + SAMPLE))
    return SAMPLE / (many - few)


def _cost(folder: Path, wiring: Wiring, number: int) -> float:
    """Seconds of processor time a new worker takes for some certificates."""
    with wiring.database.transaction() as tx:
        for position in range(1, number + 1):
            schools.keep_wish(
                tx, f"sample-{number}", position, _student(position), ("202601", "202612"), wiring
            )
    before = _children()
    _worker(folder).wait()
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _killed_half_way(folder: Path, wiring: Wiring) -> tuple[float, int, int, int]:
    batch = "bench-batch"
    with wiring.database.transaction() as tx:
        for position in range(1, STUDENTS + 1):
            schools.keep_wish(tx, batch, position, _student(position), ("202601", "202612"), wiring)
    began, killed = time.monotonic(), False
    worker = _worker(folder)
    while True:
        time.sleep(0.2)
        states = _states(wiring, batch)
        if not killed and states.get("issued", 0) >= STUDENTS // 2:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            killed = True
            # What it had claimed waits for its lease; that is a constant, and no work.
            with wiring.database.transaction() as tx:
                tx.execute(
                    sqlalchemy.text("UPDATE certificates SET due_at = asked_at WHERE state = 'waiting'")
                )
            worker = _worker(folder)
        if worker.poll() is not None and killed:
            break
    took = time.monotonic() - began
    with wiring.database.read() as connection:
        numbers = connection.execute(sqlalchemy.text(
            "SELECT count(DISTINCT number) FROM certificates WHERE batch_id = 'bench-batch' AND state = 'issued'"
        )).scalar_one()  # fmt: skip
        files, largest = connection.execute(sqlalchemy.text(
            "SELECT count(*), max(length(certificate_files.content)) FROM certificate_files "
            "JOIN certificates USING (certificate_id) WHERE batch_id = 'bench-batch'"
        )).one()  # fmt: skip
    return took, numbers, files, largest


def _unseen_changes(folder: Path, wiring: Wiring) -> int:
    """Anywhere but in the signature's own digits, where the register's hash decides."""
    with wiring.database.read() as connection:
        one = wiring.register.of_batch(connection, "bench-batch", 1, 1)[0]
        content = wiring.register.file(connection, one.certificate_id)
    roots = (x509.Certificate.load((folder / "root.der").read_bytes()),)
    inspector, draw = Inspector(roots, roots), random.Random(1)  # noqa: S311 - places to change
    first, second = re.findall(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)", content)[0]
    begin, end = int(first), int(second)
    unseen = turn = 0
    while turn < CHANGES:
        place = draw.randrange(len(content))
        if begin <= place < end:
            continue
        changed = bytearray(content)
        changed[place] ^= 1 << draw.randrange(8)
        unseen += inspector.inspect(bytes(changed), [], dt.datetime.now(dt.UTC)).intact
        turn += 1
    return unseen


def _worker(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-W", "ignore", "-m", "bench.certificate", str(folder)])


def _states(wiring: Wiring, batch: str) -> dict[str, int]:
    with wiring.database.read() as connection:
        return dict(wiring.register.batch_states(connection, batch))


def _student(serial: int) -> Person:
    return Person(DocumentType.RESIDENT_ID, f"45010320080101{serial:04d}", f"韦{chr(0x4E00 + serial * 7)}兰")


if __name__ == "__main__":
    work(Path(sys.argv[1]))
