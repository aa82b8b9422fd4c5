"""SMS under stress: codes overtake 50,000 reminders, and a provider that fails and then hangs is left.

First 50,000 reminders wait while 1,000 codes are asked for: from the request to the provider a code may take 2 s (p95)
at the providers' rate. Then one of two providers fails 30 % of its calls, hangs, and comes back: nothing is lost,
nobody is told twice, and it is left within 60 s. Always one run of under three minutes.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import requests
import sqlalchemy

from bench.load import scratch_system
from bench.processes import running
from services.notify.domain.messages import State
from services.notify.domain.routing import LEAST
from services.notify.models import messages, standings
from services.notify.templates import SAMPLE

RATE = 60
"""Messages a second each provider takes: a hundredth of what real ones do, so that one machine can play all parts."""

GOAL_SECONDS, GOAL_SWITCH = 2.0, 60.0
SETTINGS = {
    "SMS_PROVIDERS": f"tencent:50:{RATE},aliyun:50:{RATE}", "NOTIFY_LOOKUP_GRACE_SECONDS": "5",
    "NOTIFY_RECEIPT_WAIT_SECONDS": "30",
}  # fmt: skip
_BATCH = 5000


@dataclass(frozen=True)
class Size:
    """How much is done. `codes` are asked for at `rate` a second, and take at most `seconds` (p95)."""

    reminders: int = 50_000
    codes: int = 1000
    rate: int = 35
    told: int = 3000
    failing: float = 10.0
    hanging: float = 20.0
    patience: float = 75.0
    seconds: float = GOAL_SECONDS
    prefixes: tuple[str, str] = ("138", "139")


def run(seconds: int, rounds: int) -> bool:
    """True when the goals are met, whatever `seconds` and `rounds` say."""
    with scratch_system(SETTINGS, {"notify": 2}) as system:
        for name in ("PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY"):
            os.environ[name] = system.env[name]
        database = system.settings.service("notify")["NOTIFY_DATABASE_URL"]
        bench = Bench(database, system.environment("identity")["AMQP_URI"], system.sandbox_url)
        return all([bench.codes_overtake(Size()), bench.a_provider_is_left(Size())])


class Bench:
    """A running notify: its database, the bus as identity reaches it, the sandbox; its keys are in our environment."""

    def __init__(self, database: str, bus: str, sandbox: str) -> None:
        self._engine = sqlalchemy.create_engine(database)
        self._bus, self._sandbox_url = bus, sandbox

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def codes_overtake(self, size: Size) -> bool:
        """Ask for codes while reminders wait."""
        self.queue(size.reminders, size.prefixes[0])
        began = time.time()
        asked = self._ask_for_codes(size)
        arrived = self._arrived(began)
        late = sorted(arrived.get(phone, math.inf) - at for phone, at in asked.items())
        waiting = self.states()[State.QUEUED.value]
        p50, p95 = (late[int(len(late) * part)] for part in (0.5, 0.95))
        lost = late.count(math.inf)
        met = not lost and p95 <= size.seconds and waiting > 0
        print(f"{size.codes} codes within {time.time() - began:.0f} s, {waiting} of {size.reminders} reminders still "
              f"waiting; from request to provider p50 {p50:.2f} s, p95 {p95:.2f} s (goal ≤ {size.seconds:.0f}), "
              f"not sent {lost}: {'met' if met else 'MISSED'}", flush=True)  # fmt: skip
        with self._engine.begin() as tx:
            tx.execute(messages.delete().where(messages.c.state == State.QUEUED.value))
        return met

    def a_provider_is_left(self, size: Size) -> bool:
        """Tencent fails three calls of ten, hangs, and comes back."""
        began = time.time()
        self.queue(size.told, size.prefixes[1])
        self._misbehaves(error_rate=0.3)
        time.sleep(size.failing)
        self._misbehaves(error_rate=0.0, timeout_rate=1.0, timeout_seconds=8.0)
        hung = time.time()
        left = None
        while time.time() - hung < (size.hanging if left is not None else GOAL_SWITCH):
            if left is None and self._share() == LEAST:
                left = time.time() - hung
            time.sleep(0.5)
        self._misbehaves(timeout_rate=0.0)
        done = self._wait_until_all_are_told(size.patience)
        arrived = Counter(
            one["phone"] for one in self._inbox(began) if one["phone"].startswith(size.prefixes[1])
        )
        twice = sum(number > 1 for number in arrived.values())
        met = done and left is not None and left <= GOAL_SWITCH and not twice and len(arrived) == size.told
        print(f"a provider failed 30 % and hung: left {'never' if left is None else f'{left:.1f} s'} after it hung "
              f"(goal ≤ {GOAL_SWITCH:.0f} s), {len(arrived)} of {size.told} told, {twice} told twice, "
              f"{'' if done else 'not '}all settled after {time.time() - began:.0f} s: {'met' if met else 'MISSED'}",
              flush=True)  # fmt: skip
        return met

    def queue(self, number: int, prefix: str) -> None:
        """Reminders of as many events, to as many phones."""
        now = dt.datetime.now(dt.UTC)
        variables = {
            name: value
            for name, value in SAMPLE.items()
            if name not in ("code", "minutes", "reason", "advice")
        }
        for first in range(0, number, _BATCH):
            phones = [f"{prefix}{n:08d}" for n in range(first, min(first + _BATCH, number))]
            rows = [
                {"message_id": str(uuid.uuid4()), "event_id": f"bench-{phone}", "recipient": phone, "phone": phone,
                 "kind": "payment_succeeded", "variables": variables, "template_version": "bench", "segments": 4,
                 "state": State.QUEUED.value, "tries": 0, "due_at": now, "created_at": now, "changed_at": now,
                 "to_payer": False, "provider": "", "avoided": "", "resends": 0}
                for phone in phones
            ]  # fmt: skip
            with self._engine.begin() as tx:
                tx.execute(messages.insert(), rows)

    def states(self) -> Counter[str]:
        """How many reminders are in each state."""
        counted = sqlalchemy.select(messages.c.state, sqlalchemy.func.count()).group_by(messages.c.state)
        with self._engine.connect() as tx:
            return Counter({row[0]: row[1] for row in tx.execute(counted)})

    def _ask_for_codes(self, size: Size) -> dict[str, float]:
        """When each phone's code was asked for."""
        with running("bench.sms_asker", environment={"AMQP_URI": self._bus}) as asker:
            assert asker.stdout is not None
            assert asker.stdin is not None
            assert asker.stdout.readline() == "ready\n", "whoever asks for codes could not start"
            print(json.dumps([size.codes, size.rate]), file=asker.stdin, flush=True)
            told = json.loads(asker.stdout.readline())
        if told["refused"]:
            print(
                "codes refused: " + " · ".join(f"{code} {n}" for code, n in told["refused"].items()),
                flush=True,
            )
        return dict(told["asked"])

    def _arrived(self, since: float) -> dict[str, float]:
        return {one["phone"]: one["sent_at"] for one in self._inbox(since)}

    def _inbox(self, since: float) -> list[dict[str, Any]]:
        found = self._sandbox("GET", f"/sms?limit=1000000&since={since}")
        return list(found["messages"])

    def _share(self) -> int:
        asked = sqlalchemy.select(standings.c.share).where(standings.c.provider == "tencent")
        with self._engine.connect() as tx:
            return int(tx.execute(asked).scalar_one())

    def _wait_until_all_are_told(self, seconds: float) -> bool:
        ends = time.time() + seconds
        while time.time() < ends:
            states = self.states()
            if not (states[State.QUEUED.value] or states[State.SENDING.value]):
                return True
            time.sleep(0.5)
        return False

    def _misbehaves(self, **faults: float) -> None:
        self._sandbox("PUT", "/settings", {"sms": faults})

    def _sandbox(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self._sandbox_url}/sandbox/api{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()
