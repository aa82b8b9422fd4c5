"""A sender that kills itself: `python -m tests.integration.notify.dying_sender STEP`.

before_send: after the claim was committed · after_send: after the provider took the message · never: it lives
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys

from kit.clock import SystemClock
from kit.config import read
from kit.database import Database
from services.notify import usecases
from services.notify.adapters.tencent import TencentSms
from services.notify.config import Config
from services.notify.domain import Accepted, Rejected, Sms
from services.notify.sender import provider
from services.notify.storage import NotifyStorage


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(step: str) -> None:
    settings = read(Config)
    sms = provider(settings)
    assert isinstance(sms, TencentSms)

    class Dying:
        find, close = sms.find, sms.close

        def send(self, message: Sms, now: dt.datetime) -> Accepted | Rejected:
            if step == "before_send":
                _die()
            accepted = sms.send(message, now)
            if step == "after_send":
                _die()
            return accepted

    database, storage, clock = Database(settings.database_url), NotifyStorage(), SystemClock()
    for message in usecases.claim(database, storage, clock, 100):
        usecases.deliver(message, database, storage, Dying(), clock, settings.lookup_grace)


if __name__ == "__main__":
    main(sys.argv[1])
