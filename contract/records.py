"""社保费查询 (3.2.1.8), served by contribution: what was paid for a person, in the tax core or not there yet."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import InvalidInput, TooMany
from contract.household import InsuredNotFound
from contract.insurance import InsuranceType
from contract.people import Person
from contract.rpc import Method
from contract.upstream import UpstreamBusy, UpstreamUnavailable


class AskedAs(enum.StrEnum):
    """How the person asked about was named: the asker themselves, somebody of their pick-list (代缴关系), or typed by
    name and number."""

    OWN = "own"
    PICKED = "picked"
    TYPED = "typed"


class RecordState(enum.StrEnum):
    """What became of a contribution. `posting`: paid through us, and the tax core does not show it yet."""

    PAID = "paid"
    POSTING = "posting"
    DECLARED = "declared"
    VOIDED = "voided"

    @property
    def label(self) -> str:
        return {
            "paid": "已缴费",
            "posting": "已缴费，入库中",
            "declared": "已申报，未缴费",
            "voided": "申报已作废",
        }[self.value]


class InvalidPeriod(InvalidInput):
    """The 所属期 is no month, or ends before it begins."""

    code = "invalid_period"
    text = "请选择正确的缴费所属期，起始月份不能晚于截止月份。"


class TooManyPeople(TooMany):
    """Too many different people were typed by one asker today."""

    code = "too_many_people"
    text = "您今天填写查询的人数已经达到上限，请明天再查。您本人和名单里的人仍然可以查询。"


@dataclass(frozen=True)
class ListContributions:
    """Ask for the contributions of `person` from 所属期 `period_from` to `period_to` (yyyyMM, both included).

    `asker_id` is who is logged in; questions about others are kept (who, when, about whom, result).
    """

    asker_id: str
    person: Person
    asked_as: AskedAs
    period_from: str
    period_to: str


@dataclass(frozen=True)
class ContributionRecord:
    """One 缴费记录. `amount` in fen, periods yyyyMM, `channel` 缴费方式 in words; `paid_at` unless it is only declared;
    `receipt_number` is 电子税票号码, once the core has it."""

    insurance_type: InsuranceType
    period_from: str
    period_to: str
    amount: int
    agency_name: str
    person_number: str
    state: RecordState
    channel: str
    paid_at: dt.datetime | None
    receipt_number: str


@dataclass(frozen=True)
class Contributions:
    """Newest 所属期 first; empty also where number and name do not belong together.

    `core_missing`: the tax core did not answer, and these are only our own payments; `own_missing`: our own did not,
    and a payment of today may be missing.
    """

    records: tuple[ContributionRecord, ...]
    core_missing: bool
    own_missing: bool


@dataclass(frozen=True)
class ListPaidRecords:
    """Ask for what the tax core has as paid for `person` in a period (yyyyMM, both included): what a certificate may
    say (3.2.1.16). The certificate service keeps who asked for which certificate."""

    person: Person
    period_from: str
    period_to: str
    ticket: str = ""


@dataclass(frozen=True)
class PaidRecord:
    """One paid 缴费记录. `authority_code` 征收税务机关, whose seal goes under it; empty where the core does not say."""

    record: ContributionRecord
    authority_code: str


@dataclass(frozen=True)
class PaidRecords:
    """Newest 所属期 first; empty also where number and name do not belong together."""

    records: tuple[PaidRecord, ...]


list_contributions = Method(
    "contribution", "list_contributions", ListContributions, Contributions,
    errors=(InvalidPeriod, InsuredNotFound, TooManyPeople, UpstreamUnavailable, UpstreamBusy), deadline=15.0,
    upstream="taxcore",
)  # fmt: skip
list_paid_records = Method(
    "contribution", "list_paid_records", ListPaidRecords, PaidRecords,
    errors=(InvalidPeriod, UpstreamUnavailable, UpstreamBusy), deadline=15.0, upstream="taxcore",
)  # fmt: skip
