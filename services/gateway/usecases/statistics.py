"""代他人缴费统计 (3.2.1.13): a page of it, and the whole of it as a file."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from contract.errors import ContractError, InvalidInput
from contract.money import yuan_text
from contract.paid_for_others import (
    LONGEST_PAGE,
    BeginExport,
    EndExport,
    ExportFormat,
    ListPaidForOthers,
    OperatorNamed,
    PaidFilter,
    PaidForOther,
    PaidForOthers,
    PaidTotals,
    TotalPaidForOthers,
    begin_export,
    end_export,
    list_paid_for_others,
    total_paid_for_others,
)
from kit.clock import CHINA, china
from services.gateway.domain.places import Picker
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.domain.statistics import Chosen, Sum, conditions, sums
from services.gateway.domain.tables import Cell, csv_file, xlsx_file
from services.gateway.usecases.places import pick_place
from services.gateway.usecases.ports import Ports

COLUMNS = (
    "市", "县（区）", "乡镇", "村屯", "证件号码（脱敏）", "姓名（脱敏）", "社保编号", "社保经办机构", "险种",
    "所属年度", "金额", "缴费时间", "缴费结果",
)  # fmt: skip
"""The columns of 3.2.1.13, in its order."""

_FILES: dict[ExportFormat, Callable[[Sequence[str], Iterable[Sequence[Cell]]], Iterator[bytes]]] = {
    ExportFormat.XLSX: xlsx_file,
    ExportFormat.CSV: csv_file,
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Overview:
    """What the page shows: some rows, all of them added up, and the place chosen so far."""

    page: PaidForOthers
    whole: Sum
    by_place: list[Sum]
    picker: Picker
    conditions: list[str]


def operator_of(payer: LoggedInPayer) -> OperatorNamed:
    return OperatorNamed(payer.person_id, payer.person)


def filter_of(asked: Chosen) -> PaidFilter:
    """Days are China's. Raises InvalidInput for what cannot be meant."""
    for name, message in asked.errors.items():
        raise InvalidInput(message, field=name)
    return PaidFilter(
        _midnight(asked.since) if asked.since else None,
        _midnight(asked.until + dt.timedelta(days=1)) if asked.until else None,
        asked.place_code, asked.insurance_type, asked.year, asked.result,
    )  # fmt: skip


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), CHINA)


def list_rows(payer: LoggedInPayer, asked: Chosen, after: str, ports: Ports) -> PaidForOthers:
    """One page."""
    return ports.peers.call(
        list_paid_for_others, ListPaidForOthers(operator_of(payer), filter_of(asked), after)
    )


def total_rows(payer: LoggedInPayer, asked: Chosen, ports: Ports) -> PaidTotals:
    """All of them, by place."""
    return ports.peers.call(total_paid_for_others, TotalPaidForOthers(operator_of(payer), filter_of(asked)))


def overview(payer: LoggedInPayer, asked: Chosen, after: str, ports: Ports) -> Overview:
    """What the page shows."""
    page = list_rows(payer, asked, after, ports)
    totals = total_rows(payer, asked, ports).totals
    picker = pick_place(asked.place, ports)
    return Overview(page, *sums(totals, picker), picker, conditions(asked, picker))


def export(payer: LoggedInPayer, asked: Chosen, format_: ExportFormat, ports: Ports) -> Iterator[bytes]:
    """The file, piece by piece, with its first page already there: until then an error is an answer like any other.
    Afterwards it breaks the download off, so that nobody takes a part for the whole."""
    operator, wanted = operator_of(payer), filter_of(asked)
    begun = ports.peers.call(begin_export, BeginExport(operator, wanted, format_))
    rows = _Rows(operator, wanted, ports)
    pieces = _written(rows, begun.export_id, format_)
    next(pieces)
    return pieces


class _Rows:
    """All rows, a page at a time; `count` are those that were handed out."""

    def __init__(self, operator: OperatorNamed, wanted: PaidFilter, ports: Ports) -> None:
        self.operator, self._wanted, self.ports = operator, wanted, ports
        self.count = 0
        self._page: PaidForOthers | None = None

    def begin(self) -> None:
        self._page = self._ask("")

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        page = self._page or self._ask("")
        while True:
            for row in page.rows:
                self.count += 1
                yield cells(row)
            if not page.next:
                return
            page = self._ask(page.next)

    def _ask(self, after: str) -> PaidForOthers:
        asked = ListPaidForOthers(self.operator, self._wanted, after, LONGEST_PAGE)
        return self.ports.peers.call(list_paid_for_others, asked)


def _written(rows: _Rows, export_id: str, format_: ExportFormat) -> Iterator[bytes]:
    """First nothing, once the first page is there; then the file. However it ends, that is recorded."""
    complete = False
    try:
        rows.begin()
        yield b""
        yield from _FILES[format_](COLUMNS, rows)
        complete = True
    finally:
        ended = EndExport(rows.operator.person_id, export_id, rows.count, complete)
        try:
            rows.ports.peers.call(end_export, ended)
        except ContractError as error:
            _log.error("the end of a download is not recorded: %s", error.code,
                       extra={"export_id": export_id, "rows": rows.count, "complete": complete})  # fmt: skip


def cells(row: PaidForOther) -> list[Cell]:
    """A row as the table has it; the amount in yuan."""
    return [
        row.city, row.county, row.town, row.village, row.insured_number, row.insured_name, row.social_number,
        row.agency_name, row.insurance_type.label, row.year, Decimal(yuan_text(row.amount)),
        f"{china(row.at):%Y-%m-%d %H:%M:%S}", row.result.label,
    ]  # fmt: skip
