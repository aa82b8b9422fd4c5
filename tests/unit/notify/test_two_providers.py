"""Two providers, receipts, WeChat, caps and quiet hours."""

from __future__ import annotations

import pytest

from contract.notify import SmsNotAccepted
from kit.config import read
from services.notify.config import Config
from services.notify.domain.messages import Found, Rejected, Remedy, State
from services.notify.domain.routing import LEAST, Traffic
from services.notify.domain.telling import Reminder, within_cap
from services.notify.templates import Kind
from services.notify.usecases import receipts, reminders
from tests.fakes.notify_events import succeeded
from tests.fakes.notify_provider import FakeProvider, channels
from tests.unit.notify.test_usecases import PATIENCE, Notify
from tests.unit.notify.test_wording import ENVIRONMENT

FULL_UP = Rejected("LimitExceeded", Remedy.SWITCH)


class Two(Notify):
    """A service with two providers of equal weight, the first of which is drawn, and WeChat."""

    def __post_init__(self) -> None:
        self.first, self.second, self.wechat = (FakeProvider(self.storage) for _ in range(3))
        self.wechat.at_once = True
        self.provider = self.first
        self.pauses = []
        self.channels = channels(self.catalogue, tencent=self.first, aliyun=self.second, wechat=self.wechat)

    def report(self, provider: str, serial: str, failure: str = "", hopeless: bool = False) -> int:
        report = Found(serial, failure, delivered=not failure, hopeless=hopeless)
        new = receipts.take_receipts(
            provider, [report], self.storage, self.storage, self.channels, self.clock, PATIENCE
        )
        return len(new)

    @property
    def told(self) -> tuple[int, int, int]:
        return len(self.first.delivered), len(self.second.delivered), len(self.wechat.delivered)


@pytest.fixture
def two() -> Two:
    return Two(read(Config, ENVIRONMENT).catalogue())


def test_a_provider_that_will_not_is_followed_by_the_other(two: Two) -> None:
    two.hear(succeeded())
    two.first.rejects = [FULL_UP]
    two.send_due()
    two.send_due()
    assert two.states == [State.SENT]
    assert two.told == (0, 1, 0)
    assert [send.provider for send in two.storage.attempts["message-0"]] == ["tencent", "aliyun"]


def test_when_none_will_all_are_asked_again_later(two: Two) -> None:
    two.hear(succeeded())
    two.first.rejects, two.second.rejects = [FULL_UP], [FULL_UP]
    for _ in range(3):
        two.send_due()
    assert two.states == [State.QUEUED]
    two.clock.advance(minutes=1)
    two.send_due()
    assert (two.states, two.told) == ([State.SENT], (1, 0, 0))


def test_a_doubt_at_one_provider_is_never_cleared_up_by_the_other(two: Two) -> None:
    two.hear(succeeded())
    two.first.takes_then_hangs = two.first.silent = True
    two.send_due()
    for _ in range(20):
        two.clock.advance(minutes=10)
        two.send_due()
    assert (two.states, two.told) == ([State.SENDING], (1, 0, 0))
    two.first.silent = False
    two.clock.advance(minutes=30)
    two.send_due()
    assert (two.states, two.told) == ([State.SENT], (1, 0, 0))


def test_a_receipt_settles_it_once(two: Two) -> None:
    two.hear(succeeded())
    two.send_due()
    assert [two.report("tencent", "serial-1") for _ in range(3)] == [1, 0, 0]
    assert two.states == [State.DELIVERED]
    assert two.storage.attempts["message-0"][0].fate == "delivered"


def test_a_receipt_that_overtakes_the_answer_is_not_lost(two: Two) -> None:
    two.hear(succeeded())
    (message,) = two.claim()
    two.report("tencent", "serial-1")
    two.deliver(message)
    assert two.states == [State.DELIVERED]


def test_what_did_not_arrive_is_sent_once_by_the_other(two: Two) -> None:
    two.hear(succeeded())
    two.send_due()
    two.report("tencent", "serial-1", "UNDELIV")
    two.send_due()
    assert (two.states, two.told) == ([State.SENT], (1, 1, 0))
    two.report("aliyun", "serial-1", "UNDELIV")
    two.send_due()
    assert (two.states, two.told) == ([State.UNDELIVERED], (1, 1, 0))


def test_a_phone_that_is_none_is_not_tried_again(two: Two) -> None:
    two.hear(succeeded())
    two.send_due()
    two.report("tencent", "serial-1", "空号", hopeless=True)
    assert two.states == [State.UNDELIVERED]


def test_another_providers_serial_is_another_message(two: Two) -> None:
    two.hear(succeeded())
    two.send_due()
    two.report("aliyun", "serial-1", "UNDELIV")
    assert two.states == [State.SENT]


