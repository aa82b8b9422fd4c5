"""Entrypoints of the contribution service."""

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
from kit.breaker import Breaker
from kit.crypto import KeyRing
from kit.limiter import LimitedQueue, Limiter, limited
from kit.open_platform import OpenPlatformKey
from kit.rpc import rpc
from kit.service import Made, Service
from kit.upstream import Upstream
from kit.waiting import Priority
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.config import Config
from services.contribution.storage.enrolments import KeptEnrolments
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import enrolments, payables
from services.contribution.usecases.enrolments import Memory
from services.contribution.usecases.payables import Sealer

KEPT = KeptEnrolments()


def make_upstream(name: str, config: Config) -> Upstream:
    """What an adapter of a limited upstream calls through."""
    return Upstream(name, Breaker(config.upstream_failures, config.upstream_rest))


def make_taxbank(config: Config) -> HttpTaxBank:
    """The adapter the settings ask for."""
    key = OpenPlatformKey(config.taxbank_app_id, config.taxbank_app_key)
    return HttpTaxBank(
        config.taxbank_url, key, config.taxbank_timeout, config.clock, make_upstream("taxbank", config),
        connections=config.taxbank_limit,
    )  # fmt: skip


class ContributionService(Service):
    """Asks the tax–bank subsystem, keeps the tiers, seals quotes."""

    name = "contribution"

    taxbank = Made(make_taxbank)
    taxbank_queue = cast(LimitedQueue, Limiter("taxbank"))
    seal = Made(lambda config: KeyRing.parse(config.quote_keys))
    tiers = TierTable()

    @property
    def memory(self) -> Memory:
        return Memory(self.database, KEPT, self.clock, self.settings.enrolment_kept)

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
            return payables.list_tiers(request, connection, self.tiers)

    @limited(contribution.quote_payable, Priority.PAYMENT)
    def quote_payable(self, request: QuotePayable) -> Quoted:
        tiers = self.list_tiers(payables.tiers_asked(request)).tiers
        return payables.quote_payable(request, tiers, self.taxbank, self.sealer)

    @limited(contribution.quote_back_payment, Priority.PAYMENT)
    def quote_back_payment(self, request: QuoteBackPayment) -> Quoted:
        return payables.quote_back_payment(request, self.taxbank, self.sealer)
