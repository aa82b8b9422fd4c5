"""The notify storage as dictionaries."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.deliveries import Attempt
from services.notify.domain.kept import Begun, Figures, Kept
from services.notify.domain.messages import LEASE, CodeState, Found, Message, Outcome, Sms, State, Step
from services.notify.domain.routing import Provider, Standing, Traffic, first_free, unknown
from services.notify.domain.telling import Reminder
from services.notify.templates import Kind


@dataclass
class FakeNotifyStorage:
    """Storage and database in one. A message's step is its latest; `traffic_seen` is what a test says happened."""

    messages: dict[tuple[str, str, Kind], Message] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    payers: dict[str, tuple[str | None, bool]] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    receipts: dict[tuple[str, str], Found] = field(default_factory=dict)
    known: dict[str, Standing] = field(default_factory=dict)
    traffic_seen: dict[str, Traffic] = field(default_factory=dict)
    codes: dict[str, CodeState] = field(default_factory=dict)
    codes_since: dict[str, dt.datetime] = field(default_factory=dict)
    wishes: dict[str, str] = field(default_factory=dict)
    replays: list[tuple[str, str, str]] = field(default_factory=list)
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

    def had(self, tx: Any, phones: Collection[str], since: dt.datetime) -> Mapping[str, int]:
        given = [m.sms.phone for m in self.messages.values() if m.created_at >= since]
        return {phone: given.count(phone) for phone in phones}

    def add(
        self, tx: Any, reminders: Sequence[Reminder], template_version: str, now: dt.datetime
    ) -> Sequence[Reminder]:
        return [reminder for reminder in reminders if self._added(reminder, now)]

    def _added(self, reminder: Reminder, now: dt.datetime) -> bool:
        key = reminder.about, reminder.phone, reminder.kind
        if key in self.messages:
            return False
        message_id = f"message-{len(self.messages)}"
        sms = Sms(message_id, reminder.kind, reminder.phone, reminder.variables)
        self.messages[key] = Message(sms, 0, now, None, doubtful=False)
        self.steps[message_id] = (
            Step(State.UNDELIVERED, reason="over the phone's daily cap")
            if reminder.unwanted
            else Step(State.QUEUED, now)
        )
        self.segments[message_id] = reminder.segments
        self.payers[message_id] = reminder.payer_id, reminder.to_payer
        return True

    def told(self, tx: Any, event_id: str, kind: Kind) -> bool:
        return any((about, told) == (event_id, kind) for about, _, told in self.messages)

    def claim_doubts(self, tx: Any, limit: int, now: dt.datetime) -> list[Message]:
        due = self._due(now, State.SENDING, State.SENT)[:limit]
        found = [
            replace(m, doubtful=True, awaited=self.steps[m.sms.message_id].state is State.SENT) for m in due
        ]
        for message in found:
            step = self.steps[message.sms.message_id]
            self.steps[message.sms.message_id] = replace(step, due_at=now + LEASE)
        return found

    def take_queued(self, tx: Any, limit: int, now: dt.datetime) -> list[Message]:
        return [
            replace(m, tries=m.tries + 1, tried_at=now, doubtful=False, sms=replace(m.sms, openid=self._openid(m)))
            for m in self._due(now, State.QUEUED)[:limit]
        ]  # fmt: skip

    def begin(self, tx: Any, begun: Sequence[Message], now: dt.datetime) -> None:
        for message in begun:
            self._keep(message)
            self.steps[message.sms.message_id] = Step(State.SENDING, now + LEASE)

    def record(self, tx: Any, message: Message, step: Step, now: dt.datetime) -> bool:
        avoided = message.avoided
        if step.avoid:
            avoided = (*avoided, message.provider)
        elif step.state is State.QUEUED and not message.resends:
            avoided = ()
        self._keep(replace(message, avoided=avoided, resends=message.resends + step.resend))
        self.steps[message.sms.message_id] = step
        return True

    def find_sent(self, tx: Any, message_id: str, tries: int) -> Message | None:
        for message in self.messages.values():
            if (message.sms.message_id, message.tries) == (message_id, tries):
                sending = self.steps[message_id].state is State.SENDING
                return None if sending else replace(message, doubtful=True, awaited=True)
        return None

    def begin_attempts(self, tx: Any, begun: Sequence[Begun], now: dt.datetime) -> None:
        for one in begun:
            sends = self.attempts.setdefault(one.message_id, [])
            assert one.number == len(sends) + 1, "every send is a row of its own"
            sends.append(Attempt(one.provider, now, None, None, None, None, None))

    def end_attempt(self, tx: Any, message_id: str, number: int, outcome: Outcome, now: dt.datetime) -> None:
        if not number:
            return  # no send began
        before = self.attempts[message_id][number - 1]
        serial = getattr(outcome, "serial", "") or before.serial
        answer = before.answer or type(outcome).__name__.lower()
        self.attempts[message_id][number - 1] = replace(before, ended_at=now, answer=answer, serial=serial)

    def attempts_of(self, tx: Any, message_ids: Sequence[str]) -> Mapping[str, tuple[Attempt, ...]]:
        return {one: tuple(self.attempts[one]) for one in message_ids if one in self.attempts}

    def add_receipt(self, tx: Any, provider: str, report: Found, now: dt.datetime) -> bool:
        new = (provider, report.serial) not in self.receipts
        self.receipts.setdefault((provider, report.serial), report)
        return new

    def receipt_of(self, tx: Any, provider: str, serial: str) -> Found | None:
        return self.receipts.get((provider, serial))

    def find_attempt(self, tx: Any, provider: str, serial: str) -> tuple[str, int] | None:
        for message_id, sends in self.attempts.items():
            for number, send in enumerate(sends, start=1):
                if (send.provider, send.serial) == (provider, serial):
                    return message_id, number
        return None

    def settle_attempt(self, tx: Any, message_id: str, number: int, report: Found, now: dt.datetime) -> None:
        sends = self.attempts[message_id]
        sends[number - 1] = replace(sends[number - 1], fate="delivered" if report.delivered else "failed")

    def forget_messages(self, tx: Any, before: dt.datetime, limit: int) -> int:
        """Not asked about."""
        return 0

    def forget_attempts(self, tx: Any, before: dt.datetime, limit: int) -> int:
        """Not asked about."""
        return 0

    def forget_receipts(self, tx: Any, before: dt.datetime) -> None:
        """Not asked about."""

    def standings(self, tx: Any, names: Sequence[str], now: dt.datetime) -> dict[str, Standing]:
        for name in names:
            self.known.setdefault(name, unknown(name, now))
        return {name: self.known[name] for name in names}

    def take_places(
        self, tx: Any, provider: Provider, number: int, now: dt.datetime, wait: float = 0.0
    ) -> float | None:
        standing = self.known[provider.name]
        first, taken = first_free(provider, standing, now), number / provider.rate
        if first + (0 if wait else taken) > now.timestamp() + wait + 1e-6:
            return None
        self.known[provider.name] = replace(standing, next_at=first + taken)
        return max(0.0, first - now.timestamp())

    def change_share(self, tx: Any, before: Standing, after: Standing) -> bool:
        self.known[before.provider] = after
        return True

    def traffic(self, tx: Any, now: dt.datetime) -> Mapping[str, Traffic]:
        return self.traffic_seen

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

    def wish_wechat(self, tx: Any, person_id: str, openid: str, now: dt.datetime) -> None:
        self.wishes[person_id] = openid

    def drop_wechat(self, tx: Any, person_id: str) -> None:
        self.wishes.pop(person_id, None)

    def drop_wechat_of(self, tx: Any, message_id: str) -> None:
        self.wishes.pop(self.payers[message_id][0] or "", None)

    def has_wechat(self, tx: Any, person_id: str) -> bool:
        return person_id in self.wishes

    def forget_person(self, tx: Any, person_id: str) -> None:
        self.drop_wechat(tx, person_id)

    def list_of_payer(self, tx: Any, payer_id: str, limit: int) -> Sequence[Kept]:
        return [kept for kept in self._kept() if self.payers[kept.message_id][0] == payer_id][:limit]

    def list_messages(self, tx: Any, event_id: str | None, state: State | None, limit: int) -> Sequence[Kept]:
        return [
            kept for kept in self._kept() if event_id in (None, kept.event_id) and state in (None, kept.state)
        ]

    def find_message(self, tx: Any, message_id: str, lock: bool = False) -> Kept | None:
        return next((kept for kept in self._kept() if kept.message_id == message_id), None)

    def figures(self, tx: Any, since: dt.datetime, until: dt.datetime) -> Sequence[Figures]:
        return []

    def requeue(self, tx: Any, message_id: str, now: dt.datetime) -> None:
        self.steps[message_id] = Step(State.QUEUED, now)

    def add_replay(
        self, tx: Any, message_id: str, operator: str, reason: str, before: State, now: dt.datetime
    ) -> None:
        self.replays.append((message_id, operator, reason))

    def _due(self, now: dt.datetime, *states: State) -> list[Message]:
        found = []
        for message in self.messages.values():
            step = self.steps[message.sms.message_id]
            if step.state in states and step.due_at is not None and step.due_at <= now:
                found.append(message)
        return found

    def _openid(self, message: Message) -> str:
        payer_id, to_payer = self.payers[message.sms.message_id]
        return self.wishes.get(payer_id or "", "") if to_payer else ""

    def _keep(self, message: Message) -> None:
        for key, known in self.messages.items():
            if known.sms.message_id == message.sms.message_id:
                self.messages[key] = message

    def _kept(self) -> list[Kept]:
        return [
            Kept(m.sms.message_id, event_id, kind, m.sms.phone, m.sms.variables, "1", 1,
                 self.steps[m.sms.message_id].state, m.provider, None, m.created_at)
            for (event_id, _, kind), m in self.messages.items()
        ]  # fmt: skip
