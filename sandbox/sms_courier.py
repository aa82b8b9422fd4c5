"""Receipts on their way to whoever sent the message: each provider's own format, its own idea of an answer."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import urllib3

from sandbox.clock import Clock, wire_time
from sandbox.faults import Faults
from sandbox.sms_reports import DONE, PENDING, Report, report
from sandbox.store import Store

log = logging.getLogger("sandbox.receipts")

AT_ONCE = 100
IDLE_SECONDS = 0.5


class Courier:
    """Pushes what is due, several reports at once, and again while the answer is not the right one."""

    def __init__(self, store: Store, clock: Clock, faults: Faults, url: str) -> None:
        self._store, self._clock, self._faults, self._url = store, clock, faults, url
        self._http = urllib3.PoolManager(num_pools=4, maxsize=16, retries=False)
        self._wake = threading.Event()
        self._stopped = False

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def run_for_ever(self) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                pushed = self.run_due()
            except Exception:
                log.exception("receipts could not be recorded; they stay due")
                pushed = 0
            if pushed < AT_ONCE:
                self._wake.wait(0.05 if pushed else IDLE_SECONDS)

    def run_due(self) -> int:
        """Push everything due now; returns how many reports were pushed."""
        rows = self._store.all(
            "SELECT m.*, r.provider, r.failure, r.at, r.attempts FROM sms_reports r JOIN messages m"
            " USING (serial_no) WHERE r.state = ? AND r.due_at <= ? ORDER BY r.due_at LIMIT ?",
            (PENDING, self._clock.now(), AT_ONCE),
        )
        for provider in {row["provider"] for row in rows}:
            self._push(provider, [row for row in rows if row["provider"] == provider])
        return len(rows)

    def _push(self, provider: str, rows: list[Any]) -> None:
        plan = self._faults.effective()["receipts"]
        url = (plan["url"] or self._url).replace("{provider}", provider)
        reports = [report(row, self._clock.now()) for row in rows]
        took = self._call(url, FORMATS[provider](reports), plan["timeout_seconds"])
        now, retries = self._clock.now(), plan["retry_schedule"]
        with self._store.transaction() as connection:
            for row in rows:
                attempts, state, due_at = row["attempts"] + 1, DONE, row["at"]
                again = took and self._faults.happens("receipts.duplicate", plan["duplicate_rate"])
                if again:
                    state, due_at = PENDING, now + 0.2
                elif not took and attempts <= len(retries):
                    state, due_at = PENDING, now + retries[attempts - 1]
                connection.execute(
                    "UPDATE sms_reports SET state = ?, due_at = ?, attempts = ? WHERE serial_no = ?",
                    (state, due_at, attempts, row["serial_no"]),
                )

    def _call(self, url: str, body: list[dict[str, Any]], timeout: float) -> bool:
        try:
            raw = json.dumps(body, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/json; charset=utf-8"}
            answer = self._http.request(
                "POST", url, body=raw, timeout=timeout, redirect=False, headers=headers
            )
            said = json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            return False
        # Tencent wants {"result": 0}, Aliyun and the gateway {"code": 0}.
        return answer.status == 200 and isinstance(said, dict) and 0 in (said.get("result"), said.get("code"))


def _tencent(reports: list[Report]) -> list[dict[str, Any]]:
    return [
        {
            "user_receive_time": wire_time(one.at),
            "nationcode": "86",
            "mobile": one.phone,
            "report_status": "FAIL" if one.failure else "SUCCESS",
            "errmsg": one.failure or "DELIVRD",
            "description": one.failure or "用户短信送达成功",
            "sid": one.serial,
        }
        for one in reports
    ]


def _aliyun(reports: list[Report]) -> list[dict[str, Any]]:
    return [
        {
            "phone_number": one.phone,
            "send_time": wire_time(one.sent_at),
            "report_time": wire_time(one.at),
            "success": not one.failure,
            "err_code": one.failure or "DELIVERED",
            "err_msg": one.failure or "用户接收成功",
            "sms_size": str(one.segments),
            "biz_id": one.serial,
            "out_id": one.context,
        }
        for one in reports
    ]


def _gateway(reports: list[Report]) -> list[dict[str, Any]]:
    return [
        {
            "taskid": one.serial,
            "msgid": one.context,
            "mobile": one.phone,
            "status": "UNDELIV" if one.failure else "DELIVRD",
            "error": one.failure,
            "time": wire_time(one.at),
        }
        for one in reports
    ]


FORMATS: dict[str, Callable[[list[Report]], list[dict[str, Any]]]] = {
    "tencent": _tencent,
    "aliyun": _aliyun,
    "gateway": _gateway,
}
