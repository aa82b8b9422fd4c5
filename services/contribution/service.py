"""Entrypoints of the contribution service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from eventlet import tpool
from nameko.timer import timer

from contract import contribution, tiers
from contract.contribution import (
    Enrolment,
    FindEnrolment,
    GetQueuePlace,
    ListTiers,
    QueuePlace,
    Quoted,
    QuotePayable,
    Tiers,
)
from contract.tiers import (
    ApproveTiers,
    GetTierImport,
    ListTierHistory,
    ListTierImports,
    PreviewTiers,
    RejectTiers,
    SubmitTiers,
    TierHistory,
    TierImport,
    TierImportInFull,
    TierImports,
    TierPreview,
)
from kit.breaker import Breaker
from kit.crypto import KeyRing
from kit.limiter import LimitedQueue, Limiter, limited
from kit.open_platform import OpenPlatformKey
from kit.rpc import rpc
from kit.service import Made, Service
from kit.upstream import Upstream
from kit.waiting import Priority
from services.contribution.adapters.spreadsheet import SpreadsheetReader
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.config import Config
from services.contribution.divisions import pooling_names
from services.contribution.domain.cells import SheetRow
from services.contribution.storage.enrolments import KeptEnrolments
from services.contribution.storage.tier_imports import TierImportStorage
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import enrolments, payables
from services.contribution.usecases import tiers as tier_usecases
from services.contribution.usecases.desk import Desk
from services.contribution.usecases.enrolments import Memory

KEPT = KeptEnrolments()
TABLES, IMPORTS = TierTable(), TierImportStorage()


class ReaderOfItsOwn:
    """Reads spreadsheets in a thread: seconds of work that does not yield would starve the heartbeats."""

    def read(self, content: bytes) -> Sequence[SheetRow]:
        rows: Sequence[SheetRow] = tpool.execute(SpreadsheetReader().read, content)
        return rows


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

    @property
    def desk(self) -> Desk:
        return Desk(self.database, TABLES, IMPORTS, ReaderOfItsOwn(), pooling_names(), self.clock)

    @property
    def memory(self) -> Memory:
        return Memory(self.database, KEPT, self.clock, self.settings.enrolment_kept)

    @limited(contribution.find_enrolment, Priority.QUERY)
    def find_enrolment(self, request: FindEnrolment) -> Enrolment:
        return enrolments.find_enrolment(request, self.taxbank, self.memory)

    @limited(contribution.get_queue_place, Priority.AT_ONCE)
    def get_queue_place(self, request: GetQueuePlace) -> QueuePlace:
        return QueuePlace(self.taxbank_queue.ahead_of(request.ticket))

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
        return payables.quote_payable(
            request, offered, self.taxbank, self.seal, self.clock, self.settings.quote_valid_for
        )

    @rpc(tiers.preview_tiers)
    def preview_tiers(self, request: PreviewTiers) -> TierPreview:
        return tier_usecases.preview_tiers(request, self.desk)

    @rpc(tiers.submit_tiers)
    def submit_tiers(self, request: SubmitTiers) -> TierImport:
        return tier_usecases.submit_tiers(request, self.desk)

    @rpc(tiers.approve_tiers)
    def approve_tiers(self, request: ApproveTiers) -> TierImport:
        return tier_usecases.approve_tiers(request, self.desk)

    @rpc(tiers.reject_tiers)
    def reject_tiers(self, request: RejectTiers) -> TierImport:
        return tier_usecases.reject_tiers(request, self.desk)

    @rpc(tiers.list_tier_imports)
    def list_tier_imports(self, request: ListTierImports) -> TierImports:
        return tier_usecases.list_tier_imports(request, self.desk)

    @rpc(tiers.get_tier_import)
    def get_tier_import(self, request: GetTierImport) -> TierImportInFull:
        return tier_usecases.get_tier_import(request, self.desk)

    @rpc(tiers.list_tier_history)
    def list_tier_history(self, request: ListTierHistory) -> TierHistory:
        return tier_usecases.list_tier_history(request, self.desk)
