"""Reconciling a day: read all sides, compare them order by order, leave the breaks (docs/adr/0017)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from contract.reconciliation import ReconciliationRun
from kit.audit import JOURNAL, Acts
from kit.clock import Clock, china
from kit.database import Transactions
from services.payment.adapters.base import Core, DailyFile, FileNotReady, FileUnusable, UnionPay
from services.payment.config import Config
from services.payment.reconciliation.comparing import Elsewhere, Found, Judge, Rules, agree
from services.payment.reconciliation.entries import OF_CORE, Entry, Malformed, in_order
from services.payment.reconciliation.recording import record

LEASE = dt.timedelta(minutes=5)
"""After a crash a run is taken up again then."""

MOST_BREAKS = 20_000
"""More in one day are no breaks: a file is not what it says it is, and nobody would look into them one by one."""

MOST_PROBLEMS = 1000
_PROBLEMS_KEPT = 50
_LOOKED_INTO_AT_ONCE = 500
_KEPT_ALIVE_EVERY = 20_000
_RETRIES = (5, 10, 20, 30)
"""Minutes until a run that could not be done is tried again; the last for ever."""
RERUN_DAYS = 7
"""Days back that are reconciled again while they have open breaks: the core posts late, a file is corrected."""
CATCH_UP_DAYS = 31

_log = logging.getLogger(__name__)


class TooManyBreaks(Exception):
    """See MOST_BREAKS."""


class TakenOver(Exception):
    """The lease has ended and somebody else runs it."""


@dataclass(frozen=True)
class Desk:
    """What reconciliation works with; the storages are those of services.payment.storage."""

    database: Transactions
    books: Any
    runs: Any
    breaks: Any
    unionpay: UnionPay
    core: Core
    clock: Clock
    config: Config
    journal: Acts = JOURNAL


def ask_for_days(d: Desk) -> list[dt.date]:
    """The daily timer: from the configured hour on, yesterday and what was missed before, each once; with yesterday
    those of the last days that still have breaks. Gives the days that were asked for."""
    now = china(d.clock.now())
    yesterday = now.date() - dt.timedelta(days=1)
    if now.hour < d.config.reconciliation_hour:
        return []
    with d.database.read() as connection:
        first = d.books.first_day(connection)
        if first is None or first > yesterday:
            return []
        since = max(first, yesterday - dt.timedelta(days=CATCH_UP_DAYS - 1))
        known = d.runs.days_asked(connection, since)
        missed = [day for day in _days(since, yesterday) if day not in known]
        again: set[dt.date] = set()
        if yesterday in missed:
            again = d.breaks.open_days(connection, yesterday - dt.timedelta(days=RERUN_DAYS), yesterday)
    asked = sorted({*missed, *again})
    for day in asked:
        with d.database.transaction() as tx:
            d.runs.ask(tx, day, "", d.clock.now())
    return asked


def _days(since: dt.date, until: dt.date) -> Iterator[dt.date]:
    return (since + dt.timedelta(days=n) for n in range((until - since).days + 1))


def anything_due(d: Desk) -> bool:
    """Whether a run waits to be taken up."""
    with d.database.read() as connection:
        return bool(d.runs.due(connection, d.clock.now()))


def run_due(d: Desk, scratch: Callable[[], Any]) -> int:
    """Take up what is due, one after the other, until nothing is; `scratch` makes folders that end with their block.
    Gives how many were done."""
    done = 0
    while claimed := _claim(d):
        with scratch() as folder:
            done += _try(*claimed, d, Path(folder))
    return done


def _claim(d: Desk) -> tuple[ReconciliationRun, int] | None:
    now = d.clock.now()
    with d.database.transaction() as tx:
        claimed: tuple[ReconciliationRun, int] | None = d.runs.claim(tx, now, now + LEASE)
    return claimed


def _try(run: ReconciliationRun, attempt: int, d: Desk, folder: Path) -> bool:
    try:
        Reconciliation(run, attempt, d).reconcile(folder)
        return True
    except TakenOver:
        _log.warning("a reconciliation was taken over", extra={"run_id": run.run_id})
        return False
    except FileNotReady as error:
        reason, level = str(error), logging.ERROR if isinstance(error, FileUnusable) else logging.WARNING
        _log.log(level, "a reconciliation waits", extra={"run_id": run.run_id, "reason": reason})
    except TooManyBreaks:
        reason = f"差异超过{MOST_BREAKS}条，请先核对当日账单是否完整"
        _log.error("a reconciliation finds too much", extra={"run_id": run.run_id})
    except Exception as error:
        reason = f"对账程序出错（{type(error).__name__}），请查看日志"
        _log.exception("a reconciliation crashed", extra={"run_id": run.run_id})
    wait = dt.timedelta(minutes=_RETRIES[min(attempt, len(_RETRIES)) - 1])
    with d.database.transaction() as tx:
        d.runs.postpone(tx, run.run_id, attempt, d.clock.now() + wait, reason)
    return False


@dataclass
class Reconciliation:
    """One attempt at one day. Nothing is stored before every file has been read to its end."""

    run: ReconciliationRun
    attempt: int
    desk: Desk
    counts: dict[str, int] = field(default_factory=lambda: {"ours": 0, "unionpay": 0, "core": 0})
    files: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unreadable: int = 0
    read: int = 0

    def reconcile(self, folder: Path) -> None:
        """Raises FileNotReady, FileUnusable, TooManyBreaks, TakenOver."""
        d, day = self.desk, self.run.day
        with d.database.read() as connection:
            merchants = frozenset(d.config.merchants.mids | d.books.merchants(connection, day))
            around = d.runs.days_done(
                connection, day - dt.timedelta(days=CATCH_UP_DAYS), day + dt.timedelta(1)
            )
        rules = Rules(day, merchants, d.config.reconciliation_cut, around - {day})
        sides = [self._file("unionpay", d.unionpay.fetch_settlement(day, mid)) for mid in sorted(merchants)]
        sides += [self._file("core", d.core.fetch_records(day)), self._ours()]
        orders = in_order(chain.from_iterable(sides), folder)
        found, settled = self._looked_into((order for order in orders if not agree(order)), rules)
        self._record(found, settled)

    def _file(self, side: str, file: DailyFile) -> Iterator[Entry]:
        for said in file:
            if isinstance(said, Malformed):
                self._note(file, said)
            else:
                self.counts[side] += 1
                self._alive()
                yield said
        self.files[file.name] = {"sha256": file.sha256, "lines": file.lines}

    def _note(self, file: DailyFile, malformed: Malformed) -> None:
        self.unreadable += 1
        if self.unreadable > MOST_PROBLEMS:
            raise FileUnusable(file.name, f"超过{MOST_PROBLEMS}行无法读取，请核对文件格式")
        if self.unreadable <= _PROBLEMS_KEPT:
            self.problems.append(f"{file.name}第{malformed.line}行：{malformed.reason}")
        elif self.unreadable == _PROBLEMS_KEPT + 1:
            self.problems.append(f"另有其他行无法读取，只列出前{_PROBLEMS_KEPT}行")

    def _ours(self) -> Iterator[Entry]:
        books, database = self.desk.books, self.desk.database
        for entry in chain(books.paid(database, self.run.day), books.refunded(database, self.run.day)):
            self.counts["ours"] += entry.movement not in OF_CORE
            self._alive()
            yield entry

    def _alive(self) -> None:
        """Keep the run ours while it is worked on."""
        self.read += 1
        if self.read % _KEPT_ALIVE_EVERY == 0:
            with self.desk.database.transaction() as tx:
                self._keep(tx)

    def _keep(self, tx: Any) -> None:
        if not self.desk.runs.keep(tx, self.run.run_id, self.attempt, self.desk.clock.now() + LEASE):
            raise TakenOver

    def _looked_into(
        self, suspects: Iterable[list[Entry]], rules: Rules
    ) -> tuple[list[Found], list[Elsewhere]]:
        found: list[Found] = []
        settled: list[Elsewhere] = []
        for some in _parts(suspects, _LOOKED_INTO_AT_ONCE):
            numbers = [entries[0].number for entries in some]
            with self.desk.database.read() as connection:
                known = self.desk.books.known(connection, numbers)
                past = self.desk.breaks.past(connection, numbers)
            for entries, number in zip(some, numbers, strict=True):
                for one in Judge(rules, known.get(number), past.get(number, ())).judge(entries):
                    (settled if isinstance(one, Elsewhere) else found).append(one)  # type: ignore[arg-type]
            if len(found) > MOST_BREAKS:
                raise TooManyBreaks
        return found, settled

    def _record(self, found: Sequence[Found], settled: Sequence[Elsewhere]) -> None:
        d, now = self.desk, self.desk.clock.now()
        with d.database.transaction() as tx:
            self._keep(tx)
            recorded = record(tx, d.breaks, self.run, found, settled, now)
            counts = {**self.counts, "found": len(found), "new": recorded.new, "closed": recorded.closed}
            d.runs.finish(tx, self.run.run_id, now, counts, self.files, self.problems)
        _log.info("reconciled", extra={"day": f"{self.run.day}", "run_id": self.run.run_id, **counts})


def _parts(values: Iterable[list[Entry]], size: int) -> Iterator[list[list[Entry]]]:
    part: list[list[Entry]] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
