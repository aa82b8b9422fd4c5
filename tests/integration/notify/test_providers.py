"""Two providers on PostgreSQL through the sandbox: shared standings, receipts, kills, and who may see what."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from contract.deliveries import (
    ListMessages,
    MessageNotReplayable,
    MessageState,
    ReplayMessage,
    ReplayUnexplained,
    ReportDelivery,
)
from contract.notify import ListReminders, ReminderState, SendCode, WishWechat
from kit.config import read
from kit.database import Database
from services.notify import staff
from services.notify.config import Config
from services.notify.domain.kept import Begun
from services.notify.domain.messages import LEASE, Found, Rejected, Remedy, State
from services.notify.domain.routing import DRIFT_EVERY, FULL, LEAST
from services.notify.domain.routing import Provider as Route
from services.notify.models import attempts, messages, receipts, replays, standings, wechat_users
from services.notify.sender import channels as sms_channels
from services.notify.templates import Kind
from services.notify.usecases import receipts as reporting
from services.notify.usecases import seeing
from tests.integration.notify.conftest import GRACE, PATIENCE, Notify, Provider

PHONE = "13800138000"


@pytest.fixture
def both(environment: dict[str, str], database: Database, provider: Provider) -> Iterator[Notify]:
    """A service with two providers and WeChat; Tencent is drawn."""
    wechat = {
        "SMS_PROVIDERS": "tencent:50:5000,aliyun:50:5000", "WECHAT_MESSAGES": "true",
        "WECHAT_API_URL": environment["TENCENT_SMS_URL"], "WECHAT_APPID": "wx5a9db0c0de12366a",
        "WECHAT_SECRET": "sandbox-wechat-secret-0000000000",
    }  # fmt: skip
    settings = read(Config, environment | wechat)
    made = sms_channels(settings, database)
    yield Notify(database, made, settings)
    made.close()


def report(notify: Notify, provider: str, found: Found) -> int:
    new = reporting.take_receipts(
        provider, [found], notify.database, notify.storage, notify.channels, notify.clock, PATIENCE
    )
    return len(new)


def sends(notify: Notify) -> list[tuple[str, str | None, str | None]]:
    with notify.database.read() as tx:
        rows = tx.execute(select(attempts).order_by(attempts.c.message_id, attempts.c.number))
        return [(row.provider, row.answer, row.fate) for row in rows]


def serials(notify: Notify) -> list[tuple[str, str]]:
    with notify.database.read() as tx:
        return [
            (row.provider, row.serial) for row in tx.execute(select(attempts).order_by(attempts.c.begun_at))
        ]


def test_receipts_in_parallel_are_kept_once_and_settle_it(both: Notify) -> None:
    both.hear("event-1")
    both.send_due()
    ((name, serial),) = serials(both)
    with ThreadPoolExecutor(10) as pool:
        new = sum(pool.map(lambda _: report(both, name, Found(serial, delivered=True)), range(10)))
    assert (new, both.states) == (1, {State.DELIVERED: 1})
    assert sends(both)[0][1:] == ("accepted", "delivered")


def test_a_receipt_before_the_answer_settles_it_when_the_answer_is_recorded(
    both: Notify, provider: Provider
) -> None:
    both.hear("event-1")
    (message,) = both.claim()
    adapter = both.channels.adapters[message.provider]

    class ReportsFirst:
        find, close = adapter.find, adapter.close

        def send(self, sms: object, now: dt.datetime) -> object:
            accepted = adapter.send(sms, now)  # type: ignore[arg-type]
            report(both, message.provider, Found(accepted.serial, delivered=True))  # type: ignore[union-attr]
            return accepted

    both.channels.adapters[message.provider] = ReportsFirst()  # type: ignore[index]
    both.deliver(message)
    assert both.states == {State.DELIVERED: 1}


def test_what_one_provider_could_not_deliver_the_other_does_once(both: Notify, provider: Provider) -> None:
    both.hear("event-1")
    both.send_due()
    ((first, serial),) = serials(both)
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: report(both, first, Found(serial, "UNDELIV")), range(5)))
    both.later(seconds=1)
    both.send_due()
    (_, (second, again)) = serials(both)
    assert {first, second} == {"tencent", "aliyun"}
    report(both, second, Found(again, "UNDELIV"))
    both.later(seconds=1)
    both.send_due()
    assert both.states == {State.UNDELIVERED: 1}
    assert len(provider.messages) == 2


@pytest.mark.parametrize("step", ["before_send", "after_send", "recorded"])
def test_a_kill_at_any_step_between_claim_and_receipt_delivers_once(
    both: Notify, provider: Provider, environment: dict[str, str], step: str
) -> None:
    for n in range(3):
        both.hear(f"event-{n}", payer_phone=f"1380013800{n}")
    command = [sys.executable, "-m", "tests.integration.notify.dying_sender", step]
    two = {"SMS_PROVIDERS": "tencent:50:5000,aliyun:50:5000"}
    done = subprocess.run(command, env=os.environ | environment | two, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    _age(both, LEASE + GRACE)
    for _ in range(5):
        both.send_due()
        _age(both, PATIENCE.receipt)
    assert both.states == {State.DELIVERED: 3}
    assert Counter(one["phone"] for one in provider.messages) == {f"1380013800{n}": 1 for n in range(3)}


def _age(notify: Notify, by: dt.timedelta) -> None:
    """As if all that had happened so much earlier: the sandbox's clock cannot be moved."""
    moved = ", ".join(f"{name} = {name} - :by" for name in ("created_at", "tried_at", "due_at"))
    with notify.database.transaction() as tx:
        tx.execute(text(f"UPDATE messages SET {moved}"), {"by": by})


