"""Reminders on PostgreSQL through the sandbox: none lost, none doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from contract.notify import SendCode
from services.notify.config import Config
from services.notify.domain.messages import LEASE, State, Step
from services.notify.models import messages, metadata
from services.notify.sender import channels as sms_channels
from services.notify.templates import HOTLINE
from services.notify.usecases import telling
from tests.fakes.notify_events import enveloped, failed
from tests.integration.notify.conftest import GRACE, OWN, Notify, Provider

PHONE = "13800138000"


def test_a_reminder_arrives_with_every_field(notify: Notify, provider: Provider) -> None:
    assert notify.hear("event-1", insured_phone="13900139000") == 2
    notify.send_due()
    assert notify.states == {State.SENT: 2}
    assert {message["phone"] for message in provider.messages} == {PHONE, "13900139000"}
    (words,) = {message["text"] for message in provider.messages}
    for part in (
        "4501**********2040", "韦**", "45010300012345", "南宁市青秀区医疗保障局", "医疗保险", "2027年", "400.00元",
        "2026年11月23日 08时05分", "广西税务12366微信公众号", "2026年11月24日 09时00分",
    ):  # fmt: skip
        assert part in words


def test_what_is_counted_is_what_the_provider_bills(notify: Notify, provider: Provider) -> None:
    notify.hear("event-1", insured_name="韦𣲗然")
    notify.send_due()
    with notify.database.read() as connection:
        assert [message["segments"] for message in provider.messages] == list(
            connection.execute(select(messages.c.segments)).scalars()
        )


def test_a_failure_arrives_with_reason_and_hotline(notify: Notify, provider: Provider) -> None:
    with notify.database.transaction() as tx:
        event = failed()
        telling.remind_of_failure(tx, [(event, enveloped(event, "event-1", OWN))], notify.teller)
    notify.send_due()
    assert "未成功原因：银行卡余额不足。" in provider.messages[0]["text"]
    assert HOTLINE in provider.messages[0]["text"]


def test_one_event_heard_in_parallel_is_queued_once(notify: Notify) -> None:
    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(lambda _: notify.hear("event-1"), range(20))) == 1
    assert notify.states == {State.QUEUED: 1}


def test_events_that_share_a_transaction_are_told_once_each_and_count_for_the_cap(
    notify: Notify,
) -> None:
    notify.settings = replace(notify.settings, reminders_per_day=3)
    assert notify.hear("event-1", insured_phone="13900139000") == 2
    assert notify.hear("event-1", "event-2", "event-2", "event-3", payer_phone="13700137000") == 3
    assert notify.hear("event-2", "event-3", "event-4", "event-5") == 4
    assert notify.states == {State.QUEUED: 7, State.UNDELIVERED: 2}
    notify.later(hours=25)
    assert notify.hear("event-6") == 1
    assert notify.states == {State.QUEUED: 8, State.UNDELIVERED: 2}


def test_senders_side_by_side_never_send_one_row_twice(notify: Notify, provider: Provider) -> None:
    for n in range(60):
        notify.hear(f"event-{n}", payer_phone=f"138001380{n:02d}")

    def sender(_: int) -> None:
        while claimed := notify.claim(5):
            for message in claimed:
                notify.deliver(message)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(sender, range(6)))
    assert notify.states == {State.SENT: 60}
    assert Counter(message["phone"] for message in provider.messages).most_common(1)[0][1] == 1
    assert len(provider.messages) == 60


def test_a_row_locked_by_one_sender_is_skipped_by_another(notify: Notify) -> None:
    notify.hear("event-1")
    notify.hear("event-2")
    with notify.database.transaction() as first:
        mine = notify.storage.take_queued(first, 1, notify.clock.now())
        with notify.database.transaction() as second:
            others = notify.storage.take_queued(second, 10, notify.clock.now())
    assert len(mine) == len(others) == 1
    assert mine[0].sms.message_id != others[0].sms.message_id


def _kill_a_sender(step: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.integration.notify.dying_sender", step]
    done = subprocess.run(command, env=os.environ | environment, timeout=60, check=False)
    assert done.returncode == (0 if step == "never" else -signal.SIGKILL)


def test_a_sender_killed_before_the_call_loses_nothing(
    notify: Notify, provider: Provider, environment: dict[str, str]
) -> None:
    notify.hear("event-1")
    _kill_a_sender("before_send", environment)
    assert (notify.states, provider.messages) == ({State.SENDING: 1}, [])
    notify.send_due()
    assert provider.messages == [], "the lease of the dead still holds"
    notify.later(seconds=LEASE.total_seconds())
    notify.send_due()
    assert (notify.states, provider.messages) == ({State.SENDING: 1}, []), "asked, not found yet"
    notify.later(seconds=GRACE.total_seconds())
    notify.send_due()
    assert notify.states == {State.QUEUED: 1}
    notify.send_due()
    assert notify.states == {State.SENT: 1}
    assert len(provider.messages) == 1


def test_a_sender_killed_after_the_call_doubles_nothing(
    notify: Notify, provider: Provider, environment: dict[str, str]
) -> None:
    notify.hear("event-1")
    _kill_a_sender("after_send", environment)
    assert notify.states == {State.SENDING: 1}
    notify.later(seconds=LEASE.total_seconds())
    notify.send_due()
    assert notify.states == {State.DELIVERED: 1}
    (message,) = provider.messages
    with notify.database.read() as connection:
        assert connection.execute(select(messages.c.serial)).scalar_one() == message["serial_no"]


def test_a_sender_that_lives_sends_all(
    notify: Notify, provider: Provider, environment: dict[str, str]
) -> None:
    notify.hear("event-1", insured_phone="13900139000")
    _kill_a_sender("never", environment)
    assert notify.states == {State.SENT: 2}
    assert len(provider.messages) == 2


@pytest.mark.parametrize("fault", ["accept_then_timeout_rate", "timeout_rate", "error_rate"])
def test_no_answer_is_cleared_up_without_a_second_sms(notify: Notify, provider: Provider, fault: str) -> None:
    provider.misbehaves("receipts", delay_seconds=[3600, 3600])
    notify.hear("event-1")
    provider.misbehaves(**{fault: 1.0})
    notify.send_due()
    assert notify.states == {State.SENDING: 1}
    provider.misbehaves(**{fault: 0.0})
    for _ in range(20):
        notify.later(seconds=10)
        notify.send_due()
    assert notify.states == {State.SENT: 1}
    assert len(provider.messages) == 1


def test_a_provider_that_is_away_is_tried_again(notify: Notify, provider: Provider, settings: Config) -> None:
    notify.hear("event-1")
    away = replace(settings, tencent_sms_url="http://127.0.0.1:1")
    there, notify.channels = notify.channels, sms_channels(away, notify.database)
    notify.send_due()
    assert notify.states == {State.QUEUED: 1}
    notify.channels.close()
    notify.channels = there
    notify.later(seconds=5)
    notify.send_due()
    assert notify.states == {State.SENT: 1}


def test_a_phone_no_provider_knows_is_reported_undelivered(notify: Notify) -> None:
    notify.hear("event-1", payer_phone="10000000000")
    notify.send_due()
    with notify.database.read() as connection:
        row = connection.execute(select(messages)).one()
    assert (row.state, row.reason) == (State.UNDELIVERED, "InvalidParameterValue.IncorrectPhoneNumber")


def test_that_it_was_sent_counts_even_from_a_sender_that_was_overtaken(notify: Notify) -> None:
    notify.hear("event-1")
    (slow,) = notify.claim()
    with notify.database.transaction() as tx:
        notify.storage.record(tx, slow, Step(State.QUEUED, notify.clock.now()), notify.clock.now())
        assert not notify.storage.record(tx, slow, Step(State.UNDELIVERED, reason="late"), notify.clock.now())
        assert notify.storage.record(tx, slow, Step(State.SENT, serial="1"), notify.clock.now())
    assert notify.states == {State.SENT: 1}


def test_the_old_try_cannot_end_the_new_one(notify: Notify) -> None:
    notify.hear("event-1")
    (old,) = notify.claim()
    with notify.database.transaction() as tx:
        notify.storage.record(tx, old, Step(State.QUEUED, notify.clock.now()), notify.clock.now())
    (new,) = notify.claim()
    assert (old.tries, new.tries) == (1, 2)
    with notify.database.transaction() as tx:
        late = Step(State.UNDELIVERED, reason="late")
        assert not notify.storage.record(tx, old, late, notify.clock.now())
    assert notify.states == {State.SENDING: 1}


def test_the_database_holds_nothing_personal_in_plain(notify: Notify) -> None:
    notify.hear("event-1", operator_name="欧阳娜娜")
    code = SendCode("c-1", "13900139000", "042042", 5)
    notify.send_code(code)
    with notify.database.read() as connection:
        dump = "".join(
            row[0]
            for table in metadata.sorted_tables
            for row in connection.execute(text(f"SELECT t::text FROM {table.name} t"))
        )
    assert "payment_succeeded" in dump
    assert "c-1" in dump
    for plain in (PHONE, "13900139000", "韦**", "南宁市青秀区医疗保障局", "45010300012345", "欧***"):
        assert plain not in dump
        assert plain.encode().hex() not in dump
    assert '"042042"' not in dump
    assert b'"042042"'.hex() not in dump
