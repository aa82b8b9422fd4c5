"""A sender that kills itself: `python -m tests.integration.notify.dying_sender STEP`.

before_send: after the claim was committed · after_send: after the provider took the message · recorded: after its
answer was committed · never: it lives
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from dataclasses import replace

from kit.clock import SystemClock
from kit.config import read
from kit.database import Database
from services.notify.adapters.base import SmsProvider
from services.notify.config import Config
from services.notify.domain.messages import Accepted, Found, Rejected, Sms
from services.notify.sender import channels
from services.notify.storage import NotifyStorage
from services.notify.usecases import reminders


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """A provider whose caller dies."""

    def __init__(self, adapter: SmsProvider, step: str) -> None:
        self._adapter, self._step = adapter, step
        self.find, self.close = adapter.find, adapter.close

    def send(self, message: Sms, now: dt.datetime) -> Accepted | Rejected | Found:
        if self._step == "before_send":
            _die()
        accepted = self._adapter.send(message, now)
        if self._step == "after_send":
            _die()
        return accepted


def main(step: str) -> None:
    settings = read(Config)
    database, storage, clock = Database(settings.database_url), NotifyStorage(), SystemClock()
    real = channels(settings, database)
    dying = replace(real, adapters={name: Dying(adapter, step) for name, adapter in real.adapters.items()})
    for message in reminders.claim(database, storage, dying, clock, 100).messages:
        reminders.deliver(message, database, storage, dying, clock, settings.patience)
    if step == "recorded":
        _die()


if __name__ == "__main__":
    main(sys.argv[1])
