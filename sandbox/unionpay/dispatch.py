"""Sending what is due: notifies wait in the store, so a killed sandbox sends them when it is back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

import urllib3

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.store import Store
from sandbox.unionpay import notice

log = logging.getLogger("sandbox.notify")

AT_ONCE = 100
IDLE_SECONDS = 0.5


class Pool(Protocol):
    """What the dispatcher needs of ``eventlet.GreenPool``."""

    def spawn_n(self, function: Callable[..., None], *args: object) -> None: ...

    def free(self) -> int: ...


class Dispatcher:
    """Sends due notifies, retries those not answered with SUCCESS, and records every answer."""

    def __init__(self, store: Store, clock: Clock, faults: Faults) -> None:
        self._store, self._clock, self._faults = store, clock, faults
        self._http = urllib3.PoolManager(num_pools=8, maxsize=AT_ONCE, retries=False)
        self._sending: set[int] = set()
        self._wake = threading.Event()
        self._stopped = False

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def run_for_ever(self, pool: Pool) -> None:
        while not self._stopped:
            self._wake.clear()
            for notify_id in self._due(pool.free()):
                self._sending.add(notify_id)
                pool.spawn_n(self._send_and_forget, notify_id)
            self._wake.wait(self._seconds_to_next() if pool.free() else IDLE_SECONDS)

    def run_due(self) -> int:
        """Send everything due now, one after the other; returns how many were sent."""
        due = self._due(AT_ONCE)
        for notify_id in due:
            self._send(notify_id)
        return len(due)

    def _due(self, at_most: int) -> list[int]:
        rows = self._store.all(
            "SELECT id FROM notifies WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT ?",
            (self._clock.now(), at_most + len(self._sending)),
        )
        return [row["id"] for row in rows if row["id"] not in self._sending][:at_most]

    def _seconds_to_next(self) -> float:
        rows = self._store.all(
            "SELECT id, due_at FROM notifies WHERE state = 'pending' ORDER BY due_at LIMIT ?",
            (len(self._sending) + 1,),
        )
        waiting = [row["due_at"] for row in rows if row["id"] not in self._sending]
        return max(0.005, min(IDLE_SECONDS, waiting[0] - self._clock.now())) if waiting else IDLE_SECONDS

    def _send_and_forget(self, notify_id: int) -> None:
        try:
            self._send(notify_id)
        except Exception:
            log.exception("notify %s could not be recorded; it stays due", notify_id)
        finally:
            self._sending.discard(notify_id)
            self._wake.set()

    def _send(self, notify_id: int) -> None:
        row = self._store.one("SELECT * FROM notifies WHERE id = ?", (notify_id,))
        if row is None:
            return
        plan = self._faults.effective(f"order:{row['mer_order_id']}")["notify"]
        answer = self._call(row["method"], row["url"], row["body"], plan["timeout_seconds"])
        attempt, now = row["attempts"] + 1, self._clock.now()
        state, due_at = notice.DELIVERED, row["due_at"]
        if answer != "200 SUCCESS":
            retries = plan["retry_schedule"] if plan["retry_on_failure"] else []
            if row["kind"] == notice.GENUINE and attempt <= len(retries):
                state, due_at = notice.PENDING, now + retries[attempt - 1]
            else:
                state = notice.GIVEN_UP
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE notifies SET state = ?, due_at = ?, attempts = ? WHERE id = ?",
                (state, due_at, attempt, notify_id),
            )
            connection.execute(
                "INSERT OR REPLACE INTO notify_answers VALUES (?, ?, ?, ?)", (notify_id, attempt, now, answer)
            )

    def _call(self, method: str, url: str, body: str, timeout: float) -> str:
        """Status and first words of the answer, or what went wrong."""
        try:
            if method == "GET":
                joint = "&" if "?" in url else "?"
                response = self._http.request("GET", f"{url}{joint}{body}", timeout=timeout, redirect=False)
            else:
                response = self._http.request(
                    "POST",
                    url,
                    body=body,
                    timeout=timeout,
                    redirect=False,
                    headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
                )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return type(error).__name__
        return f"{response.status} {response.data[:80].decode(errors='replace').strip()}"