def test_a_failing_provider_loses_its_share_once_for_all_replicas_and_gets_it_back(both: Notify) -> None:
    now = both.clock.now()
    with both.database.transaction() as tx:
        both.storage.standings(tx, both.channels.names, now)
        begun = [Begun(f"m-{n}", 1, Kind.PAYMENT_SUCCEEDED, "tencent", 4) for n in range(10)]
        both.storage.begin_attempts(tx, begun, now)
        for n in range(10):
            outcome = Rejected("x", Remedy.SWITCH) if n < 3 else Found("s", delivered=True)
            both.storage.end_attempt(tx, f"m-{n}", 1, outcome, now)

    def look(_: int) -> dict[str, int]:
        return reporting.look_at_providers(both.database, both.storage, both.channels, both.clock)

    with ThreadPoolExecutor(8) as pool:
        assert all(seen["tencent"] == LEAST for seen in pool.map(look, range(8)))
    both.later(seconds=DRIFT_EVERY.total_seconds() + 1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(8)))
    with both.database.read() as tx:
        shares = {row.provider: row.share for row in tx.execute(select(standings))}
    assert shares == {"tencent": LEAST + 10, "aliyun": FULL}, "eight replicas looked, one step was made"


def test_calls_that_hang_count_before_they_end(both: Notify) -> None:
    now = both.clock.now()
    with both.database.transaction() as tx:
        both.storage.standings(tx, both.channels.names, now)
        begun = [Begun(f"m-{n}", 1, Kind.PAYMENT_SUCCEEDED, "tencent", 4) for n in range(6)]
        both.storage.begin_attempts(tx, begun, now)
    both.later(seconds=4)
    assert (
        reporting.look_at_providers(both.database, both.storage, both.channels, both.clock)["tencent"]
        == LEAST
    )


def test_replicas_side_by_side_keep_to_one_rate(both: Notify, environment: dict[str, str]) -> None:
    settings = read(Config, environment | {"SMS_PROVIDERS": "tencent:1:40"})
    both.channels = sms_channels(settings, both.database)
    for n in range(60):
        both.hear(f"event-{n}", payer_phone=f"138001380{n:02d}")
    both.later(seconds=0)  # the clock stands
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: len(both.claim()), range(12))) == 10  # a quarter of a second
    both.later(seconds=0.25)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: len(both.claim()), range(12))) == 10
    both.channels.close()


def test_a_payer_sees_their_reminders_and_a_phones_next_owner_does_not(both: Notify) -> None:
    both.hear("event-1", payer_id="person-1", insured_phone="13900139000")
    both.hear("event-2", payer_id="person-2")
    both.send_due()

    def seen(person: str) -> list[tuple[str, ReminderState]]:
        found = seeing.list_reminders(ListReminders(person), both.database, both.storage, both.channels)
        return [(one.phone, one.state) for one in found.reminders]

    assert set(seen("person-1")) == {("138****8000", ReminderState.SENT), ("139****9000", ReminderState.SENT)}
    assert len(seen("person-2")) == 1
    assert seen("person-3") == []
    with both.database.transaction() as tx:
        both.storage.forget_person(tx, "person-1")
    assert seen("person-1") == []


def test_wechat_is_told_nothing_more_of_who_was_erased(both: Notify) -> None:
    wish = WishWechat("person-1", "oApayer")
    assert seeing.wish_wechat(wish, both.database, both.storage, both.channels, both.clock).wechat
    with both.database.transaction() as tx:
        both.storage.forget_person(tx, "person-1")
        assert tx.execute(select(func.count()).select_from(wechat_users)).scalar_one() == 0


