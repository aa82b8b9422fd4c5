"""社保申报作废 (3.2.1.10), served by contribution: what is declared and not paid, and taking it back."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import NotFound, Refused
from contract.household import InsuredNotFound
from contract.insurance import InsuranceType
from contract.people import Person
from contract.records import AskedAs
from contract.rpc import Method
from contract.upstream import UpstreamBusy, UpstreamUnavailable


class DeclarationNotFound(NotFound):
    """The person has no such declaration."""

    code = "declaration_not_found"
    text = "没有找到这条申报记录，可能已经作废，请返回刷新后查看。"


class DeclarationPaid(Refused):
    """It is paid, or the money is on its way: in the tax core, or in an order of ours."""

    code = "declaration_paid"
    text = "这条申报已经缴费或正在缴费，不能作废。如需退费，请到主管税务机关办理。"


class VoidRefused(Refused):
    """The tax core says no for a reason of its own, which the text repeats."""

    code = "void_refused"
    text = "税务系统没有同意作废这条申报，申报没有改变。如有疑问请拨打12366。"


class DeclarationState(enum.StrEnum):
    """What a declaration is. `confirming`: a void was sent and its answer is lost; nobody knows yet."""

    DECLARED = "declared"
    CONFIRMING = "confirming"
    VOIDED = "voided"

    @property
    def label(self) -> str:
        return {"declared": "已申报，未缴费", "confirming": "正在确认是否作废", "voided": "申报已作废"}[
            self.value
        ]


class VoidingState(enum.StrEnum):
    """What became of a void. `confirming` → `voided` | `refused` (the core says no) | `undone` (the core never did it,
    the declaration is as it was; it may be asked for again)."""

    CONFIRMING = "confirming"
    VOIDED = "voided"
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(frozen=True)
class ListDeclarations:
    """Ask for the declarations of `person`: the asker's own, or of somebody of their pick-list."""

    asker_id: str
    person: Person
    asked_as: AskedAs


@dataclass(frozen=True)
class Declaration:
    """One 申报, not paid. `record_id` is the tax core's; `amount` in fen, periods (所属期) yyyyMM."""

    record_id: str
    insurance_type: InsuranceType
    period_from: str
    period_to: str
    amount: int
    agency_name: str
    person_number: str
    declared_on: dt.date
    state: DeclarationState


@dataclass(frozen=True)
class Declarations:
    """Newest first."""

    declarations: tuple[Declaration, ...]


@dataclass(frozen=True)
class DeclarationOfPerson:
    """One declaration, named by whose it is; another person's is not found."""

    asker_id: str
    person: Person
    asked_as: AskedAs
    record_id: str


@dataclass(frozen=True)
class Voiding:
    """What became of a void; `reason` in Chinese where it was refused."""

    record_id: str
    state: VoidingState
    reason: str


list_declarations = Method(
    "contribution", "list_declarations", ListDeclarations, Declarations,
    errors=(InsuredNotFound, UpstreamUnavailable, UpstreamBusy), deadline=15.0, upstream="taxcore",
)  # fmt: skip
void_declaration = Method(
    "contribution", "void_declaration", DeclarationOfPerson, Voiding,
    errors=(InsuredNotFound, DeclarationNotFound, DeclarationPaid, VoidRefused, UpstreamUnavailable, UpstreamBusy),
    deadline=15.0, command=True, upstream="taxcore",
)  # fmt: skip
check_voiding = Method(
    "contribution", "check_voiding", DeclarationOfPerson, Voiding,
    errors=(DeclarationNotFound, UpstreamBusy), deadline=15.0, command=True, upstream="taxcore",
)  # fmt: skip
