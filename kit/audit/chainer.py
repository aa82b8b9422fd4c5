"""The chainer: beside the workers of every service it chains what they journalled, tells the collector, exports an
anchor a day, and forgets what is older than it need be."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.extensions import DependencyProvider
from sqlalchemy.exc import SQLAlchemyError

from kit import telemetry
from kit.audit import JOURNAL, anchors
from kit.audit.journal import Journal, position_of
from kit.audit.streaming import CollectorAway, Stream
from kit.audit.tables import STREAMED
from kit.clock import Clock
from kit.config import ServiceConfig
from kit.database import Database

BATCH = 500
_DAY = dt.timedelta(days=1)
_LONGEST_PAUSE = 60.0

_log = logging.getLogger(__name__)


class Chain:
    """What is done with the journal of one service after the act; several replicas may do it at once."""

    def __init__(self, service: str, settings: ServiceConfig, database: Database, clock: Clock) -> None:
        self._service, self._settings, self._database, self._clock = service, settings, database, clock
        self._journal = JOURNAL
        self._stream = Stream(service, settings) if settings.audit_collector else None
        self._kept = dt.timedelta(days=settings.audit_kept_days)

    def chain(self) -> int:
        """Chain what waits, a batch; returns how many. Where nothing waits, nothing is locked."""
        with self._database.read() as connection:
            waiting = self._journal.waiting(connection)
        telemetry.JOURNAL_WAITING.labels(self._service).set(waiting)
        if not waiting:
            return 0
        with self._database.transaction() as tx:
            return self._journal.chain(tx, BATCH, self._clock.now())

    def tell(self) -> int:
        """Tell the collector the next chained acts, a batch; returns how many. It may hear some twice, after a crash
        between the telling and the commit, and misses none. Raises CollectorAway."""
        if self._stream is None:
            return 0
        now = self._clock.now()
        with self._database.transaction() as tx:
            told = self._journal.claim_mark(tx, STREAMED, now)
            acts = [] if told is None else self._journal.after(tx, told.sequence, BATCH)
            if acts:
                self._stream.send(acts)
                self._journal.set_mark(tx, STREAMED, position_of(acts[-1]), now)
            untold = self._journal.untold(tx)
        telemetry.JOURNAL_UNTOLD.labels(self._service).set(untold)
        return len(acts)

    def keep(self) -> int:
        """Once a day an anchor, for whoever keeps it elsewhere; and nothing longer than it need be: returns how many
        acts were forgotten, at most a batch. Raises OSError when the anchor cannot be written."""
        now = self._clock.now()
        with self._database.transaction() as tx:
            if self._settings.audit_anchors and anchors.due(tx, self._journal, now, _DAY):
                anchors.export(tx, self._journal, self._service, self._settings.audit_anchors, now)
            told = self._journal.mark(tx, STREAMED).sequence if self._stream else None
            return self._journal.forget(tx, now - self._kept, told, BATCH, now)


class Auditing(DependencyProvider):
    """Gives workers the Journal, and runs this process's chainer beside them."""

    def setup(self) -> None:
        config = self.container.config
        self._database: Database | None = config["database"]
        self._threads: list[Any] = []
        self._stopping: Event = Event()

    def start(self) -> None:
        if self._database is None:
            return
        config = self.container.config
        chain = Chain(self.container.service_name, config["settings"], self._database, config["clock"])
        for step, pause in ((chain.chain, 1.0), (chain.tell, 1.0), (chain.keep, 600.0)):
            self._threads.append(self.container.spawn_managed_thread(partial(self._run, step, pause)))

    def stop(self) -> None:
        self._stopping.send()
        for thread in self._threads:
            thread.wait()

    def get_dependency(self, worker_ctx: Any) -> Journal:
        return JOURNAL

    def _run(self, step: Callable[[], int], usual: float) -> None:
        """A step again and again: at once after a full batch, later and later while something is away."""
        pause = usual
        while not self._stopping.ready():
            try:
                pause = 0.0 if step() == BATCH else usual
            except (SQLAlchemyError, CollectorAway, OSError) as error:
                # What was journalled is committed, and waits.
                _log.warning("the journal waits: %s", type(error).__name__)
                pause = min(max(pause, usual) * 2, max(usual, _LONGEST_PAUSE))
            with eventlet.Timeout(pause, False):
                self._stopping.wait()
