"""RPCs of the contribution service: enrolment, tiers and quotes (requirements 3.2.1.5, 3.2.1.6, 3.2.1.9)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.errors import InvalidInput, Refused
from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import Person
from contract.quote import QuoteLine
from contract.rpc import Method
from contract.upstream import UpstreamBusy
from contract.upstream import UpstreamUnavailable as UpstreamUnavailable


class EnrolmentNotFound(Refused):
    """没有参保登记信息: the upstream does not know the person (3.2.1.6 and 3.2.1.15(四))."""

    code = "enrolment_not_found"
    text = (
        "查询不到您的参保登记信息，请前往社保机构进行登记。"
        "税务部门没有接收到社保/医保部门发送过来的参保登记信息，请与当地社保/医保部门进行核实。"
        "登记信息不存在，如未进行参保登记请前往人社（医保）部门办理参保登记后再进行缴费，"
        "已进行参保登记请到人社（医保）部门办理登记数据的重新传递。"
    )


class InsuranceTypeMissing(Refused):
    """有基础信息没有险种信息 (3.2.1.15(四)3(2))."""

    code = "insurance_type_missing"
    text = "该缴费人已存在基础信息，没有参保险种信息，请与当地社保/医保部门进行核实。"


class NothingPayable(Refused):
    """No payable record for the chosen insurance type and year (3.2.1.6)."""

    code = "nothing_payable"
    text = "查询不到您的待缴费信息，无需进行缴费。"


class AllPaid(Refused):
    """Resident medical is paid for this year and the next (3.2.1.15(四)2)."""

    code = "all_paid"
    text = "您已完成本年度及次年度城乡居民医疗保险的缴费，无需再次申报缴费。"


class AlreadyDeclared(Refused):
    """已申报缴费 (3.2.1.15(四)3(3)): the text names time and channel; `detail` holds type, year and amount."""

    code = "already_declared"
    text = "该缴费已完成，无需重复缴费。"


class PensionMissing(Refused):
    """补缴 of somebody who is not enrolled in pension insurance (3.2.1.6)."""

    code = "pension_missing"
    text = "查询不到您的养老保险参保登记信息（只有养老保险允许补缴），请前往社保机构进行登记。"


class TierUnknown(InvalidInput):
    """The tier is not one the payer's pooling level offers for this type and year."""

    code = "tier_unknown"
    text = "请选择缴费档次..."


class YearNotOffered(InvalidInput):
    """Pension is paid for this year only, medical for this year and the next (3.2.1.6)."""

    code = "year_not_offered"
    text = "请选择可以缴费的年度：养老保险为本年度，医疗保险为本年度或下一年度。"


class TierNotPayable(Refused):
    """The upstream has payable records but none for the chosen tier."""

    code = "tier_not_payable"
    text = "您选择的缴费档次与参保登记信息不一致，请返回重新选择缴费档次。"


class TierAmountDiffers(Refused):
    """The upstream's amount for the chosen tier is not the one of the authority's table: nobody can say which is right,
    so nothing is charged. `detail` holds both in fen: `ours`, `theirs`."""

    code = "tier_amount_differs"
    text = "税务机关公布的金额与社保系统核定的金额不一致，暂时不能缴费，没有扣款。请稍后再试，或拨打12366。"


class AgencyChoiceNeeded(Refused):
    """The medical answer still shows several agencies: choose again (3.2.1.5). `detail["agencies"]` lists
    them as {code, name}."""

    code = "agency_choice_needed"
    text = "您在多个地方参保，请选择本次缴费的社保经办机构。"


@dataclass(frozen=True)
class FindEnrolment:
    """Ask the upstream once per person and journey (3.2.1.5). Who waits is found again by the ticket, any text that
    names nobody."""

    person: Person
    ticket: str = ""


@dataclass(frozen=True)
class EnrolmentEntry:
    """One 参保信息: an insurance type at an agency.

    `entry_id` tells the entries of one enrolment apart; `person_number` is 人员编号/社保编号, `authority_code`
    主管税务机关, `division_code` 行政区划, `product_code` 征收品目.
    """

    entry_id: str
    insurance_type: InsuranceType
    agency_code: str
    agency_name: str
    person_number: str
    authority_code: str
    division_code: str
    product_code: str


