"""The authorities' tables of tiers and bases (3.2.1.9)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

from eventlet import tpool

from contract import pooling, tiers
from contract.pooling import ListPoolingLevels, MakeTierTemplate, PoolingLevel, PoolingLevels, TierTemplate
from contract.staff import Staff
from contract.tiers import (
    ApproveTiers,
    GetTierImport,
    ListTierHistory,
    ListTierImports,
    Operator,
    PreviewTiers,
    RejectTiers,
    SubmitTiers,
    TierHistory,
    TierImport,
    TierImportInFull,
    TierImports,
    TierPreview,
)
from kit.staff import staff_rpc
from services.contribution.adapters.spreadsheet import SpreadsheetReader
from services.contribution.adapters.template import template
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

    @staff_rpc(tiers.preview_tiers)
    def preview_tiers(self, request: PreviewTiers, staff: Staff) -> TierPreview:
        return tier_usecases.preview_tiers(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(tiers.submit_tiers)
    def submit_tiers(self, request: SubmitTiers, staff: Staff) -> TierImport:
        return tier_usecases.submit_tiers(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(tiers.approve_tiers)
    def approve_tiers(self, request: ApproveTiers, staff: Staff) -> TierImport:
        return tier_usecases.approve_tiers(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(tiers.reject_tiers)
    def reject_tiers(self, request: RejectTiers, staff: Staff) -> TierImport:
        return tier_usecases.reject_tiers(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(tiers.list_tier_imports)
    def list_tier_imports(self, request: ListTierImports, staff: Staff) -> TierImports:
        return tier_usecases.list_tier_imports(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(tiers.get_tier_import)
    def get_tier_import(self, request: GetTierImport, staff: Staff) -> TierImportInFull:
        return tier_usecases.get_tier_import(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(tiers.list_tier_history)
    def list_tier_history(self, request: ListTierHistory, staff: Staff) -> TierHistory:
        return tier_usecases.list_tier_history(replace(request, operator=operator_of(staff)), self.tier_desk)

    @staff_rpc(pooling.list_pooling_levels)
    def list_pooling_levels(self, request: ListPoolingLevels, staff: Staff) -> PoolingLevels:
        names = sorted(pooling_names().items())
        return PoolingLevels(tuple(PoolingLevel(*one) for one in names if staff.reaches(one[0])))

    @staff_rpc(pooling.make_tier_template)
    def make_tier_template(self, request: MakeTierTemplate, staff: Staff) -> TierTemplate:
        return TierTemplate(base64.b64encode(template(self.tier_desk.today.year)).decode())


def operator_of(staff: Staff) -> Operator:
    """An operator is whoever the seal of the call names, whatever the request says."""
    return Operator(staff.account, staff.name, staff.pooling_code)
