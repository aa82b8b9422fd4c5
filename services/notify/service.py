"""Entrypoints of the notify service."""

from __future__ import annotations

from typing import Any

from nameko.timer import timer

from contract import notify as contract
from contract.events import Envelope
from contract.notify import CodeSent, SendCode
from contract.payment import PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from kit.consumer import consume
from kit.rpc import rpc
from kit.service import Made, Service
from services.notify import usecases
from services.notify.config import Config
from services.notify.sender import Sender, provider
from services.notify.storage import NotifyStorage

_FORGET_EVERY = 600


class NotifyService(Service):
    """Sends codes at once and reminders without fail."""

    name = "notify"

    sms = Made(provider)
    catalogue = Made(Config.catalogue)
    bell = Sender()
    storage = NotifyStorage()

    @rpc(contract.send_code)
    def send_code(self, request: SendCode) -> CodeSent:
        return usecases.send_code(request, self.database, self.storage, self.sms, self.clock)

    @consume(PaymentSucceeded)
    def remind_of_success(self, tx: Any, data: PaymentSucceeded, envelope: Envelope) -> None:
        about = usecases.occasion(envelope.source, data.order_id, data.contribution)
        if usecases.remind_of_success(tx, data, about, self.storage, self.catalogue, self.clock.now()):
            self.bell.ring()

    @consume(PaymentFailed)
    def remind_of_failure(self, tx: Any, data: PaymentFailed, envelope: Envelope) -> None:
        about = usecases.occasion(envelope.source, data.order_id, data.contribution)
        if usecases.remind_of_failure(tx, data, about, self.storage, self.catalogue, self.clock.now()):
            self.bell.ring()

    @consume(PaymentRefunded)
    def remind_of_refund(self, tx: Any, data: PaymentRefunded, envelope: Envelope) -> None:
        about = usecases.occasion(envelope.source, data.order_id, data.contribution)
        if usecases.remind_of_refund(tx, data, about, self.storage, self.catalogue, self.clock.now()):
            self.bell.ring()

    @consume(PaymentReturned)
    def remind_of_return(self, tx: Any, data: PaymentReturned, envelope: Envelope) -> None:
        if usecases.remind_of_return(tx, data, envelope.key, self.storage, self.catalogue, self.clock.now()):
            self.bell.ring()

    @timer(interval=_FORGET_EVERY)
    def forget_codes(self) -> None:
        usecases.forget_codes(self.database, self.storage, self.clock)
