"""Reminders and codes, without a database or a provider."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract.events import OWN_SOURCES, EventData
from contract.notify import SendCode, SmsNotAccepted
from contract.payment import PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from kit.clock import SetClock
from kit.config import read
from services.notify.config import Config
from services.notify.domain.kept import Begun
from services.notify.domain.messages import (
    LEASE,
    CodeState,
    Message,
    Patience,
    Rejected,
    Remedy,
    Sms,
    State,
    Step,
)
from services.notify.templates import Catalogue, Kind
from services.notify.usecases import codes, reminders, telling
from services.notify.usecases.channels import Channels
from tests.fakes.notify_events import contribution, enveloped, failed, refunded, returned, succeeded
from tests.fakes.notify_provider import FakeProvider, channels
from tests.fakes.notify_storage import FakeNotifyStorage
from tests.unit.notify.test_wording import ENVIRONMENT

_REMINDERS: dict[type[EventData], Any] = {
    PaymentSucceeded: telling.remind_of_success, PaymentFailed: telling.remind_of_failure,
    PaymentRefunded: telling.remind_of_refund, PaymentReturned: telling.remind_of_return,
}  # fmt: skip
OWN = OWN_SOURCES + "payment"
GRACE = dt.timedelta(seconds=120)
PATIENCE = Patience(GRACE, dt.timedelta(seconds=300))
CODE = SendCode("challenge-1", "13800138000", "042042", 5)


@dataclass
class Notify:
    """One notify service with its clock and provider."""

    catalogue: Catalogue
    storage: FakeNotifyStorage = field(default_factory=FakeNotifyStorage)
    clock: SetClock = field(default_factory=lambda: SetClock(dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)))
    cap: int = 100

    def __post_init__(self) -> None:
        self.provider = FakeProvider(self.storage)
        self.channels: Channels = channels(self.catalogue, tencent=self.provider)
        self.pauses: list[float] = []

    def hear(self, event: EventData, event_id: str = "event-1", source: str = OWN) -> int:
        teller = telling.Teller(self.storage, self.catalogue, self.cap, self.clock)
        return int(_REMINDERS[type(event)](None, [(event, enveloped(event, event_id, source))], teller))

    def claim(self, quiet: tuple[int, int] = (0, 0)) -> list[Message]:
        claimed = reminders.claim(self.storage, self.storage, self.channels, self.clock, 100, quiet)
        return list(claimed.messages)

    def deliver(self, message: Message) -> Step | None:
        return reminders.deliver(message, self.storage, self.storage, self.channels, self.clock, PATIENCE)

    def send_due(self) -> list[Step | None]:
        return [self.deliver(message) for message in self.claim()]

    def send_code(self, request: SendCode = CODE) -> None:
        desk = codes.Desk(self.storage, self.storage, self.channels, self.clock, self.pauses.append)
        codes.send_code(request, desk)

    @property
    def states(self) -> list[State]:
        return [step.state for step in self.storage.steps.values()]


@pytest.fixture
def notify() -> Notify:
    return Notify(read(Config, ENVIRONMENT).catalogue())


def test_a_payment_is_told_to_payer_and_insured(notify: Notify) -> None:
    assert notify.hear(succeeded(insured_phone="13900139000")) == 2
    notify.send_due()
    assert [sms.phone for sms in notify.provider.delivered] == ["13800138000", "13900139000"]
    assert {sms.kind for sms in notify.provider.delivered} == {Kind.PAYMENT_SUCCEEDED}
    assert notify.states == [State.SENT, State.SENT]
    assert set(notify.storage.segments.values()) == {4}


def test_a_refund_is_told_to_payer_and_insured_once(notify: Notify) -> None:
    assert [notify.hear(refunded(insured_phone="13900139000")) for _ in range(2)] == [2, 0]
    notify.send_due()
    assert [sms.phone for sms in notify.provider.delivered] == ["13800138000", "13900139000"]
    assert {sms.kind for sms in notify.provider.delivered} == {Kind.PAYMENT_REFUNDED}


def test_money_that_went_back_is_told_to_its_payer_once(notify: Notify) -> None:
    assert [notify.hear(returned()) for _ in range(2)] == [1, 0]
    assert notify.hear(returned(payer_phone=None), "event-2") == 0
    notify.send_due()
    assert [(sms.phone, sms.kind) for sms in notify.provider.delivered] == [
        ("13800138000", Kind.PAYMENT_RETURNED)
    ]


def test_a_failure_that_comes_after_its_success_is_told_to_nobody(notify: Notify) -> None:
    assert notify.hear(succeeded()) == 1
    assert notify.hear(failed(), "event-2") == 0


def test_a_success_that_comes_after_its_failure_is_told(notify: Notify) -> None:
    assert notify.hear(failed()) == 1
    assert notify.hear(succeeded()) == 1


def test_one_payment_is_one_occasion_whatever_its_event_is_called() -> None:
    known = telling.occasion("/wechat-city", "order-1", contribution(years=(2026, 2025)))
    assert known == telling.occasion("/wechat-city", "order-1", contribution(years=(2025, 2026), amount=1))
    others = (
        ("/alipay-city", "order-1", contribution(years=(2025, 2026))),
        ("/wechat-city", "order-2", contribution(years=(2025, 2026))),
        ("/wechat-city", "order-1", contribution(years=(2025,))),
        ("/wechat-city", "order-1", contribution(years=(2025, 2026), social_number="45010300099999")),
    )
    assert known not in {telling.occasion(*other) for other in others}


def test_another_system_cannot_say_who_one_of_our_payers_is(notify: Notify) -> None:
    notify.hear(succeeded(payer_id="person-1"), source="/wechat-city")
    notify.hear(succeeded(payer_id="person-1"))
    notify.hear(returned(payer_id="person-1"), "event-3")
    assert [payer for payer, _ in notify.storage.payers.values()] == [None, "person-1", "person-1"]


def test_the_same_event_twice_is_told_once(notify: Notify) -> None:
    assert notify.hear(succeeded()) == 1
    assert notify.hear(succeeded()) == 0
    notify.send_due()
    assert notify.send_due() == []
    assert len(notify.provider.delivered) == 1


def test_a_failure_is_told_with_its_reason(notify: Notify) -> None:
    notify.hear(failed())
    notify.send_due()
    assert notify.provider.delivered[0].variables["reason"] == "银行卡余额不足"


def test_whoever_closed_the_order_is_told_nothing(notify: Notify) -> None:
    assert notify.hear(failed(code="closed_by_payer")) == 0
    assert not notify.storage.messages


def test_nobody_to_tell_is_no_error(notify: Notify) -> None:
    assert notify.hear(succeeded(payer_phone=None)) == 0


def test_a_claimed_message_is_not_claimed_again_within_its_lease(notify: Notify) -> None:
    notify.hear(succeeded())
    assert len(notify.claim()) == 1
    assert notify.claim() == []


def test_a_crash_before_the_call_is_asked_about_and_sent_after_the_grace(notify: Notify) -> None:
    notify.hear(succeeded())
    notify.claim()
    notify.clock.advance(seconds=LEASE.total_seconds())
    assert [step.state for step in notify.send_due() if step] == [State.SENDING]
    assert (notify.provider.looked_up, notify.provider.delivered) == (1, [])
    notify.clock.advance(seconds=GRACE.total_seconds())
    assert [step.state for step in notify.send_due() if step] == [State.QUEUED]
    assert [step.state for step in notify.send_due() if step] == [State.SENT]
    assert len(notify.provider.delivered) == 1


def test_a_crash_after_the_call_is_found_and_not_sent_again(notify: Notify) -> None:
    notify.hear(succeeded())
    (message,) = notify.claim()
    notify.provider.send(message.sms, notify.clock.now())
    notify.clock.advance(seconds=LEASE.total_seconds())
    assert [step and (step.state, step.serial) for step in notify.send_due()] == [(State.SENT, "serial-1")]
    assert len(notify.provider.delivered) == 1


@pytest.mark.parametrize("taken", [True, False])
def test_a_timeout_is_cleared_up_before_anything_is_sent_again(notify: Notify, taken: bool) -> None:
    notify.hear(succeeded())
    notify.provider.takes_then_hangs, notify.provider.hangs = taken, not taken
    notify.send_due()
    assert notify.states == [State.SENDING]
    notify.provider.takes_then_hangs = notify.provider.hangs = False
    for _ in range(40):
        notify.clock.advance(seconds=10)
        notify.send_due()
    assert notify.states == [State.SENT]
    assert len(notify.provider.delivered) == 1


def test_while_the_provider_says_nothing_nothing_is_sent_again(notify: Notify) -> None:
    notify.hear(succeeded())
    notify.provider.takes_then_hangs = notify.provider.silent = True
    for _ in range(100):
        notify.send_due()
        notify.clock.advance(minutes=10)
    assert notify.states == [State.SENDING]
    assert len(notify.provider.delivered) == 1
    notify.provider.silent = False
    notify.clock.advance(minutes=30)
    notify.send_due()
    assert notify.states == [State.SENT]


def test_a_doubt_that_outlives_the_providers_memory_is_reported(notify: Notify) -> None:
    notify.hear(succeeded())
    notify.provider.takes_then_hangs = notify.provider.silent = True
    notify.send_due()
    notify.clock.advance(days=3, seconds=1)
    notify.send_due()
    assert notify.states == [State.UNDELIVERED]


def test_a_temporary_refusal_is_tried_again_later(notify: Notify) -> None:
    notify.hear(succeeded())
    notify.provider.rejects = [Rejected("LimitExceeded", Remedy.RETRY)] * 3
    for _ in range(4):
        notify.send_due()
        notify.clock.advance(seconds=60)
    assert notify.states == [State.SENT]
    assert len(notify.provider.delivered) == 1


def test_a_provider_that_never_takes_it_is_given_up_in_the_end(notify: Notify) -> None:
    notify.hear(succeeded())
    notify.provider.rejects = [Rejected("InsufficientBalance", Remedy.RETRY)] * 100
    for _ in range(40):
        notify.send_due()
        notify.clock.advance(minutes=30)
    assert notify.states == [State.UNDELIVERED]
    assert len(notify.provider.rejects) == 80


def test_a_permanent_refusal_ends_it_at_once(notify: Notify) -> None:
    notify.hear(succeeded())
    notify.provider.rejects = [Rejected("PhoneNumberInBlacklist", Remedy.GIVE_UP)]
    notify.send_due()
    assert list(notify.storage.steps.values()) == [Step(State.UNDELIVERED, reason="PhoneNumberInBlacklist")]


def test_a_stalled_sender_does_not_send_what_it_claimed_long_ago(notify: Notify) -> None:
    notify.hear(succeeded())
    (message,) = notify.claim()
    notify.clock.advance(seconds=LEASE.total_seconds())
    assert notify.deliver(message) is None
    assert not notify.provider.delivered


def test_a_code_is_sent_at_once_and_not_stored(notify: Notify) -> None:
    notify.send_code()
    assert notify.provider.delivered[0].variables == {"code": "042042", "minutes": "5"}
    assert notify.provider.delivered[0].message_id == "challenge-1"
    assert notify.storage.codes == {"challenge-1": CodeState.SENT}
    assert "042042" not in repr(notify.storage)


def test_a_repeat_of_a_sent_code_sends_nothing(notify: Notify) -> None:
    notify.send_code()
    notify.send_code()
    assert len(notify.provider.delivered) == 1


@pytest.mark.parametrize("remedy", list(Remedy))
def test_a_refused_code_stays_refused(notify: Notify, remedy: Remedy) -> None:
    notify.provider.rejects = [Rejected("LimitExceeded.PhoneNumberDailyLimit", remedy)]
    for _ in range(2):
        with pytest.raises(SmsNotAccepted):
            notify.send_code()
    assert not notify.provider.delivered


def test_a_code_that_was_taken_without_an_answer_is_found(notify: Notify) -> None:
    notify.provider.takes_then_hangs = True
    notify.send_code()
    assert notify.storage.codes == {"challenge-1": CodeState.SENT}
    assert (len(notify.provider.delivered), notify.provider.looked_up) == (1, 1)


@pytest.mark.parametrize("silent", [True, False])
def test_a_code_whose_fate_is_unknown_is_refused_after_one_look(notify: Notify, silent: bool) -> None:
    notify.provider.hangs, notify.provider.silent = True, silent
    with pytest.raises(SmsNotAccepted):
        notify.send_code()
    assert notify.storage.codes == {"challenge-1": CodeState.REFUSED}
    assert notify.provider.looked_up == 1


@pytest.mark.parametrize("taken", [True, False])
def test_a_repeat_after_a_crash_looks_and_never_sends(notify: Notify, taken: bool) -> None:
    notify.storage.codes["challenge-1"] = CodeState.SENDING
    begun = Begun("challenge-1", 1, Kind.LOGIN_CODE, "tencent", 1)
    notify.storage.begin_attempts(None, [begun], notify.clock.now())
    if taken:
        notify.provider.takes_then_hangs = True
        with pytest.raises(Exception, match="ReadTimeout"):
            notify.provider.send(Sms("challenge-1", Kind.LOGIN_CODE, CODE.phone, {}), notify.clock.now())
        notify.send_code()
    else:
        with pytest.raises(SmsNotAccepted):
            notify.send_code()
    assert len(notify.provider.delivered) == int(taken)


def test_yesterdays_codes_are_forgotten(notify: Notify) -> None:
    notify.send_code()
    notify.clock.advance(hours=25)
    codes.forget(notify.storage, notify.storage, notify.clock)
    assert not notify.storage.codes
