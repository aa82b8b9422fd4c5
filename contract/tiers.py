"""RPCs by which an authority keeps its tables of tiers and bases (requirement 3.2.1.9). Served by contribution.

A file is previewed, submitted, and approved by another operator; until then it changes nothing. An operator is told
from others by their id; whoever asks on their behalf must know that they are who they say.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.contribution import BaseRule, Tier, Tiers
from contract.errors import Conflict, InvalidInput, NotFound, Refused
from contract.insurance import InsuranceType, PayerKind
from contract.rpc import Method

FILE_LIMIT = 384 * 1024
"""Bytes of a spreadsheet, so that it fits a message: 512 KiB in base64. 5,000 lines need about half."""


class SpreadsheetUnreadable(InvalidInput):
    """The file is not a spreadsheet, too large, or holds what no table of tiers needs."""

    code = "spreadsheet_unreadable"
    text = "表格读不出来，请用模板重新填写后再试。没有改动任何标准。"


class OutsidePoolingLevel(Refused):
    """Operators keep the tables of their own pooling level and of those below it."""

    code = "outside_pooling_level"
    text = "只能维护本统筹级次及下级的标准。没有改动任何标准。"


class OwnImport(Refused):
    """Four eyes: who submitted an import does not approve it."""

    code = "own_import"
    text = "不能审核自己提交的标准，请另一位操作员审核。"


class TierImportNotFound(NotFound):
    """There is no such import, or it is of another pooling level, or another operator's draft."""

    code = "tier_import_not_found"
    text = "没有找到这次导入。"


class TierImportSettled(Conflict):
    """The import is not in the state that the act needs; `detail["state"]` is the one it is in."""

    code = "tier_import_settled"
    text = "这次导入已经处理过，不能再次办理。请查看处理结果。"


class TiersChanged(Conflict):
    """The tables in force are no longer those the preview compared with."""

    code = "tiers_changed"
    text = "预览之后标准已有变动，请重新预览后再提交。没有改动任何标准。"


class ReasonMissing(InvalidInput):
    """Submitting and rejecting need a reason of 2 to 200 characters, which is kept."""

    code = "reason_missing"
    text = "请填写2到200个字的依据或理由。"


class ImportState(enum.StrEnum):
    """draft → submitted → approved | rejected."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"

    @property
    def label(self) -> str:
        return {"draft": "草稿", "submitted": "待审核", "approved": "已生效", "rejected": "已驳回"}[
            self.value
        ]


class ImportAct(enum.StrEnum):
    """What an operator did with an import; `refused` is an approval that was not allowed."""

    PREVIEWED = "previewed"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return {
            "previewed": "预览", "submitted": "提交", "approved": "审核通过", "rejected": "驳回", "refused": "被拒绝",
        }[self.value]  # fmt: skip


@dataclass(frozen=True)
class Operator:
    """Who acts, and the pooling level whose tax authority they work for: 450000, 450100 or 450103, say."""

    operator_id: str
    name: str
    pooling_code: str


@dataclass(frozen=True)
class PreviewTiers:
    """Read a spreadsheet and compare it with what is in force. `content` is the file in base64, FILE_LIMIT at most."""

    operator: Operator
    content: str


@dataclass(frozen=True)
class SheetFault:
    """What is wrong with a cell: the row as the spreadsheet counts it, and the column's letter and heading. Row 0 is
    the whole sheet."""

    row: int
    column: str
    text: str


@dataclass(frozen=True)
class TierChange:
    """One tier: added (no `before`), changed, or ended (no `after`)."""

    before: Tier | None
    after: Tier | None


@dataclass(frozen=True)
class TableChange:
    """What an import makes of one table, beginning with `year`. `before` is what its payers have in force for that
    year, be it of their pooling level or of one above; `tiers` are those that differ."""

    payer_kind: PayerKind
    insurance_type: InsuranceType
    year: int
    before: Tiers | None
    rule: BaseRule | None
    unchanged: int
    tiers: tuple[TierChange, ...]


@dataclass(frozen=True)
class TierImport:
    """An import of one pooling level. `reason` is what the submitter gave; `file_hash` the file's SHA-256."""

    import_id: str
    pooling_code: str
    pooling_name: str
    file_hash: str
    state: ImportState
    reason: str
    created_at: dt.datetime


