"""Enrolment, tiers and quotes (3.2.1.5, 3.2.1.6)."""

from __future__ import annotations

from typing import cast

from nameko.timer import timer

from contract import contribution
from contract.contribution import (
    Enrolment,
    FindEnrolment,
    GetQueuePlace,
    ListTiers,
    QueuePlace,
    QuoteBackPayment,
    Quoted,
    QuotePayable,
    Tiers,
)
from kit.limiter import LimitedQueue, Limiter, limited
from kit.rpc import rpc
from kit.waiting import Priority
from services.contribution.entrypoints.base import Entrypoints
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import enrolments, payables
from services.contribution.usecases.payables import Sealer

TABLES = TierTable()


class PayableEntrypoints(Entrypoints):
    """What a person may pay, sealed."""

    taxbank_queue = cast(LimitedQueue, Limiter("taxbank"))

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.seal, self.clock, self.settings.quote_valid_for)

    @limited(contribution.find_enrolment, Priority.QUERY)
    def find_enrolment(self, request: FindEnrolment) -> Enrolment:
        return enrolments.find_enrolment(request, self.taxbank, self.memory)

    @limited(contribution.get_queue_place, Priority.AT_ONCE)
    def get_queue_place(self, request: GetQueuePlace) -> QueuePlace:
        ahead = self.taxbank_queue.ahead_of(request.ticket)
        return QueuePlace(ahead, None if ahead is None else self.taxbank_queue.seconds_behind(ahead))

    @timer(interval=3600)
    def forget_old_enrolments(self) -> None:
        """What is too old to be shown is personal data nobody needs."""
        enrolments.forget_old(self.memory)

    @rpc(contribution.list_tiers)
    def list_tiers(self, request: ListTiers) -> Tiers:
        with self.database.read() as connection:
            return payables.list_tiers(request, connection, TABLES)

    @limited(contribution.quote_payable, Priority.PAYMENT)
    def quote_payable(self, request: QuotePayable) -> Quoted:
        offered = self.list_tiers(payables.tiers_asked(request)).tiers
        return payables.quote_payable(request, offered, self.taxbank, self.sealer)

    @limited(contribution.quote_back_payment, Priority.PAYMENT)
    def quote_back_payment(self, request: QuoteBackPayment) -> Quoted:
        return payables.quote_back_payment(request, self.taxbank, self.sealer)
