"""Doing together what is asked for at once.

A commit, or waking the broker, costs more than what is committed or sent, and costs hardly more for many than for
one. Nobody is kept waiting for company: what is asked for while the last is being done is done together next, so
that under little load each goes alone and under much load many share the cost.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import eventlet
from eventlet.event import Event
from eventlet.patcher import is_monkey_patched

Item = TypeVar("Item")
Result = TypeVar("Result")


class Asked(Generic[Item]):
    """An item, with the context (correlation id, trace) of whoever asked."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._context = contextvars.copy_context()
        self._done = Event()

    def run(self, work: Callable[..., Result], *args: Any) -> Result:
        """Do what belongs to this item alone, in the context of whoever asked."""
        return self._context.run(work, *args)

    def wait(self) -> Any:
        return self._done.wait()

    def answer(self, result: Any) -> None:
        self._done.send(result)

    def fail(self, error: BaseException) -> None:
        self._done.send_exception(error)


class Gathering(Generic[Item, Result]):
    """Calls `do` with what is asked for, in order, never more than `most` at once; `do` gives a result for each.

    What `do` raises is raised to all who asked, unless `apart` holds for it: then each is done again alone, so that
    nobody fails for another's fault. `lanes` is how many are done at a time.
    """

    def __init__(
        self, do: Callable[[Sequence[Asked[Item]]], Sequence[Result]], *, most: int, lanes: int = 1,
        apart: Callable[[Exception], bool] = lambda error: False,
    ) -> None:  # fmt: skip
        self._do, self._most, self._lanes, self._apart = do, most, lanes, apart
        self._waiting: list[Asked[Item]] = []
        self._busy = 0

    def __call__(self, item: Item) -> Result:
        """Have an item done, and wait until it is. In a process whose threads are not eventlet's (a command line) each
        is done alone, by who asks."""
        asked = Asked(item)
        if not is_monkey_patched("thread"):
            return self._do([asked])[0]
        self._waiting.append(asked)
        if self._busy < self._lanes:
            self._busy += 1
            # A greenlet of nobody: who asked may be stopped, and the others must not be.
            eventlet.spawn(self._work)
        result: Result = asked.wait()
        return result

    def _work(self) -> None:
        try:
            while taken := self._waiting[: self._most]:
                del self._waiting[: self._most]
                self._do_all(taken)
        finally:
            self._busy -= 1

    def _do_all(self, taken: Sequence[Asked[Item]]) -> None:
        try:
            results = self._do(taken)
        except Exception as error:
            if len(taken) > 1 and self._apart(error):
                for asked in taken:
                    self._do_all([asked])
            else:
                for asked in taken:
                    asked.fail(error)
            return
        except BaseException as error:
            for asked in taken:
                asked.fail(error)
            raise
        for asked, result in zip(taken, results, strict=True):
            asked.answer(result)
