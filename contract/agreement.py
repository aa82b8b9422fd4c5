"""社保个人三方协议: who contributes lets the bank debit an account for the tax authority (requirement 3.2.1.11).

Served by contribution. Every request names its person, and another person's agreement is not found (security.md 4).
An account number goes in with `prepare_agreement` and never comes out again.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.contribution import EnrolmentNotFound, InsuranceTypeMissing
from contract.errors import Conflict, InvalidInput, NotFound, Refused
from contract.identity import ConsentMissing
from contract.people import Person
from contract.rpc import Method
from contract.upstream import UpstreamBusy, UpstreamUnavailable


class AgreementState(enum.StrEnum):
    """Where an agreement stands. Only the tax core's or the bank's own word leaves a state in which it may exist."""

    SIGNING = "signing"
    PENDING = "pending"
    ACTIVE = "active"
    FAILED = "failed"
    CANCELLING = "cancelling"
    ENDED = "ended"

    @property
    def label(self) -> str:
        return {
            "signing": "正在提交",
            "pending": "待银行验证",
            "active": "已生效",
            "failed": "签订失败",
            "cancelling": "撤销中",
            "ended": "已终止",
        }[self.value]

    @property
    def settled(self) -> bool:
        """Whether nothing is expected to happen by itself any more."""
        return self.value in ("active", "failed", "ended")


class BankUnknown(InvalidInput):
    """The bank is not one agreements can be signed with online."""

    code = "bank_unknown"
    text = "请选择开户银行。名单里没有的银行，请到银行网点或者办税服务厅签订。"


class InvalidAccount(InvalidInput):
    """The number cannot be an account of that bank; the text says what is wrong with it."""

    code = "invalid_account"
    text = "银行账号有误，请对照银行卡或者存折逐位核对。"


class AuthorityUnknown(InvalidInput):
    """The person is enrolled at several authorities, and none of them was chosen."""

    code = "authority_unknown"
    text = "您在多个地方参保，请选择一个社保经办机构。"


class DraftExpired(Refused):
    """The draft is too old, not ours, or another person's."""

    code = "draft_expired"
    text = "填写的信息已经失效，请重新填写开户银行和账号。协议还没有签订。"


class AgreementExists(Conflict):
    """The person has an agreement for this account that stands or is under way; `detail["agreement_id"]` names it."""

    code = "agreement_exists"
    text = "这个账号已经签订或者正在签订三方协议，不用重复签订。"


class AgreementKeyUsed(Conflict):
    """The same idempotency key came with another bank, account or authority; `detail["agreement_id"]` names what it
    became."""

    code = "agreement_key_used"
    text = "您的请求与之前提交的内容不一致，请查看已经提交的三方协议。"


class AgreementNotFound(NotFound):
    """No such agreement of this person."""

    code = "agreement_not_found"
    text = "没有找到这份三方协议。"


class AgreementNotActive(Refused):
    """Only an agreement in force can be cancelled."""

    code = "agreement_not_active"
    text = "这份三方协议不是“已生效”，现在不能撤销，请查看协议的最新状态。"


@dataclass(frozen=True)
class Bank:
    """A bank agreements can be signed with online. `hint` says what its account numbers look like."""

    code: str
    name: str
    hint: str


@dataclass(frozen=True)
class ListBanks:
    """All of them."""


@dataclass(frozen=True)
class Banks:
    """In the order they are offered."""

    banks: tuple[Bank, ...]


@dataclass(frozen=True)
class PrepareAgreement:
    """Check a bank and an account number as typed, and find the authority (主管税务机关) from the enrolment.

    `person` is who is logged in: the account must be theirs. `ticket` as in FindEnrolment.
    """

    person_id: str
    person: Person
    bank_code: str
    account_number: str
    ticket: str = ""


@dataclass(frozen=True)
class Authority:
    """主管税务机关, by the agency that knows the person: `division_code` is 行政区划."""

    code: str
    agency_name: str
    division_code: str


@dataclass(frozen=True)
class Prepared:
    """`draft` is sealed, opaque, good for `expires_in` seconds and for this person only; send it with SignAgreement.

    The rest is for the check page. Of several `authorities` one is chosen.
    """

    draft: str
    bank_name: str
    account: str
    holder: str
    authorities: tuple[Authority, ...]
    expires_in: int


@dataclass(frozen=True)
class DraftOfPerson:
    """A draft as `prepare_agreement` sealed it, to be shown again."""

    person_id: str
    draft: str


@dataclass(frozen=True)
class SignAgreement:
    """Sign what was prepared. `authority_code` may be left empty where there is one; `consent_version` is the
    bank-account text the person agreed to."""

    person_id: str
    draft: str
    authority_code: str
    consent_version: str
    idempotency_key: str


@dataclass(frozen=True)
class AgreementOfPerson:
    """One agreement, named by its person."""

    person_id: str
    agreement_id: str


@dataclass(frozen=True)
class CancelAgreement:
    """Cancel one agreement of this person."""

    person_id: str
    person: Person
    agreement_id: str


@dataclass(frozen=True)
class AgreementView:
    """An agreement as its person may see it; `account` shows the last four digits.

    `words` is what the tax core or the bank said against it, in their own words, or empty.
    """

    agreement_id: str
    state: AgreementState
    bank_name: str
    account: str
    agency_name: str
    authority_code: str
    signed_at: dt.datetime
    active_at: dt.datetime | None
    ended_at: dt.datetime | None
    words: str


@dataclass(frozen=True)
class ListAgreements:
    """The person's agreements."""

    person_id: str


@dataclass(frozen=True)
class Agreements:
    """Newest first."""

    agreements: tuple[AgreementView, ...]


list_banks = Method("contribution", "list_banks", ListBanks, Banks)
prepare_agreement = Method(
    "contribution", "prepare_agreement", PrepareAgreement, Prepared,
    errors=(BankUnknown, InvalidAccount, EnrolmentNotFound, InsuranceTypeMissing, UpstreamUnavailable, UpstreamBusy),
    deadline=12.0, upstream="taxbank",
)  # fmt: skip
read_draft = Method("contribution", "read_draft", DraftOfPerson, Prepared, errors=(DraftExpired, BankUnknown))
sign_agreement = Method(
    "contribution", "sign_agreement", SignAgreement, AgreementView,
    errors=(ConsentMissing, DraftExpired, BankUnknown, AuthorityUnknown, AgreementExists, AgreementKeyUsed),
    command=True,
)  # fmt: skip
"""The answer says that the wish is kept, not that the bank agrees: `check_agreement` carries it out."""
get_agreement = Method(
    "contribution", "get_agreement", AgreementOfPerson, AgreementView, errors=(AgreementNotFound,)
)
list_agreements = Method("contribution", "list_agreements", ListAgreements, Agreements)
cancel_agreement = Method(
    "contribution", "cancel_agreement", CancelAgreement, AgreementView,
    errors=(AgreementNotFound, AgreementNotActive), command=True,
)  # fmt: skip
"""As sign_agreement: the wish is kept. Asked again while it is under way or done, it is the same wish."""
check_agreement = Method(
    "contribution", "check_agreement", AgreementOfPerson, AgreementView,
    errors=(AgreementNotFound, UpstreamUnavailable, UpstreamBusy), deadline=12.0, upstream="taxcore",
)  # fmt: skip
"""Bring an agreement on: ask the tax core what is due now, unless somebody is at it. Harmless however often."""
