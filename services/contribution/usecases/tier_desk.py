"""Where operators keep the authority's tables: what the use cases of usecases/tiers.py need of the world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract.insurance import InsuranceType, PayerKind
from contract.tiers import ImportAct, Operator, TierAct, TierVersion
from kit.clock import Clock, china
from kit.database import Transactions
from services.contribution.adapters.base import Spreadsheets
from services.contribution.domain.tables import InForce, KeptImport, SheetTable, reaches


class TableStorage(Protocol):
    """The tables and their versions."""

    def find(
        self, connection: Any, pooling_codes: Sequence[str], payer_kind: PayerKind,
        insurance_type: InsuranceType, year: int,
    ) -> InForce | None: ...  # fmt: skip
    def next_version(self, tx: Any, pooling_code: str, table: SheetTable) -> int: ...
    def add(
        self, tx: Any, pooling_code: str, table: SheetTable, version: int, source: str,
        import_id: str | None = None, at: dt.datetime | None = None,
    ) -> bool: ...  # fmt: skip
    def history(
        self, connection: Any, pooling_code: str, payer_kind: PayerKind, insurance_type: InsuranceType, limit: int
    ) -> tuple[TierVersion, ...]: ...  # fmt: skip


class ImportStorage(Protocol):
    """Imports and what was done with them."""

    def add(self, tx: Any, kept: KeptImport) -> None: ...
    def find(self, tx: Any, import_id: str, *, lock: bool = False) -> KeptImport | None: ...
    def find_draft(self, tx: Any, submitted_by: str, file_hash: str) -> KeptImport | None: ...
    def settle(self, tx: Any, kept: KeptImport) -> None: ...
    def list_newest(self, tx: Any, prefix: str, operator_id: str, limit: int) -> Sequence[KeptImport]: ...
    def record(
        self, tx: Any, import_id: str, act: ImportAct, operator: Operator, at: dt.datetime, note: str
    ) -> None: ...
    def acts(self, tx: Any, import_id: str) -> tuple[TierAct, ...]: ...


@dataclass(frozen=True)
class TierDesk:
    """What keeping the tables needs. `names` are the pooling levels there are, by code."""

    transactions: Transactions
    tables: TableStorage
    imports: ImportStorage
    spreadsheets: Spreadsheets
    names: Mapping[str, str]
    clock: Clock

    @property
    def today(self) -> dt.date:
        return china(self.clock.now()).date()

    def may_keep(self, operator: Operator, pooling_code: str) -> bool:
        """Whether an operator's own pooling level exists and is this one or above it."""
        return operator.pooling_code in self.names and reaches(operator.pooling_code, pooling_code)
