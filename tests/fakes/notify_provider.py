"""Providers whose answers a test decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.notify.adapters.base import Ambiguous
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Sms
from services.notify.domain.routing import Provider
from services.notify.templates import Catalogue
from services.notify.usecases.channels import Channels
from tests.fakes.notify_storage import FakeNotifyStorage


@dataclass
class FakeProvider:
    """Delivers unless told otherwise. `rejects`: the answers to the next sends; `takes_then_hangs` and `hangs`: no
    answer, with and without delivery; `silent`: look-ups get no answer either; `reports`: what a look-up says of what
    was taken, where nothing is said: that it is on its way; `at_once`: a send says that it arrived."""

    storage: FakeNotifyStorage
    delivered: list[Sms] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    reports: dict[str, Found] = field(default_factory=dict)
    hangs: bool = False
    takes_then_hangs: bool = False
    silent: bool = False
    at_once: bool = False
    looked_up: int = 0

    def close(self) -> None:
        """Holds nothing open."""

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected | Found:
        assert self.storage.open_transactions == 0, "no transaction is held while the provider is asked"
        if self.rejects:
            return self.rejects.pop(0)
        if not self.hangs:
            self.delivered.append(sms)
        if self.hangs or self.takes_then_hangs:
            raise Ambiguous("ReadTimeout")
        serial = f"serial-{len(self.delivered)}"
        return Found(serial, delivered=True) if self.at_once else Accepted(serial)

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        assert self.storage.open_transactions == 0
        assert since <= now
        self.looked_up += 1
        if self.silent:
            raise Ambiguous("ReadTimeout")
        for n, sms in enumerate(self.delivered, start=1):
            if (sms.message_id, sms.phone) == (message_id, phone):
                return self.reports.get(message_id, Found(f"serial-{n}"))
        return NotFound()


def channels(catalogue: Catalogue, *, draw: float = 0.0, **adapters: FakeProvider) -> Channels:
    """Providers of equal weight that take a thousand a second; one called wechat is no SMS."""
    weighted = [Provider(name, 50, 1000) for name in adapters if name != "wechat"]
    known: Mapping[str, FakeProvider] = adapters
    return Channels(weighted, known, catalogue, lambda: draw)
