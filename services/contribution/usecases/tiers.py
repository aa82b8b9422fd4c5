"""How an authority's tables come into force: preview, submit, and another operator approves (requirement 3.2.1.9)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from contract.errors import ContractError
from contract.tiers import (
    ApproveTiers,
    GetTierImport,
    ImportAct,
    ImportState,
    ListTierHistory,
    ListTierImports,
    Operator,
    OutsidePoolingLevel,
    OwnImport,
    PreviewTiers,
    ReasonMissing,
    RejectTiers,
    SheetFault,
    SpreadsheetUnreadable,
    SubmitTiers,
    TierHistory,
    TierImport,
    TierImportInFull,
    TierImportNotFound,
    TierImports,
    TierImportSettled,
    TierPreview,
    TiersChanged,
)
from services.contribution.domain import tables as domain
from services.contribution.domain.payables import pooling_levels
from services.contribution.domain.sheets import Sheet, read_sheet
from services.contribution.domain.tables import InForce, KeptImport, SheetTable
from services.contribution.usecases.tier_desk import TierDesk

LISTED = 50
FAULTS_LISTED = 200
_REASON = range(2, 201)


def preview_tiers(request: PreviewTiers, desk: TierDesk) -> TierPreview:
    """Read a file: all that is wrong with it, or a draft and what it would change. Nothing comes into force.

    The same file previewed again before anything changed is the same draft. Raises SpreadsheetUnreadable,
    OutsidePoolingLevel.
    """
    _check_level(request.operator, request.operator.pooling_code, desk)
    content = _decoded(request.content)
    sheet = read_sheet(desk.spreadsheets.read(content), desk.names, domain.years_kept(desk.today))
    if sheet.faults:
        return _refused(sheet.faults)
    _check_level(request.operator, sheet.pooling_code, desk)
    with desk.transactions.transaction() as tx:
        draft = _draft(tx, sheet, hashlib.sha256(content).hexdigest(), request.operator, desk)
        if not any(map(domain.changes_anything, draft.changes)):
            return _refused([SheetFault(0, "", "与目前执行的标准完全相同，没有需要提交的改动")])
        known = desk.imports.find_draft(tx, draft.submitted_by, draft.file_hash)
        if known is not None and known.compared_with == draft.compared_with:
            draft = known
        else:
            desk.imports.add(tx, draft)
            desk.imports.record(
                tx, draft.import_id, ImportAct.PREVIEWED, request.operator, draft.created_at, ""
            )
    return TierPreview((), 0, _view(draft, desk), draft.changes)


def submit_tiers(request: SubmitTiers, desk: TierDesk) -> TierImport:
    """Hand one's own draft over. Raises TierImportNotFound, TierImportSettled, TiersChanged, ReasonMissing."""
    reason = _reason(request.reason)
    with desk.transactions.transaction() as tx:
        kept = _locked(tx, request.import_id, request.operator, desk)
        if (kept.state, kept.reason) == (ImportState.SUBMITTED, reason):
            return _view(kept, desk)
        _check_state(kept, ImportState.DRAFT)
        _check_not_overtaken(tx, kept, desk)
        done = replace(kept, state=ImportState.SUBMITTED, reason=reason)
        return _settle(tx, done, ImportAct.SUBMITTED, request.operator, reason, desk)


def approve_tiers(request: ApproveTiers, desk: TierDesk) -> TierImport:
    """Put all tables of an import into force, or none. Of several operators one does; the same one may ask again.

    Raises TierImportNotFound, TierImportSettled, TiersChanged, OwnImport; the last two are recorded.
    """
    try:
        with desk.transactions.transaction() as tx:
            return _approve(tx, request, desk)
    except (OwnImport, TiersChanged) as refused:
        _record_refusal(request, refused, desk)
        raise


def reject_tiers(request: RejectTiers, desk: TierDesk) -> TierImport:
    """Refuse an import with a reason, or take back one's own. Raises TierImportNotFound, TierImportSettled,
    ReasonMissing."""
    reason = _reason(request.reason)
    with desk.transactions.transaction() as tx:
        kept = _locked(tx, request.import_id, request.operator, desk)
        if (kept.state, kept.decided_by) == (ImportState.REJECTED, request.operator.operator_id):
            return _view(kept, desk)
        _check_state(kept, ImportState.SUBMITTED)
        done = replace(kept, state=ImportState.REJECTED, decided_by=request.operator.operator_id)
        return _settle(tx, done, ImportAct.REJECTED, request.operator, reason, desk)


def list_tier_imports(request: ListTierImports, desk: TierDesk) -> TierImports:
    """What lies on the operator's desk and what was done before. Raises OutsidePoolingLevel."""
    _check_level(request.operator, request.operator.pooling_code, desk)
    reach, who = domain.reach_of(request.operator.pooling_code), request.operator.operator_id
    with desk.transactions.read() as connection:
        found = desk.imports.list_newest(connection, reach, who, LISTED)
    return TierImports(tuple(_view(kept, desk) for kept in found))


def get_tier_import(request: GetTierImport, desk: TierDesk) -> TierImportInFull:
    """One import with its changes and history. Raises TierImportNotFound."""
    with desk.transactions.read() as connection:
        found = desk.imports.find(connection, request.import_id)
        kept = _visible(found, request.operator, desk)
        return TierImportInFull(
            _view(kept, desk), kept.changes, desk.imports.acts(connection, kept.import_id)
        )


