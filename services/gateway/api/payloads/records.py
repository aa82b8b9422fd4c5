"""社保费查询 and 申报作废."""

from __future__ import annotations

from dataclasses import dataclass

from contract.people import DocumentType


@dataclass(frozen=True)
class AskedAbout:
    """Whom to ask about: a `pick_id` of GET /insured, or an exact name and number."""

    pick_id: str = ""
    name: str = ""
    document_number: str = ""
    document_type: DocumentType = DocumentType.RESIDENT_ID


@dataclass(frozen=True)
class ContributionsWanted:
    """所属期 as yyyyMM, both included. Without `person`: the payer's own."""

    period_from: str
    period_to: str
    person: AskedAbout | None = None


@dataclass(frozen=True)
class Declarer:
    """Whose declarations: the payer's own, or of a `pick_id` of GET /insured."""

    pick_id: str = ""
