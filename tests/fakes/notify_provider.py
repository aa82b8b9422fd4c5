"""An SMS provider whose answers a test decides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from services.notify.adapters.base import Ambiguous
from services.notify.domain import Accepted, Found, NotFound, Rejected, Sms
from tests.fakes.notify_storage import FakeNotifyStorage


@dataclass
class FakeProvider:
    """Delivers unless told otherwise. `rejects`: the answers to the next sends; `takes_then_hangs` and `hangs`:
    no answer, with and without delivery; `silent`: look-ups get no answer either."""

    storage: FakeNotifyStorage
    delivered: list[Sms] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    hangs: bool = False
    takes_then_hangs: bool = False
    silent: bool = False
    looked_up: int = 0

    def close(self) -> None:
        """Holds nothing open."""

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected:
        assert self.storage.open_transactions == 0, "no transaction is held while the provider is asked"
        if self.rejects:
            return self.rejects.pop(0)
        if not self.hangs:
            self.delivered.append(sms)
        if self.hangs or self.takes_then_hangs:
            raise Ambiguous("ReadTimeout")
        return Accepted(f"serial-{len(self.delivered)}")

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        assert self.storage.open_transactions == 0
        assert since <= now
        self.looked_up += 1
        if self.silent:
            raise Ambiguous("ReadTimeout")
        for n, sms in enumerate(self.delivered, start=1):
            if (sms.message_id, sms.phone) == (message_id, phone):
                return Found(f"serial-{n}")
        return NotFound()
