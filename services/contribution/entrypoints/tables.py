"""The authorities' tables of tiers and bases (3.2.1.9)."""

from __future__ import annotations

from collections.abc import Sequence

from eventlet import tpool

from contract import tiers
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
from kit.rpc import rpc
from services.contribution.adapters.spreadsheet import SpreadsheetReader
from services.contribution.divisions import pooling_names
from services.contribution.domain.cells import SheetRow
from services.contribution.entrypoints.base import Entrypoints
from services.contribution.entrypoints.payables import TABLES
from services.contribution.storage.tier_imports import TierImportStorage
from services.contribution.usecases import tiers as tier_usecases
from services.contribution.usecases.tier_desk import TierDesk

IMPORTS = TierImportStorage()


class ReaderOfItsOwn:
    """Reads spreadsheets in a thread: seconds of work that does not yield would starve the heartbeats."""

    def read(self, content: bytes) -> Sequence[SheetRow]:
        rows: Sequence[SheetRow] = tpool.execute(SpreadsheetReader().read, content)
        return rows


class TableEntrypoints(Entrypoints):
    """What operators do with an authority's tables."""

    @property
    def tier_desk(self) -> TierDesk:
        return TierDesk(self.database, TABLES, IMPORTS, ReaderOfItsOwn(), pooling_names(), self.clock)

    @rpc(tiers.preview_tiers)
    def preview_tiers(self, request: PreviewTiers) -> TierPreview:
        return tier_usecases.preview_tiers(request, self.tier_desk)

    @rpc(tiers.submit_tiers)
    def submit_tiers(self, request: SubmitTiers) -> TierImport:
        return tier_usecases.submit_tiers(request, self.tier_desk)

    @rpc(tiers.approve_tiers)
    def approve_tiers(self, request: ApproveTiers) -> TierImport:
        return tier_usecases.approve_tiers(request, self.tier_desk)

    @rpc(tiers.reject_tiers)
    def reject_tiers(self, request: RejectTiers) -> TierImport:
        return tier_usecases.reject_tiers(request, self.tier_desk)

    @rpc(tiers.list_tier_imports)
    def list_tier_imports(self, request: ListTierImports) -> TierImports:
        return tier_usecases.list_tier_imports(request, self.tier_desk)

    @rpc(tiers.get_tier_import)
    def get_tier_import(self, request: GetTierImport) -> TierImportInFull:
        return tier_usecases.get_tier_import(request, self.tier_desk)

    @rpc(tiers.list_tier_history)
    def list_tier_history(self, request: ListTierHistory) -> TierHistory:
        return tier_usecases.list_tier_history(request, self.tier_desk)
