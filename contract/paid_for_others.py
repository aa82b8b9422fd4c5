"""代他人缴费统计 (requirement 3.2.1.13): what a payer paid for others, here and through other tax systems. Served by
payment."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import InvalidInput, NotFound
from contract.insurance import Channel, InsuranceType
from contract.people import Person
from contract.rpc import Method


class PaidResult(enum.StrEnum):
    """缴费结果（是否成功）."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    REFUNDING = "refunding"
    REFUNDED = "refunded"

    @property
    def label(self) -> str:
        return {
            "succeeded": "成功", "failed": "未成功", "pending": "确认中", "refunding": "退费中", "refunded": "已退费",
        }[self.value]  # fmt: skip


class ExportFormat(enum.StrEnum):
    """What a table is downloaded as."""

    XLSX = "xlsx"
    CSV = "csv"


class UnreadablePosition(InvalidInput):
    """`after` is not what an earlier answer said."""

    code = "unreadable_position"
    text = "翻页已失效，请重新查询。"


class ExportNotFound(NotFound):
    """No such download of this payer."""

    code = "export_not_found"
    text = "没有找到这次下载。"


LONGEST_PAGE = 500
"""Rows of one answer."""


@dataclass(frozen=True)
class OperatorNamed:
    """Who is logged in: our orders are theirs by `person_id`, other systems' payments by number and name."""

    person_id: str
    person: Person


@dataclass(frozen=True)
class PaidFilter:
    """Which contributions are meant. `since` (inclusive) and `before` (exclusive) limit when they were paid, or
    ordered where they were not paid; `place_code` is a city, county, town or village with all that lies in it."""

    since: dt.datetime | None = None
    before: dt.datetime | None = None
    place_code: str = ""
    insurance_type: InsuranceType | None = None
    year: int | None = None
    result: PaidResult | None = None


@dataclass(frozen=True)
class ListPaidForOthers:
    """A page of them, newest order first. `after` is the `next` of the page before; `limit` at most LONGEST_PAGE."""

    operator: OperatorNamed
    wanted: PaidFilter
    after: str = ""
    limit: int = 20


@dataclass(frozen=True)
class PaidForOther:
    """One year of one insurance type of one insured, masked: the columns of 3.2.1.13, `amount` in fen.

    `at` is when it was paid, or ordered where it was not. `order_id` is empty for another system's.
    """

    order_id: str
    city: str
    county: str
    town: str
    village: str
    insured_number: str
    insured_name: str
    social_number: str
    agency_name: str
    insurance_type: InsuranceType
    year: int
    amount: int
    at: dt.datetime
    result: PaidResult
    channel: Channel


@dataclass(frozen=True)
class PaidForOthers:
    """A page; `next` is empty on the last one."""

    rows: tuple[PaidForOther, ...]
    next: str = ""


@dataclass(frozen=True)
class TotalPaidForOthers:
    """Add them up by place: by the level below the filter's, cities where it names none."""

    operator: OperatorNamed
    wanted: PaidFilter


@dataclass(frozen=True)
class PaidTotal:
    """How many contributions of one place had one result, and their sum in fen. `place_code` is empty for those whose
    place is not known down to this level."""

    place_code: str
    result: PaidResult
    count: int
    amount: int


@dataclass(frozen=True)
class PaidTotals:
    """In the order of their codes."""

    totals: tuple[PaidTotal, ...]


@dataclass(frozen=True)
class BeginExport:
    """Somebody downloads them: recorded before the first row leaves (security.md 12)."""

    operator: OperatorNamed
    wanted: PaidFilter
    format: ExportFormat


@dataclass(frozen=True)
class ExportBegun:
    """The download's number in the audit."""

    export_id: str


@dataclass(frozen=True)
class EndExport:
    """The download is over after `rows` rows; `complete` is false when it broke off."""

    person_id: str
    export_id: str
    rows: int
    complete: bool


@dataclass(frozen=True)
class ExportEnded:
    """It is recorded; what was recorded first stands."""

    export_id: str


list_paid_for_others = Method(
    "payment", "list_paid_for_others", ListPaidForOthers, PaidForOthers, errors=(UnreadablePosition,),
)  # fmt: skip
total_paid_for_others = Method("payment", "total_paid_for_others", TotalPaidForOthers, PaidTotals)
begin_export = Method("payment", "begin_export", BeginExport, ExportBegun, command=True)
end_export = Method("payment", "end_export", EndExport, ExportEnded, errors=(ExportNotFound,), command=True)