def list_tier_history(request: ListTierHistory, desk: TierDesk) -> TierHistory:
    """Who put which version into force, when and why. Raises OutsidePoolingLevel."""
    _check_level(request.operator, request.pooling_code, desk)
    with desk.transactions.read() as connection:
        return TierHistory(
            desk.tables.history(
                connection, request.pooling_code, request.payer_kind, request.insurance_type, LISTED
            )
        )


def _approve(tx: Any, request: ApproveTiers, desk: TierDesk) -> TierImport:
    kept, operator, now = (
        _locked(tx, request.import_id, request.operator, desk),
        request.operator,
        desk.clock.now(),
    )
    if (kept.state, kept.decided_by) == (ImportState.APPROVED, operator.operator_id):
        return _view(kept, desk)
    _check_state(kept, ImportState.SUBMITTED)
    if kept.submitted_by == operator.operator_id:
        raise OwnImport()
    # Numbered before it is checked: whoever is quicker after this has taken the number.
    numbered = [(table, desk.tables.next_version(tx, kept.pooling_code, table)) for table in kept.tables]
    _check_not_overtaken(tx, kept, desk)
    source = f"{desk.names[kept.pooling_code]}税务局"
    # Two imports that touch the same tables take them in the same order.
    for table, version in sorted(numbered, key=lambda one: one[0].key):
        if not desk.tables.add(tx, kept.pooling_code, table, version, source, kept.import_id, now):
            raise TiersChanged()
    done = replace(kept, state=ImportState.APPROVED, decided_by=operator.operator_id)
    return _settle(tx, done, ImportAct.APPROVED, operator, kept.reason, desk)


def _draft(tx: Any, sheet: Sheet, file_hash: str, operator: Operator, desk: TierDesk) -> KeptImport:
    in_force = _in_force(tx, sheet.pooling_code, sheet.tables, desk)
    changes = tuple(
        domain.compare(table, found.table if (found := in_force[table.key]) else None)
        for table in sheet.tables
    )
    return KeptImport(
        str(uuid.uuid4()), sheet.pooling_code, file_hash, ImportState.DRAFT, sheet.tables, _ids(in_force), changes, "",
        operator.operator_id, None, desk.clock.now(),
    )  # fmt: skip


def _in_force(
    tx: Any, pooling_code: str, tables: Iterable[SheetTable], desk: TierDesk
) -> dict[str, InForce | None]:
    """By table key, what payers of the pooling level have now, be it from a level above."""
    levels = pooling_levels(pooling_code)
    return {
        table.key: desk.tables.find(tx, levels, table.payer_kind, table.insurance_type, table.year)
        for table in tables
    }


def _ids(in_force: Mapping[str, InForce | None]) -> dict[str, str]:
    return {key: found.table_id if found else "" for key, found in in_force.items()}


def _check_not_overtaken(tx: Any, kept: KeptImport, desk: TierDesk) -> None:
    in_force = _ids(_in_force(tx, kept.pooling_code, kept.tables, desk))
    if domain.is_overtaken(kept, in_force, desk.today):
        raise TiersChanged()


def _check_level(operator: Operator, pooling_code: str, desk: TierDesk) -> None:
    if not desk.may_keep(operator, pooling_code):
        raise OutsidePoolingLevel()


def _check_state(kept: KeptImport, needed: ImportState) -> None:
    if kept.state is not needed:
        raise TierImportSettled(
            f"这次导入现在是“{kept.state.label}”，不能办理。没有改动任何标准。", state=kept.state.value
        )


def _locked(tx: Any, import_id: str, operator: Operator, desk: TierDesk) -> KeptImport:
    return _visible(desk.imports.find(tx, import_id, lock=True), operator, desk)


def _visible(kept: KeptImport | None, operator: Operator, desk: TierDesk) -> KeptImport:
    """Other levels' imports, and others' drafts, look like none."""
    if kept is None or not desk.may_keep(operator, kept.pooling_code):
        raise TierImportNotFound()
    if kept.state is ImportState.DRAFT and kept.submitted_by != operator.operator_id:
        raise TierImportNotFound()
    return kept


def _settle(
    tx: Any, kept: KeptImport, act: ImportAct, operator: Operator, note: str, desk: TierDesk
) -> TierImport:
    desk.imports.settle(tx, kept)
    desk.imports.record(tx, kept.import_id, act, operator, desk.clock.now(), note)
    return _view(kept, desk)


def _record_refusal(request: ApproveTiers, refused: ContractError, desk: TierDesk) -> None:
    """In a transaction of its own: the refused one left nothing."""
    with desk.transactions.transaction() as tx:
        desk.imports.record(
            tx, request.import_id, ImportAct.REFUSED, request.operator, desk.clock.now(), refused.message
        )


def _refused(faults: Sequence[SheetFault]) -> TierPreview:
    return TierPreview(tuple(faults[:FAULTS_LISTED]), len(faults), None, ())


def _reason(text: str) -> str:
    if len(reason := text.strip()) not in _REASON:
        raise ReasonMissing(field="reason")
    return reason


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SpreadsheetUnreadable() from error


def _view(kept: KeptImport, desk: TierDesk) -> TierImport:
    return TierImport(
        kept.import_id, kept.pooling_code, desk.names.get(kept.pooling_code, ""), kept.file_hash, kept.state,
        kept.reason, kept.created_at,
    )  # fmt: skip