def test_without_a_receipt_the_provider_is_asked_and_nothing_sent_again(two: Two) -> None:
    two.hear(succeeded())
    two.send_due()
    two.clock.advance(seconds=300)
    two.send_due()
    assert (two.states, two.first.looked_up, two.told) == ([State.SENT], 1, (1, 0, 0))
    two.first.reports["message-0"] = Found("serial-1", "EXPIRED")
    two.clock.advance(hours=1)
    two.send_due()
    two.send_due()
    assert (two.states, two.told) == ([State.SENT], (1, 1, 0))


def test_a_receipt_that_never_comes_is_reported_in_the_end(two: Two) -> None:
    two.hear(succeeded())
    two.send_due()
    two.clock.advance(days=3, seconds=1)
    two.send_due()
    assert two.states == [State.UNDELIVERED]
    two.report("tencent", "serial-1")
    assert two.states == [State.DELIVERED], "better late than wrong"


def test_a_code_goes_on_to_the_other_provider(two: Two) -> None:
    two.first.rejects = [FULL_UP]
    two.send_code()
    assert two.told == (0, 1, 0)


def test_a_code_avoids_a_provider_in_trouble(two: Two) -> None:
    two.storage.standings(None, two.channels.names, two.clock.now())
    two.storage.traffic_seen = {"tencent": Traffic(10, 3, 0.1)}
    shares = receipts.look_at_providers(two.storage, two.storage, two.channels, two.clock)
    assert shares == {"tencent": LEAST, "aliyun": 100}
    two.send_code()
    assert two.told == (0, 1, 0)


def test_a_code_without_room_in_time_is_dropped(two: Two) -> None:
    now = two.clock.now()
    two.storage.standings(None, two.channels.names, now)
    for provider in two.channels.weighted:
        assert two.storage.take_places(None, provider, 2000, now, wait=10) is not None
    with pytest.raises(SmsNotAccepted):
        two.send_code()
    assert two.told == (0, 0, 0)


def test_who_wished_for_it_is_told_in_wechat_and_only_there(two: Two) -> None:
    two.storage.wishes["person-1"] = "openid-1"
    two.hear(succeeded(payer_id="person-1", insured_phone="13900139000"))
    two.send_due()
    assert two.states == [State.DELIVERED, State.SENT]
    assert two.told == (1, 0, 1)
    assert (two.wechat.delivered[0].phone, two.first.delivered[0].phone) == ("13800138000", "13900139000")


def test_who_refuses_wechat_gets_the_sms_and_is_not_asked_again(two: Two) -> None:
    two.storage.wishes["person-1"] = "openid-1"
    two.wechat.rejects = [Rejected("errcode 43101", Remedy.SWITCH, unwished=True)]
    two.hear(succeeded(payer_id="person-1"))
    two.send_due()
    two.send_due()
    assert (two.states, two.told) == ([State.SENT], (1, 0, 0))
    assert two.storage.wishes == {}


def test_wechat_without_an_answer_is_not_told_twice(two: Two) -> None:
    two.storage.wishes["person-1"] = "openid-1"
    two.wechat.takes_then_hangs = two.wechat.silent = True
    two.hear(succeeded(payer_id="person-1"))
    for _ in range(200):
        two.send_due()
        two.clock.advance(minutes=30)
    assert (two.states, two.told) == ([State.UNDELIVERED], (0, 0, 1))


def test_at_night_nobody_is_woken_and_codes_still_come(two: Two) -> None:
    two.hear(succeeded())
    two.clock.advance(hours=10)  # 02:00 in China
    assert two.claim(quiet=(22, 7)) == []
    two.send_code()
    two.clock.advance(hours=5)
    assert len(two.claim(quiet=(22, 7))) == 1


def test_a_phone_has_only_so_many_reminders_in_a_day(two: Two) -> None:
    two.cap = 2
    for n in range(3):
        two.hear(succeeded(f"order-{n}"))
    two.send_due()
    assert two.states == [State.SENT, State.SENT, State.UNDELIVERED]
    two.clock.advance(hours=25)
    two.hear(succeeded("order-9"))
    two.send_due()
    assert two.states[-1] is State.SENT


def test_reminders_queued_together_are_counted_as_if_they_came_one_by_one() -> None:
    wanted = [Reminder(f"about-{n}", Kind.PAYMENT_SUCCEEDED, phone, {}, 1) for n, phone in enumerate("ababa")]
    decided = within_cap(wanted, {"a": 1}, cap=2)
    assert [(reminder.phone, reminder.unwanted) for reminder in decided] == [
        ("a", False), ("b", False), ("a", True), ("b", False), ("a", True),
    ]  # fmt: skip


def test_reminders_keep_to_the_rate_and_say_that_more_is_due(two: Two) -> None:
    for n in range(600):
        two.hear(succeeded(payer_phone=f"138{n:08d}"))
    claimed = reminders.claim(two.storage, two.storage, two.channels, two.clock, 1000)
    assert (len(claimed.messages), claimed.held_back) == (500, True)  # a quarter of a second of two providers
