"""Entrypoints of the notify service."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import eventlet
from nameko.timer import timer
from werkzeug.wrappers import Request, Response

from contract import deliveries
from contract import notify as contract
from contract.deliveries import (
    DeliveryReport,
    ListMessages,
    ListProviders,
    Messages,
    MessageView,
    Providers,
    ReplayMessage,
    ReportDelivery,
)
from contract.errors import InvalidInput, NotFound
from contract.events import Envelope
from contract.notify import CodeSent, ListReminders, Reminders, SendCode, WechatWished, WishWechat
from contract.payment import PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from contract.rights import PersonErased
from contract.staff import Staff
from kit.consumer import consume, consume_together
from kit.http import Access, http
from kit.parked import ParkedEntrypoints
from kit.rpc import rpc
from kit.service import Made
from kit.staff import staff_rpc
from services.notify.adapters.base import UnreadableReceipt
from services.notify.config import Config
from services.notify.sender import RECEIPTS, ChannelsInUse, Sender, receivers
from services.notify.storage import NotifyStorage
from services.notify.usecases import codes, receipts, reminders, seeing, telling
from services.notify.usecases.telling import Heard

_FORGET_EVERY = 600


class NotifyService(ParkedEntrypoints):
    """Sends codes at once and reminders without fail."""

    name = "notify"

    channels: Any = ChannelsInUse()
    receivers = Made(receivers)
    catalogue = Made(Config.catalogue)
    bell = Sender()
    storage = NotifyStorage()

    @rpc(contract.send_code)
    def send_code(self, request: SendCode) -> CodeSent:
        desk = codes.Desk(self.database, self.storage, self.channels, self.clock, eventlet.sleep)
        return codes.send_code(request, desk)

    @rpc(contract.list_reminders)
    def list_reminders(self, request: ListReminders) -> Reminders:
        return seeing.list_reminders(request, self.database, self.storage, self.channels)

    @rpc(contract.wish_wechat)
    def wish_wechat(self, request: WishWechat) -> WechatWished:
        return seeing.wish_wechat(request, self.database, self.storage, self.channels, self.clock)

    @staff_rpc(deliveries.list_messages)
    def list_messages(self, request: ListMessages, staff: Staff) -> Messages:
        return seeing.list_messages(request, self.database, self.storage)

    @staff_rpc(deliveries.report_delivery)
    def report_delivery(self, request: ReportDelivery, staff: Staff) -> DeliveryReport:
        return seeing.report_delivery(request, self.database, self.storage)

    @staff_rpc(deliveries.replay_message)
    def replay_message(self, request: ReplayMessage, staff: Staff) -> MessageView:
        told = replace(request, operator=staff.account)
        return seeing.replay_message(told, self.database, self.storage, self.clock)

    @staff_rpc(deliveries.list_providers)
    def list_providers(self, request: ListProviders, staff: Staff) -> Providers:
        return seeing.list_providers(request, self.database, self.storage, self.channels, self.clock)

    @http("POST", "/receipts/<provider>/<token>", access=Access.SIGNED)
    def take_receipts(self, request: Request, caller: None, provider: str, token: str) -> Response:
        """A provider's carrier reports. Answered once they are kept, so that the provider tries again until then."""
        receiver = self.receivers.get(provider)
        if receiver is None or not hmac.compare_digest(
            token.encode(), self.settings.sms_receipt_token.encode()
        ):
            raise NotFound
        try:
            reports = receiver.receipts(json.loads(request.get_data()))
        except (UnreadableReceipt, ValueError, RecursionError):
            raise InvalidInput from None
        new = receipts.take_receipts(
            provider, reports, self.database, self.storage, self.channels, self.clock, self.settings.patience
        )
        for report in new:
            RECEIPTS.labels(provider, "delivered" if report.delivered else "failed").inc()
        return Response(json.dumps(receiver.thanks(), ensure_ascii=False), content_type="application/json")

    @consume_together(PaymentSucceeded)
    def remind_of_success(self, tx: Any, heard: Sequence[Heard[PaymentSucceeded]]) -> None:
        if telling.remind_of_success(tx, heard, self._teller):
            self.bell.ring()

    @consume_together(PaymentFailed)
    def remind_of_failure(self, tx: Any, heard: Sequence[Heard[PaymentFailed]]) -> None:
        if telling.remind_of_failure(tx, heard, self._teller):
            self.bell.ring()

    @consume_together(PaymentRefunded)
    def remind_of_refund(self, tx: Any, heard: Sequence[Heard[PaymentRefunded]]) -> None:
        if telling.remind_of_refund(tx, heard, self._teller):
            self.bell.ring()

    @consume_together(PaymentReturned)
    def remind_of_return(self, tx: Any, heard: Sequence[Heard[PaymentReturned]]) -> None:
        if telling.remind_of_return(tx, heard, self._teller):
            self.bell.ring()

    @consume(PersonErased)
    def forget_person(self, tx: Any, data: PersonErased, envelope: Envelope) -> None:
        self.storage.forget_person(tx, data.person_id)

    @timer(interval=_FORGET_EVERY)
    def forget(self) -> None:
        codes.forget(self.database, self.storage, self.clock)
        reminders.forget_old(self.database, self.storage, self.clock.now() - self.settings.kept)

    @property
    def _teller(self) -> telling.Teller:
        return telling.Teller(self.storage, self.catalogue, self.settings.reminders_per_day, self.clock)