@dataclass(frozen=True)
class TierPreview:
    """Either all that is wrong with the file, or the draft made of it with what it changes. `fault_count` counts faults
    that are not listed as well."""

    faults: tuple[SheetFault, ...]
    fault_count: int
    draft: TierImport | None
    changes: tuple[TableChange, ...]


@dataclass(frozen=True)
class SubmitTiers:
    """Hand one's own draft over to be approved. `reason`: the document the tables rest on."""

    operator: Operator
    import_id: str
    reason: str


@dataclass(frozen=True)
class ApproveTiers:
    """Put an import into force."""

    operator: Operator
    import_id: str


@dataclass(frozen=True)
class RejectTiers:
    """Refuse an import; its submitter takes it back in the same way."""

    operator: Operator
    import_id: str
    reason: str


@dataclass(frozen=True)
class ListTierImports:
    """The newest imports of the operator's pooling level and of those below; of drafts only one's own."""

    operator: Operator


@dataclass(frozen=True)
class TierImports:
    """Newest first, 50 at most."""

    imports: tuple[TierImport, ...]


@dataclass(frozen=True)
class GetTierImport:
    """One import in full."""

    operator: Operator
    import_id: str


@dataclass(frozen=True)
class TierAct:
    """One line of an import's history; `note` is the reason given, or why the act was refused."""

    act: ImportAct
    operator_id: str
    operator_name: str
    pooling_code: str
    at: dt.datetime
    note: str


@dataclass(frozen=True)
class TierImportInFull:
    """An import with what it changes, compared with what was in force at its preview, and all that was done with
    it."""

    imported: TierImport
    changes: tuple[TableChange, ...]
    acts: tuple[TierAct, ...]


@dataclass(frozen=True)
class ListTierHistory:
    """Every version ever in force of the tables of one pooling level."""

    operator: Operator
    pooling_code: str
    payer_kind: PayerKind
    insurance_type: InsuranceType


@dataclass(frozen=True)
class TierVersion:
    """One version of a table: of those of one `from_year` the highest version is in force. `import_id` is empty, and
    so are reason and approver, where it was there from the start."""

    version: int
    table: Tiers
    at: dt.datetime | None
    import_id: str
    reason: str
    submitted_by: str
    approved_by: str


@dataclass(frozen=True)
class TierHistory:
    """Newest contribution year and version first, 50 at most."""

    versions: tuple[TierVersion, ...]


preview_tiers = Method(
    "contribution", "preview_tiers", PreviewTiers, TierPreview,
    errors=(SpreadsheetUnreadable, OutsidePoolingLevel), deadline=15.0, command=True,
)  # fmt: skip
submit_tiers = Method(
    "contribution", "submit_tiers", SubmitTiers, TierImport,
    errors=(TierImportNotFound, TierImportSettled, TiersChanged, ReasonMissing), command=True,
)  # fmt: skip
approve_tiers = Method(
    "contribution", "approve_tiers", ApproveTiers, TierImport,
    errors=(TierImportNotFound, TierImportSettled, TiersChanged, OwnImport), command=True,
)  # fmt: skip
reject_tiers = Method(
    "contribution", "reject_tiers", RejectTiers, TierImport,
    errors=(TierImportNotFound, TierImportSettled, ReasonMissing), command=True,
)  # fmt: skip
list_tier_imports = Method(
    "contribution", "list_tier_imports", ListTierImports, TierImports, errors=(OutsidePoolingLevel,)
)
get_tier_import = Method(
    "contribution", "get_tier_import", GetTierImport, TierImportInFull, errors=(TierImportNotFound,)
)
list_tier_history = Method(
    "contribution", "list_tier_history", ListTierHistory, TierHistory, errors=(OutsidePoolingLevel,)
)
