"""What a person sees of the reminders about their payments, and staff of every message."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from contract.deliveries import (
    DeliveryReport,
    ListMessages,
    ListProviders,
    MessageNotFound,
    MessageNotReplayable,
    Messages,
    MessageState,
    MessageView,
    ProviderHealth,
    ProviderReport,
    Providers,
    ReplayMessage,
    ReplayUnexplained,
    ReportDelivery,
)
from contract.notify import ListReminders, Reminder, Reminders, ReminderState, WechatWished, WishWechat
from kit.clock import Clock
from kit.database import Transactions
from kit.masking import mask_phone
from services.notify.domain.kept import Kept
from services.notify.domain.messages import WECHAT, State
from services.notify.domain.routing import Provider, Standing, Traffic
from services.notify.templates import TITLES, Catalogue
from services.notify.usecases.channels import Channels
from services.notify.usecases.ports import Storage

MOST = 200
"""Rows one answer holds at most."""

_SEEN = {
    State.QUEUED: ReminderState.WAITING, State.SENDING: ReminderState.WAITING, State.SENT: ReminderState.SENT,
    State.DELIVERED: ReminderState.DELIVERED, State.UNDELIVERED: ReminderState.UNDELIVERED,
}  # fmt: skip
_log = logging.getLogger(__name__)


def list_reminders(
    request: ListReminders, transactions: Transactions, storage: Storage, channels: Channels
) -> Reminders:
    """A payer's reminders, in the words of today's templates, which say what every version said."""
    with transactions.read() as tx:
        kept = storage.list_of_payer(tx, request.payer_id, min(request.limit, MOST))
        wished = channels.wechat_offered and storage.has_wechat(tx, request.payer_id)
    return Reminders(
        tuple(_reminder(one, channels.catalogue) for one in kept), wished, channels.wechat_offered
    )


def wish_wechat(
    request: WishWechat, transactions: Transactions, storage: Storage, channels: Channels, clock: Clock
) -> WechatWished:
    """From now on in WeChat, or by SMS again. Where WeChat is not offered nothing changes."""
    with transactions.transaction() as tx:
        if not request.openid:
            storage.drop_wechat(tx, request.person_id)
        elif channels.wechat_offered:
            storage.wish_wechat(tx, request.person_id, request.openid, clock.now())
    return WechatWished(bool(request.openid) and channels.wechat_offered)


def list_messages(request: ListMessages, transactions: Transactions, storage: Storage) -> Messages:
    """The newest reminders with their sends."""
    state = State(request.state.value) if request.state else None
    with transactions.read() as tx:
        kept = storage.list_messages(tx, request.event_id, state, min(request.limit, MOST))
        return Messages(_views(tx, kept, storage))


def report_delivery(request: ReportDelivery, transactions: Transactions, storage: Storage) -> DeliveryReport:
    """What every provider did, took and cost."""
    with transactions.read() as tx:
        figures = storage.figures(tx, request.since, request.until)
    return DeliveryReport(tuple(
        ProviderReport(
            one.provider, TITLES[one.kind], one.attempts, one.accepted, one.delivered, one.failed, one.segments,
            one.milliseconds,
        )
        for one in figures
    ))  # fmt: skip


def list_providers(
    request: ListProviders, transactions: Transactions, storage: Storage, channels: Channels, clock: Clock
) -> Providers:
    """How every SMS provider stands with all replicas."""
    now = clock.now()
    with transactions.read() as tx:
        standings, traffic = storage.standings(tx, channels.names, now), storage.traffic(tx, now)
    return Providers(
        tuple(_health(one, standings[one.name], traffic.get(one.name)) for one in channels.weighted)
    )


def replay_message(
    request: ReplayMessage, transactions: Transactions, storage: Storage, clock: Clock
) -> MessageView:
    """Send an undelivered reminder again, and keep who wanted it and why. Raises MessageNotFound, MessageNotReplayable,
    ReplayUnexplained."""
    operator, reason = request.operator.strip(), request.reason.strip()
    if not operator or not reason:
        raise ReplayUnexplained
    now = clock.now()
    with transactions.transaction() as tx:
        kept = storage.find_message(tx, request.message_id, lock=True)
        if kept is None:
            raise MessageNotFound
        if kept.state is not State.UNDELIVERED:
            raise MessageNotReplayable
        storage.requeue(tx, kept.message_id, now)
        storage.add_replay(tx, kept.message_id, operator, reason, kept.state, now)
        again = storage.find_message(tx, kept.message_id)
        assert again is not None, "it was there a moment ago"
        (view,) = _views(tx, [again], storage)
    _log.warning(
        "a reminder is sent again by hand", extra={"message_id": kept.message_id, "operator": operator}
    )
    return view


def _health(provider: Provider, standing: Standing, traffic: Traffic | None) -> ProviderHealth:
    lately = traffic or Traffic()
    return ProviderHealth(
        provider.name, provider.weight, int(provider.rate), standing.share, standing.changed_at, lately.calls,
        lately.failures, lately.seconds,
    )  # fmt: skip


def _reminder(kept: Kept, catalogue: Catalogue) -> Reminder:
    text = catalogue[kept.kind].render(catalogue.sign_name, kept.variables)
    return Reminder(
        TITLES[kept.kind],
        text,
        mask_phone(kept.phone),
        kept.provider == WECHAT,
        _SEEN[kept.state],
        kept.created_at,
    )


def _views(tx: Any, kept: Sequence[Kept], storage: Storage) -> tuple[MessageView, ...]:
    sends = storage.attempts_of(tx, [one.message_id for one in kept])
    return tuple(
        MessageView(
            one.message_id, one.event_id, TITLES[one.kind], mask_phone(one.phone), MessageState(one.state.value),
            one.reason, one.segments, one.template_version, one.created_at, sends.get(one.message_id, ()),
        )
        for one in kept
    )  # fmt: skip
