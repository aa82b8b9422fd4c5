"""Phones: what a provider took is on its way to one, arrives or fails, and the carrier reports it."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import current_app

from sandbox.clock import moment
from sandbox.sms_reports import LOST, PENDING, Report, report
from sandbox.templates_file import Templates, segments
from sandbox.world import World, the_world

TEMPLATES = "sandbox.templates"
PHONE = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")


def approved() -> Templates:
    """The templates the providers approved."""
    templates: Templates = current_app.extensions[TEMPLATES]
    return templates


def take(provider: str, phone: str, template_id: str, text: str, context: str) -> tuple[str, int]:
    """Take a message for a phone; returns the provider's serial and the segments billed."""
    world = the_world()
    now, plan = world.clock.now(), world.faults.effective()["receipts"]
    serial = _serial(provider, now)
    failure = plan["failure"] if world.faults.happens("receipts.fail", plan["fail_rate"]) else ""
    at = now + world.faults.between("receipts.delay", *plan["delay_seconds"])
    url = plan["url"] or world.settings.sms_receipt_url
    lost = not url or world.faults.happens("receipts.lost", plan["lost_rate"])
    count = segments(text)
    with world.store.transaction() as connection:
        connection.execute(
            "INSERT INTO messages (serial_no, phone, template_id, text, segments, session_context, sent_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (serial, phone, template_id, text, count, context, now),
        )
        connection.execute(
            "INSERT INTO sms_reports (serial_no, provider, failure, at, state, due_at) VALUES (?, ?, ?, ?, ?, ?)",
            (serial, provider, failure, at, LOST if lost else PENDING, at),
        )
    world.courier.wake()
    return serial, count


def reports(world: World, provider: str, where: str, arguments: tuple[Any, ...]) -> list[Report]:
    """The messages of a provider that match, oldest first."""
    rows = world.store.all(
        "SELECT m.*, r.failure, r.at FROM messages m JOIN sms_reports r USING (serial_no)"  # noqa: S608
        f" WHERE r.provider = ? AND {where}",
        (provider, *arguments),
    )
    return [report(row, world.clock.now()) for row in rows]


def _serial(provider: str, now: float) -> str:
    if provider == "tencent":
        return f"2645:{secrets.randbelow(10**18):018d}"
    if provider == "aliyun":
        return f"{int(now * 1000)}{secrets.randbelow(10**6):06d}^0"
    return f"{moment(now):%m%d%H%M%S}{secrets.randbelow(10**8):08d}"
