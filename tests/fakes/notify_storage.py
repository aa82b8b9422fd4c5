"""The notify storage as dictionaries."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.notify.domain import LEASE, CodeState, Message, Sms, State, Step
from services.notify.templates import Kind


@dataclass
class FakeNotifyStorage:
    """Storage and database in one. `now` of a message's row is its latest step."""

    messages: dict[tuple[str, str, Kind], Message] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    codes: dict[str, CodeState] = field(default_factory=dict)
    codes_since: dict[str, dt.datetime] = field(default_factory=dict)
    open_transactions: int = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        self.open_transactions += 1
        try:
            yield None
        finally:
            self.open_transactions -= 1

    def read(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def add(
        self, tx: Any, event_id: str, kind: Kind, phone: str, variables: Mapping[str, str],
        template_version: str, segments: int, now: dt.datetime,
    ) -> bool:  # fmt: skip
        key = event_id, phone, kind
        if key in self.messages:
            return False
        message_id = f"message-{len(self.messages)}"
        self.messages[key] = Message(Sms(message_id, kind, phone, variables), 0, now, None, doubtful=False)
        self.steps[message_id] = Step(State.QUEUED, now)
        self.segments[message_id] = segments
        return True

    def told(self, tx: Any, event_id: str, kind: Kind) -> bool:
        return any((about, told) == (event_id, kind) for about, _, told in self.messages)

    def claim(self, tx: Any, limit: int, now: dt.datetime) -> list[Message]:
        claimed = []
        for key, message in self.messages.items():
            step = self.steps[message.sms.message_id]
            if step.state in (State.SENT, State.UNDELIVERED) or (step.due_at or now) > now:
                continue
            if step.state is State.QUEUED:
                message = replace(message, tries=message.tries + 1, tried_at=now)
                self.messages[key] = message
            claimed.append(replace(message, doubtful=step.state is State.SENDING))
            self.steps[message.sms.message_id] = Step(State.SENDING, now + LEASE)
        return claimed[:limit]

    def record(self, tx: Any, message: Message, step: Step, now: dt.datetime) -> bool:
        self.steps[message.sms.message_id] = step
        return True

    def begin_code(self, tx: Any, reference: str, phone: str, now: dt.datetime) -> CodeState | None:
        earlier = self.codes.get(reference)
        self.codes.setdefault(reference, CodeState.SENDING)
        self.codes_since.setdefault(reference, now)
        return earlier

    def end_code(
        self, tx: Any, reference: str, state: CodeState, serial: str, reason: str, now: dt.datetime
    ) -> None:
        if self.codes[reference] is not CodeState.SENT:
            self.codes[reference] = state

    def forget_codes(self, tx: Any, before: dt.datetime) -> None:
        for reference in [key for key, since in self.codes_since.items() if since < before]:
            del self.codes[reference]
