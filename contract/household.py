"""家庭成员 (3.2.1.14) and 代缴关系 (3.2.1.8), served by identity.

Every request names its owner, and another person's member or relation is not found (security.md 4).
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import Conflict, NotFound, Refused
from contract.identity import (
    ConsentMissing,
    InvalidDocumentNumber,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    PersonNotFound,
)
from contract.people import DocumentType, Person
from contract.places import InvalidPlace, Place
from contract.rpc import Method


class Kinship(enum.StrEnum):
    """与本人关系: what the insured is to the payer."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    GRANDCHILD = "grandchild"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "spouse": "配偶",
            "child": "子女",
            "parent": "父母",
            "grandchild": "孙子女、外孙子女",
            "grandparent": "祖父母、外祖父母",
            "sibling": "兄弟姐妹",
            "other": "其他",
        }[self.value]


class MemberNotFound(NotFound):
    """No such member of this household."""

    code = "member_not_found"
    text = "没有找到这位家庭成员，可能已经删除。"


class MemberExists(Conflict):
    """The person is in the household already."""

    code = "member_exists"
    text = "这位家庭成员已经添加过了。"


class HouseholdFull(Refused):
    """No more members may be added."""

    code = "household_full"
    text = "家庭成员人数已达上限，请先删除不再需要的成员。"


class OwnDocument(Refused):
    """The payer's own document where another person's belongs."""

    code = "own_document"
    text = "这是您本人的证件。为本人缴费请使用“自主缴费”。"


class InsuredNotFound(NotFound):
    """No such entry in this payer's pick-list."""

    code = "insured_not_found"
    text = "没有找到这位被缴费人，请重新选择或填写。"


@dataclass(frozen=True)
class TypedPerson:
    """Another person as the payer typed them; identity normalises. `phone` and `place` are optional."""

    document_type: DocumentType
    document_number: str
    name: str
    phone: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Member:
    """One member of a household. `minor` while under 14: a guardian's consent is on record."""

    member_id: str
    person: Person
    kinship: Kinship
    phone: str
    place: Place | None
    minor: bool
    added_at: dt.datetime


@dataclass(frozen=True)
class AddMember:
    """`consent_version` is the household text the payer agreed to, `guardian_consent_version` the one for members
    under 14; each must be the present one where it is needed."""

    owner_id: str
    typed: TypedPerson
    kinship: Kinship
    consent_version: str
    guardian_consent_version: str = ""


@dataclass(frozen=True)
class EditMember:
    """As AddMember. An empty name or document number stays what it was, so that a masked form can be sent back."""

    owner_id: str
    member_id: str
    typed: TypedPerson
    kinship: Kinship
    guardian_consent_version: str = ""


@dataclass(frozen=True)
class MemberOfOwner:
    """One member, named by its owner."""

    owner_id: str
    member_id: str


@dataclass(frozen=True)
class MemberRemoved:
    """The member's data is gone, and the consent withdrawn."""

    member_id: str


@dataclass(frozen=True)
class ListMembers:
    """All members of a household."""

    owner_id: str


@dataclass(frozen=True)
class Members:
    """In the order they were added."""

    members: tuple[Member, ...]


@dataclass(frozen=True)
class NameInsured:
    """Somebody the payer is about to pay for, typed."""

    payer_id: str
    typed: TypedPerson


@dataclass(frozen=True)
class CheckPerson:
    """Somebody typed, to be asked about only; nothing is kept."""

    typed: TypedPerson


@dataclass(frozen=True)
class CheckedPerson:
    """The person as everybody else knows them: normalised."""

    person: Person


@dataclass(frozen=True)
class PickInsured:
    """Somebody the payer is about to pay for, picked: a `pick_id` of list_insured."""

    payer_id: str
    pick_id: str


@dataclass(frozen=True)
class Insured:
    """被缴费人. `relation_id` goes into the order; once it is paid, payer → insured is on record."""

    relation_id: str
    person: Person
    phone: str
    place: Place | None


@dataclass(frozen=True)
class ListInsured:
    """The payer's pick-list: members of the household and everybody paid for before."""

    payer_id: str


@dataclass(frozen=True)
class Pick:
    """One entry of the pick-list. `kinship` for members; `relation_id` and `paid_at` where somebody was paid for."""

    pick_id: str
    person: Person
    phone: str
    place: Place | None
    kinship: Kinship | None
    relation_id: str | None
    paid_at: dt.datetime | None


@dataclass(frozen=True)
class Picks:
    """Newest payment first, then members never paid for, newest first; every person once."""

    picks: tuple[Pick, ...]


@dataclass(frozen=True)
class RemoveRelation:
    """Take somebody off the pick-list. A member stays a member."""

    payer_id: str
    relation_id: str


@dataclass(frozen=True)
class RelationRemoved:
    """It is gone, and was perhaps before."""

    relation_id: str


_TYPED = (
    InvalidName, InvalidIdNumber, InvalidDocumentNumber, InvalidPhone, InvalidPlace, OwnDocument, PersonNotFound,
)  # fmt: skip

add_member = Method(
    "identity", "add_member", AddMember, Member,
    errors=(*_TYPED, ConsentMissing, MemberExists, HouseholdFull), command=True,
)  # fmt: skip
edit_member = Method(
    "identity", "edit_member", EditMember, Member,
    errors=(*_TYPED, ConsentMissing, MemberExists, MemberNotFound), command=True,
)  # fmt: skip
get_member = Method("identity", "get_member", MemberOfOwner, Member, errors=(MemberNotFound,))
remove_member = Method(
    "identity", "remove_member", MemberOfOwner, MemberRemoved, errors=(MemberNotFound,), command=True
)
list_members = Method("identity", "list_members", ListMembers, Members)
name_insured = Method("identity", "name_insured", NameInsured, Insured, errors=_TYPED, command=True)
check_person = Method(
    "identity", "check_person", CheckPerson, CheckedPerson,
    errors=(InvalidName, InvalidIdNumber, InvalidDocumentNumber),
)  # fmt: skip
pick_insured = Method(
    "identity", "pick_insured", PickInsured, Insured, errors=(InsuredNotFound, PersonNotFound), command=True
)
list_insured = Method("identity", "list_insured", ListInsured, Picks)
remove_relation = Method("identity", "remove_relation", RemoveRelation, RelationRemoved, command=True)
