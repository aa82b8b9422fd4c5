"""The same statements on SQLite, as embedded mode runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.notify import SendCode
from kit.database import Database
from services.notify.config import Config
from services.notify.domain.messages import LEASE, State
from services.notify.sender import channels as sms_channels
from services.notify.usecases import codes, reminders
from tests.integration.databases import upgrade
from tests.integration.notify.conftest import GRACE, Notify, Provider


@pytest.fixture
def notify(tmp_path: Path, provider: Provider, settings: Config) -> Iterator[Notify]:
    database = Database(f"sqlite:///{tmp_path}/notify.sqlite3")
    upgrade("notify", database)
    channels = sms_channels(settings, database)
    yield Notify(database, channels, settings)
    channels.close()
    database.engine.dispose()


def test_a_reminder_is_queued_and_sent_once(notify: Notify, provider: Provider) -> None:
    assert notify.hear("event-1", insured_phone="13900139000") == 2
    assert notify.hear("event-1", insured_phone="13900139000") == 0
    notify.send_due()
    notify.send_due()
    assert notify.states == {State.SENT: 2}
    assert len(provider.messages) == 2


def test_a_claim_that_ran_out_is_looked_up_before_it_is_sent_again(
    notify: Notify, provider: Provider
) -> None:
    notify.hear("event-1")
    assert len(notify.claim()) == 1
    assert notify.claim() == []
    notify.later(seconds=LEASE.total_seconds() + GRACE.total_seconds())
    (doubtful,) = notify.claim()
    assert doubtful.doubtful
    notify.deliver(doubtful)
    assert notify.states == {State.QUEUED: 1}
    notify.send_due()
    assert notify.states == {State.SENT: 1}
    assert len(provider.messages) == 1


def test_what_waits_is_counted(notify: Notify) -> None:
    notify.hear("event-1", insured_phone="13900139000")
    notify.claim(limit=1)
    with notify.database.read() as connection:
        assert notify.storage.waiting(connection) == {"queued": 1, "sending": 1}


def test_a_code_is_recorded_once_and_forgotten(notify: Notify, provider: Provider) -> None:
    request = SendCode("challenge-1", "13800138000", "042042", 5)
    for _ in range(2):
        notify.send_code(request)
    assert len(provider.messages) == 1
    notify.later(hours=25)
    codes.forget(notify.database, notify.storage, notify.clock)
    with notify.database.transaction() as tx:
        assert notify.storage.begin_code(tx, "challenge-1", "13800138000", notify.clock.now()) is None


def test_reminders_and_sends_past_their_time_are_forgotten_here_too(notify: Notify) -> None:
    notify.hear("event-1")
    notify.send_due()
    notify.later(days=1)
    assert reminders.forget_old(notify.database, notify.storage, notify.clock.now()) == 2
    assert notify.states == {}
