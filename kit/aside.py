"""Work that goes on after the request that began it was answered: `aside = AsideWork()`.

A request stays with its work for a moment, because most work is done by then, and so that most people never see a page
that waits. No more than half of the workers stay so: the others are there for those who ask how far their work is.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
from eventlet.event import Event
from nameko.extensions import DependencyProvider

from contract.errors import ContractError
from kit.database import AWAY

PATIENCE = 2.0
"""Seconds a request stays."""
STOP_SECONDS = 15.0
"""Seconds a stopping service waits for what is under way; what takes longer is lost, as when it is killed."""
_MOST = 2000

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class Aside:
    """Runs work beside the workers; `seats` of them may stay with it."""

    def __init__(self, seats: int, patience: float = PATIENCE) -> None:
        self._free_seats, self._patience = seats, patience
        self._pool = eventlet.GreenPool(_MOST)

    def run(self, work: Callable[[], Result]) -> Result | None:
        """What the work returns or raises, or None when it goes on by itself: what it finds it must keep somewhere.

        It carries on under the correlation id of its request.
        """
        done = self._spawn(work)
        if self._free_seats <= 0:
            return None
        self._free_seats -= 1
        ended: tuple[Result | None, Exception | None] = None, None
        try:
            with eventlet.Timeout(self._patience, False):
                ended = done.wait()
        finally:
            self._free_seats += 1
        result, error = ended
        if error is not None:
            raise error
        return result

    def begin(self, work: Callable[[], Any]) -> None:
        """The same for work nobody stays with."""
        self._spawn(work)

    def wait(self, seconds: float) -> None:
        """Until nothing is under way any more, or so long."""
        with eventlet.Timeout(seconds, False):
            self._pool.waitall()

    def _spawn(self, work: Callable[[], Any]) -> Event:
        done: Event = Event()
        context = contextvars.copy_context()
        self._pool.spawn_n(context.run, self._work, work, done)
        return done

    @staticmethod
    def _work(work: Callable[[], Any], done: Event) -> None:
        try:
            done.send((work(), None))
        except ContractError as error:
            done.send((None, error))
        except AWAY as error:
            _log.warning("work that was left to itself found the database away: %s", type(error).__name__)
            done.send((None, error))
        except Exception as error:
            _log.exception("work that was left to itself crashed")
            done.send((None, error))


class AsideWork(DependencyProvider):
    """Gives workers an Aside."""

    def setup(self) -> None:
        self._aside = Aside(self.container.max_workers // 2)

    def stop(self) -> None:
        self._aside.wait(STOP_SECONDS)

    def get_dependency(self, worker_ctx: Any) -> Aside:
        return self._aside
