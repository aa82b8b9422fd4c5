"""The providers as use cases know them."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from services.notify.adapters.base import SmsProvider
from services.notify.domain.messages import WECHAT, Message
from services.notify.domain.routing import Provider
from services.notify.templates import Catalogue


@dataclass(frozen=True)
class Channels:
    """`weighted` are the SMS providers to choose from; `adapters` every provider by name, WeChat included."""

    weighted: Sequence[Provider]
    adapters: Mapping[str, SmsProvider]
    catalogue: Catalogue
    draw: Callable[[], float] = field(default=random.random, repr=False)

    @property
    def names(self) -> list[str]:
        """Of the SMS providers."""
        return [provider.name for provider in self.weighted]

    @property
    def wechat_offered(self) -> bool:
        """Whether anybody may be told in WeChat."""
        return WECHAT in self.adapters

    def in_wechat(self, message: Message) -> bool:
        """Whether a reminder is tried there first."""
        wished = bool(message.sms.openid) and self.wechat_offered
        return (
            wished and WECHAT not in message.avoided and self.catalogue[message.sms.kind].wechat is not None
        )

    def excluded(self, message: Message) -> Collection[str]:
        """The SMS providers that turned this message away; none once all did."""
        avoided = set(message.avoided) & set(self.names)
        return avoided if len(avoided) < len(self.names) else ()

    def has_others(self, message: Message) -> bool:
        """Whether there is a provider that was not tried yet."""
        return bool(set(self.names) - {message.provider, *message.avoided})

    def close(self) -> None:
        """Let go of all connections."""
        for adapter in self.adapters.values():
            adapter.close()
