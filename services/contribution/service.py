"""The contribution service: its entrypoints by subject."""

from __future__ import annotations

from services.contribution.entrypoints.agreements import AgreementEntrypoints
from services.contribution.entrypoints.payables import PayableEntrypoints
from services.contribution.entrypoints.records import RecordEntrypoints
from services.contribution.entrypoints.tables import TableEntrypoints


class ContributionService(PayableEntrypoints, RecordEntrypoints, AgreementEntrypoints, TableEntrypoints):
    """Asks the tax–bank subsystem and the tax core, keeps the authorities' tables, seals quotes, signs agreements."""
