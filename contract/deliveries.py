"""What became of every message, for staff (3.2.1.12). Served by notify; phones are masked."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import NotFound, Refused
from contract.rpc import Method


class MessageNotFound(NotFound):
    """No such reminder."""

    code = "message_not_found"
    text = "没有找到这条短信提醒。"


class MessageNotReplayable(Refused):
    """It is on its way or has arrived: sending it again would tell somebody twice."""

    code = "message_not_replayable"
    text = "这条提醒正在发送或者已经送达，重新发送会重复打扰，不能重发。"


class ReplayUnexplained(Refused):
    """Who sends again says who they are and why."""

    code = "replay_unexplained"
    text = "重新发送必须填写操作人和原因。"


class MessageState(enum.StrEnum):
    """States of a reminder. Only an undelivered one may be sent again by hand."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"

    @property
    def label(self) -> str:
        return {
            "queued": "等待发送", "sending": "正在发送或待服务商确认", "sent": "服务商已接收，待回执",
            "delivered": "已送达", "undelivered": "未送达",
        }[self.value]  # fmt: skip


@dataclass(frozen=True)
class ListMessages:
    """The newest reminders; of one event or in one state if named."""

    event_id: str | None = None
    state: MessageState | None = None
    limit: int = 50


@dataclass(frozen=True)
class Attempt:
    """One send: `answer` is what the provider said at once (accepted · rejected · failed · unclear · not found, None
    while nothing is known), `fate` what the carrier reported (delivered · failed)."""

    provider: str
    begun_at: dt.datetime
    ended_at: dt.datetime | None
    answer: str | None
    fate: str | None
    reason: str | None
    serial: str | None


@dataclass(frozen=True)
class MessageView:
    """A reminder as staff see it; `segments` is what one send of it is billed."""

    message_id: str
    event_id: str
    title: str
    phone: str
    state: MessageState
    reason: str | None
    segments: int
    template_version: str
    created_at: dt.datetime
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Messages:
    """Newest first."""

    messages: tuple[MessageView, ...]


@dataclass(frozen=True)
class ReportDelivery:
    """From a moment to another."""

    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True)
class ProviderReport:
    """What one provider did with one kind of message (`title`). `segments` are those of what it accepted, which is what
    is billed; `milliseconds` the mean time to its answer."""

    provider: str
    title: str
    attempts: int
    accepted: int
    delivered: int
    failed: int
    segments: int
    milliseconds: int


@dataclass(frozen=True)
class DeliveryReport:
    """By provider and kind."""

    providers: tuple[ProviderReport, ...]


@dataclass(frozen=True)
class ReplayMessage:
    """Send an undelivered reminder again. Who and why are kept for ever."""

    operator: str
    message_id: str
    reason: str


@dataclass(frozen=True)
class ListProviders:
    """The SMS providers there are."""


@dataclass(frozen=True)
class ProviderHealth:
    """How a provider stands with all replicas: `share` percent of its weight `weight` since `changed_at`, `rate` its
    messages a second; `calls` and `failures` of the last minutes, `seconds` its mean answer."""

    provider: str
    weight: int
    rate: int
    share: int
    changed_at: dt.datetime
    calls: int
    failures: int
    seconds: float

    @property
    def label(self) -> str:
        if self.share == 100:
            return "正常"
        return "已避让，正在恢复" if self.failures * 2 < self.calls or not self.calls else "异常，已避让"


@dataclass(frozen=True)
class Providers:
    """In the order of the settings."""

    providers: tuple[ProviderHealth, ...]


list_providers = Method("notify", "list_providers", ListProviders, Providers)
list_messages = Method("notify", "list_messages", ListMessages, Messages)
report_delivery = Method("notify", "report_delivery", ReportDelivery, DeliveryReport)
replay_message = Method(
    "notify", "replay_message", ReplayMessage, MessageView,
    errors=(MessageNotFound, MessageNotReplayable, ReplayUnexplained), command=True,
)  # fmt: skip