@dataclass(frozen=True)
class Enrolment:
    """参保信息 of one person. `registration_number` is the upstream's djxh.

    `as_of` is set where the upstream did not answer and this is what it said then; a quote asks it anew.
    """

    registration_number: str
    payer_kind: PayerKind
    entries: tuple[EnrolmentEntry, ...]
    as_of: dt.datetime | None = None


@dataclass(frozen=True)
class GetQueuePlace:
    """Ask where the holder of a ticket waits."""

    ticket: str


@dataclass(frozen=True)
class QueuePlace:
    """`ahead` is how many are before the holder of the ticket (您前面还有 N 人), `seconds` about how long that takes;
    None when they do not wait: they are served already, or were turned away."""

    ahead: int | None
    seconds: int | None = None


@dataclass(frozen=True)
class ListTiers:
    """The tiers the pooling level of a division offers (3.2.1.9)."""

    payer_kind: PayerKind
    insurance_type: InsuranceType
    division_code: str
    year: int


@dataclass(frozen=True)
class Tier:
    """缴费档次; `amount` is what a year costs, in fen. `base` is the 月缴费基数 it was computed from, in fen a month; 0
    where the authority set the amount itself."""

    code: str
    label: str
    amount: int
    base: int = 0


@dataclass(frozen=True)
class BaseRule:
    """How a year's amount follows from a base: bounds in fen a month, `ratio` in basis points (20 % is 2000), `months`
    of a year."""

    minimum: int
    maximum: int
    ratio: int
    months: int


DEMONSTRATION = "演示数据"
"""The `source` of tables no authority has kept."""


@dataclass(frozen=True)
class Tiers:
    """The table in force, lowest tier first; without tiers the amount comes from the upstream alone.

    `rule` where the tiers are bases (flexible workers). `source` is the authority that keeps the table for its pooling
    level, `from_year` the contribution year it began with.
    """

    tiers: tuple[Tier, ...]
    rule: BaseRule | None = None
    source: str = ""
    from_year: int = 0
    pooling_code: str = ""


@dataclass(frozen=True)
class QuotePayable:
    """Ask the upstream what is payable for the chosen entry, year and tier, and seal the answer.

    `tier_code` is empty where there are no tiers to choose from; `agency_code` is set once the payer has answered
    AgencyChoiceNeeded. `ticket` as in FindEnrolment.
    """

    person: Person
    enrolment: Enrolment
    entry_id: str
    year: int
    tier_code: str
    agency_code: str = ""
    ticket: str = ""


@dataclass(frozen=True)
class QuoteBackPayment:
    """Ask the upstream for all years a person's pension is behind (缴费年份 "0000"), and seal them as one quote.

    `agency_code` is set once the payer has answered AgencyChoiceNeeded. `ticket` as in FindEnrolment.
    """

    person: Person
    enrolment: Enrolment
    agency_code: str = ""
    ticket: str = ""


@dataclass(frozen=True)
class Quoted:
    """A sealed quote and what it says, for the check page. Amounts in fen; the seal, not this copy, counts.

    `lines` has one line for 正常缴费 and one per missing year, oldest first, for 补缴.
    """

    quote: str
    entry: EnrolmentEntry
    kind: PaymentKind
    lines: tuple[QuoteLine, ...]
    amount: int
    expires_in: int


find_enrolment = Method(
    "contribution", "find_enrolment", FindEnrolment, Enrolment,
    errors=(EnrolmentNotFound, InsuranceTypeMissing, UpstreamUnavailable, UpstreamBusy), deadline=30.0,
    upstream="taxbank",
)  # fmt: skip
get_queue_place = Method(
    "contribution", "get_queue_place", GetQueuePlace, QueuePlace, deadline=2.0, upstream="taxbank"
)
list_tiers = Method("contribution", "list_tiers", ListTiers, Tiers)
quote_payable = Method(
    "contribution", "quote_payable", QuotePayable, Quoted,
    errors=(NothingPayable, AllPaid, AlreadyDeclared, YearNotOffered, TierUnknown, TierNotPayable,
            TierAmountDiffers, AgencyChoiceNeeded, UpstreamUnavailable, UpstreamBusy),
    deadline=30.0, upstream="taxbank",
)  # fmt: skip
quote_back_payment = Method(
    "contribution", "quote_back_payment", QuoteBackPayment, Quoted,
    errors=(PensionMissing, NothingPayable, AgencyChoiceNeeded, UpstreamUnavailable, UpstreamBusy),
    deadline=30.0, upstream="taxbank",
)  # fmt: skip
