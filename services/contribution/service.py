"""Entrypoints of the contribution service."""

from __future__ import annotations

import datetime as dt
import logging
from typing import cast

import eventlet
from nameko.timer import timer
from prometheus_client import Gauge

from contract import agreement, contribution, declarations, records
from contract.agreement import (
    AgreementOfPerson,
    Agreements,
    AgreementView,
    Banks,
    CancelAgreement,
    DraftOfPerson,
    ListAgreements,
    ListBanks,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
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
from contract.declarations import DeclarationOfPerson, Declarations, ListDeclarations, Voiding
from contract.errors import Unavailable
from contract.records import Contributions, ListContributions
from kit import telemetry
from kit.breaker import Breaker
from kit.crypto import KeyRing
from kit.limiter import LimitedQueue, Limiter, limited
from kit.open_platform import OpenPlatformKey
from kit.rpc import Caller, RpcCaller, rpc
from kit.service import Made, Service
from kit.upstream import Upstream
from kit.waiting import Priority
from services.contribution.adapters.base import TaxCore
from services.contribution.adapters.esb import Esb
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.adapters.taxcore_agreements import EsbAgreements
from services.contribution.adapters.taxcore_declarations import EsbDeclarations
from services.contribution.adapters.taxcore_records import EsbRecords
from services.contribution.adapters.taxcore_wire import read_wire
from services.contribution.config import Config
from services.contribution.storage.agreements import AgreementStorage
from services.contribution.storage.enrolments import KeptEnrolments
from services.contribution.storage.query_audit import QueryAudit
from services.contribution.storage.tiers import TierTable
from services.contribution.storage.voidings import Voidings
from services.contribution.usecases import agreements, enrolments, payables
from services.contribution.usecases import declarations as voiding
from services.contribution.usecases import records as querying
from services.contribution.usecases.declarations import VoidingDesk
from services.contribution.usecases.enrolments import Memory
from services.contribution.usecases.payables import Sealer

KEPT, AUDIT, VOIDINGS, AGREEMENTS = KeptEnrolments(), QueryAudit(), Voidings(), AgreementStorage()

_DUE_AT_ONCE = 40
_ASKED_AT_ONCE = 5
_UNSETTLED = Gauge("agreements_unsettled", "Agreements that wait for the tax core or a bank", ["state"])

_log = logging.getLogger(__name__)


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


def make_taxcore(config: Config) -> TaxCore:
    """The adapters of the tax core, over one ESB."""
    esb = Esb(
        config.taxcore_url, config.taxcore_timeout, config.clock, make_upstream("taxcore", config),
        read_wire(config.taxcore_wire), connections=config.taxcore_limit,
    )  # fmt: skip
    return TaxCore(EsbRecords(esb), EsbDeclarations(esb), EsbAgreements(esb))


class ContributionService(Service):
    """Asks the tax–bank subsystem and the tax core, keeps the tiers, seals quotes."""

    name = "contribution"

    taxbank = Made(make_taxbank)
    taxcore = Made(make_taxcore)
    peers: Caller = cast(Caller, RpcCaller())
    taxbank_queue = cast(LimitedQueue, Limiter("taxbank"))
    seal = Made(lambda config: KeyRing.parse(config.quote_keys))
    banks = Made(Config.banks)
    tiers = TierTable()

    @property
    def memory(self) -> Memory:
        return Memory(self.database, KEPT, self.clock, self.settings.enrolment_kept)

    @property
    def desk(self) -> VoidingDesk:
        return VoidingDesk(
            self.database,
            AUDIT,
            self.taxcore,
            self.peers,
            self.clock,
            self.settings.typed_people_per_day,
            VOIDINGS,
        )

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

    @limited(records.list_contributions, Priority.QUERY)
    def list_contributions(self, request: ListContributions) -> Contributions:
        return querying.list_contributions(request, self.desk)

    @limited(declarations.list_declarations, Priority.QUERY)
    def list_declarations(self, request: ListDeclarations) -> Declarations:
        return voiding.list_declarations(request, self.desk)

    @limited(declarations.void_declaration, Priority.QUERY)
    def void_declaration(self, request: DeclarationOfPerson) -> Voiding:
        return voiding.void_declaration(request, self.desk)

    @limited(declarations.check_voiding, Priority.QUERY)
    def check_voiding(self, request: DeclarationOfPerson) -> Voiding:
        return voiding.check_voiding(request, self.desk)

    @timer(interval=5)
    def look_after_voidings(self) -> None:
        """A void whose answer was lost is asked after until the tax core says what became of it."""
        voiding.look_after_voidings(self.desk)

    @rpc(agreement.list_banks)
    def list_banks(self, request: ListBanks) -> Banks:
        return agreements.list_banks(self.banks)

    @limited(agreement.prepare_agreement, Priority.QUERY)
    def prepare_agreement(self, request: PrepareAgreement) -> Prepared:
        return agreements.prepare_agreement(request, self.taxbank, self.memory, self._wiring())

    @rpc(agreement.read_draft)
    def read_draft(self, request: DraftOfPerson) -> Prepared:
        return agreements.read_draft(request, self._wiring())

    @rpc(agreement.sign_agreement)
    def sign_agreement(self, request: SignAgreement) -> AgreementView:
        return agreements.sign_agreement(request, self._wiring())

    @rpc(agreement.get_agreement)
    def get_agreement(self, request: AgreementOfPerson) -> AgreementView:
        return agreements.get_agreement(request, self._wiring())

    @rpc(agreement.list_agreements)
    def list_agreements(self, request: ListAgreements) -> Agreements:
        return agreements.list_agreements(request, self._wiring())

    @rpc(agreement.cancel_agreement)
    def cancel_agreement(self, request: CancelAgreement) -> AgreementView:
        return agreements.cancel_agreement(request, self._wiring())

    @limited(agreement.check_agreement, Priority.QUERY)
    def check_agreement(self, request: AgreementOfPerson) -> AgreementView:
        return agreements.check_agreement(request, self._wiring())

    @timer(interval=2)
    def look_after_agreements(self) -> None:
        """Nothing waits for ever. The work goes over the bus, to whichever replica may ask the tax core."""
        wiring = self._wiring()
        pool = eventlet.GreenPool(_ASKED_AT_ONCE)
        while due := agreements.claim_due(wiring, _DUE_AT_ONCE):
            for _ in pool.imap(self._look_after, due):
                pass

    @timer(interval=15)
    def measure_agreements(self) -> None:
        with self.database.read() as connection:
            counts = AGREEMENTS.unsettled(connection)
        for state in ("signing", "pending", "cancelling"):
            _UNSETTLED.labels(state).set(counts.get(state, 0))

    def _look_after(self, due: AgreementOfPerson) -> None:
        telemetry.correlate(None)  # a greenlet of the pool: what it logs and publishes needs an id of its own
        try:
            self.peers.call(agreement.check_agreement, due)
        except Unavailable as error:
            _log.info("an agreement is asked about later: %s", error.code)

    def _wiring(self) -> agreements.Wiring:
        return agreements.Wiring(
            self.database, AGREEMENTS, AUDIT, self.taxcore.agreements, self.banks, self.seal, self.clock,
            dt.timedelta(seconds=self.settings.agreement_valid_for),
        )  # fmt: skip