def test_wechat_tells_who_wished_until_they_refuse(both: Notify, provider: Provider) -> None:
    wish = WishWechat("person-1", "oApayer")
    assert seeing.wish_wechat(wish, both.database, both.storage, both.channels, both.clock).wechat
    both.hear("event-1", payer_id="person-1", insured_phone="13900139000")
    both.send_due()
    assert both.states == {State.DELIVERED: 1, State.SENT: 1}
    assert [one["phone"] for one in provider.messages] == ["13900139000"]
    ((told),) = provider.control("GET", "wechat-messages?openid=oApayer")["messages"]
    assert told["body"]["amount4"] == {"value": "400.00"}
    provider.control("PUT", "settings", {"wechat_refuses": "*"})
    both.hear("event-2", payer_id="person-1")
    both.send_due()
    both.send_due()
    assert Counter(one["phone"] for one in provider.messages) == {"13900139000": 1, PHONE: 1}
    found = seeing.list_reminders(ListReminders("person-1"), both.database, both.storage, both.channels)
    assert (found.wechat, found.wechat_offered) == (False, True)
    with both.database.read() as tx:
        dump = "".join(row[0] for row in tx.execute(text("SELECT t::text FROM wechat_tokens t")))
    assert "_" not in dump.split(",")[1], "the token is not kept in plain"


def test_staff_see_sends_and_cost_and_replays_are_kept(
    both: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    both.hear("event-1", payer_phone="10000000000")
    both.hear("event-2")
    both.send_due()
    both.send_code(SendCode("challenge-1", "13900139000", "042042", 5))
    (failed,) = seeing.list_messages(
        ListMessages(state=MessageState.UNDELIVERED), both.database, both.storage
    ).messages
    assert (failed.attempts[0].answer, failed.segments) == ("rejected", 4)
    period = ReportDelivery(
        both.clock.now() - dt.timedelta(hours=1), both.clock.now() + dt.timedelta(hours=1)
    )
    figures = seeing.report_delivery(period, both.database, both.storage).providers
    assert sum(one.accepted for one in figures) == 2
    assert sum(one.segments for one in figures) == 5
    with pytest.raises(ReplayUnexplained):
        _replay(both, failed.message_id, "")
    again = _replay(both, failed.message_id, "号码已更正")
    assert again.state is MessageState.QUEUED
    with pytest.raises(MessageNotReplayable):
        _replay(both, failed.message_id, "再来一次")
    with both.database.read() as tx:
        row = tx.execute(select(replays)).one()
    assert (row.operator, row.reason, row.state_before) == ("韦工", "号码已更正", "undelivered")
    both.later(seconds=1)
    both.send_due()
    assert len(sends(both)) == 4, "the second send of the first is a row of its own"


def _replay(notify: Notify, message_id: str, reason: str) -> object:
    request = ReplayMessage("韦工", message_id, reason)
    return seeing.replay_message(request, notify.database, notify.storage, notify.clock)


def test_the_command_line_shows_the_same(
    both: Notify,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    both.hear("event-1", payer_phone="10000000000")
    both.send_due()
    with both.database.read() as tx:
        message_id = tx.execute(select(messages.c.message_id)).scalar_one()
    assert staff.main(["list", "--state", "undelivered"]) == 0
    assert staff.main(["attempts", message_id]) == 0
    assert staff.main(["cost"]) == 0
    assert staff.main(["replay", message_id, "--by", "韦工", "--why", "试一次"]) == 0
    assert staff.main(["replay", message_id, "--by", "韦工", "--why", "再一次"]) == 1
    assert staff.main(["preview"]) == 0
    said = capsys.readouterr()
    for words in ("未送达", "rejected", "计费共 0 条", "等待发送", "缴费未成功提醒", "计费 1 条"):
        assert words in said.out
    assert "不能重发" in said.err
    assert "10000000000" not in said.out


def test_receipts_are_forgotten_after_a_while(both: Notify) -> None:
    report(both, "tencent", Found("s-1", delivered=True))
    with both.database.transaction() as tx:
        both.storage.forget_receipts(tx, both.clock.now() + dt.timedelta(seconds=1))
        assert tx.execute(select(receipts)).all() == []


def test_codes_take_places_ahead_and_reminders_only_behind_the_clock(both: Notify) -> None:
    slow, now = Route("tencent", 1, 10), both.clock.now()
    with both.database.transaction() as tx:
        both.storage.standings(tx, ["tencent"], now)
        assert both.storage.take_places(tx, slow, 2, now) == 0.0
        assert both.storage.take_places(tx, slow, 1, now) is None, "the quarter of a second is used up"
        waits = [both.storage.take_places(tx, slow, 1, now, wait=1.0) for _ in range(12)]
        assert waits[0] == pytest.approx(0.0, abs=0.06)
        assert waits[9] == pytest.approx(0.85, abs=0.06)
        assert waits[-1] is None, "too far away for a code"
        assert both.storage.take_places(tx, slow, 1, now + dt.timedelta(seconds=0.9)) is None
        assert both.storage.take_places(tx, slow, 1, now + dt.timedelta(seconds=2)) == 0.0


def test_codes_go_on_when_the_clock_is_set_back(both: Notify, provider: Provider) -> None:
    both.send_code(SendCode("challenge-1", PHONE, "042042", 5))
    with both.database.transaction() as tx:
        tx.execute(standings.update().values(next_at=standings.c.next_at + 1860))
    both.send_code(SendCode("challenge-2", "13900139000", "042042", 5))
    assert len(provider.messages) == 2
