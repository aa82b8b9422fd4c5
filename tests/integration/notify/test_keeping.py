"""How long reminders and sends are kept (docs/retention.md)."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, func, select, text

from contract.notify import SendCode
from services.notify.domain.messages import State
from services.notify.models import attempts, messages
from services.notify.usecases import reminders
from tests.integration.notify.conftest import Notify


def rows(notify: Notify, table: Table) -> int:
    with notify.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def made_older(notify: Notify, days: int) -> None:
    """All that there is; what providers are told goes by the real time."""
    with notify.database.transaction() as tx:
        for table, since in (("messages", "created_at"), ("attempts", "begun_at")):
            tx.execute(
                text(f"UPDATE {table} SET {since} = {since} - make_interval(days => :days)"), {"days": days}
            )


def forget(notify: Notify) -> int:
    before = notify.clock.now() - notify.settings.kept
    return reminders.forget_old(notify.database, notify.storage, before)


@pytest.mark.parametrize("at_once", [1, 2, 5000])
def test_reminders_and_sends_past_their_time_are_forgotten_and_the_rest_stays(
    notify: Notify, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reminders, "FORGOTTEN_AT_ONCE", at_once)
    for number in range(3):
        notify.hear(f"old-{number}")
    notify.send_due()
    notify.send_code(SendCode("challenge-1", "13800138000", "042042", 5))
    made_older(notify, notify.settings.kept_days - 1)
    assert forget(notify) == 0, "people still ask about them"
    made_older(notify, 2)
    notify.hear("new")
    notify.send_due()
    assert (rows(notify, messages), rows(notify, attempts)) == (4, 5)

    assert forget(notify) == 3 + 4
    assert notify.states == {State.SENT: 1}
    assert rows(notify, attempts) == 1
    assert forget(notify) == 0
    assert notify.hear("new") == 0, "nobody is told twice of what is kept"


def test_what_is_still_to_be_sent_is_never_forgotten(notify: Notify) -> None:
    notify.hear("waits")
    made_older(notify, notify.settings.kept_days + 1)
    assert forget(notify) == 0
    assert notify.states == {State.QUEUED: 1}


def test_what_is_over_is_found_by_an_index(notify: Notify) -> None:
    with notify.database.transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))
        asked = "EXPLAIN SELECT message_id FROM messages WHERE created_at < now() ORDER BY created_at LIMIT 1"
        plan = "\n".join(tx.execute(text(asked)).scalars())
    assert "messages_created_at_idx" in plan
