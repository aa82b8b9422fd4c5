"""Consent, export and deletion (security.md 15, 个人信息保护法), served by identity."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import ClassVar

from contract.events import EventData
from contract.household import Kinship
from contract.identity import ConsentMissing, PersonNotFound
from contract.people import DocumentType
from contract.rpc import Method


class ConsentKind(enum.StrEnum):
    """What was agreed to."""

    PRIVACY = "privacy"
    HOUSEHOLD = "household"
    GUARDIAN = "guardian"
    BANK_ACCOUNT = "bank_account"
    CARD_PHOTO = "card_photo"

    @property
    def label(self) -> str:
        return {
            "privacy": "《个人信息保护与授权说明》",
            "household": "《家庭成员信息授权说明》",
            "guardian": "《未满14周岁未成年人监护人同意书》",
            "bank_account": "《银行账户信息授权说明》",
            "card_photo": "《身份证照片授权说明》",
        }[self.value]


CONSENT_VERSIONS = {
    ConsentKind.PRIVACY: "2026-11",
    ConsentKind.HOUSEHOLD: "2026-11",
    ConsentKind.GUARDIAN: "2026-11",
    ConsentKind.BANK_ACCOUNT: "2026-11",
    ConsentKind.CARD_PHOTO: "2026-11",
}
"""The present version of each text; a new text is agreed to anew."""


@dataclass(frozen=True)
class PersonNamed:
    """A person of ours, by id."""

    person_id: str


@dataclass(frozen=True)
class GiveConsent:
    """A consent of its own, besides those given with a login or a member: BANK_ACCOUNT, and CARD_PHOTO of who is
    logged in."""

    person_id: str
    kind: ConsentKind
    version: str


@dataclass(frozen=True)
class ConsentNoted:
    """The consent stands."""

    kind: ConsentKind
    version: str


@dataclass(frozen=True)
class ConsentGiven:
    """One consent. `about` is the member it is about, masked, or empty; `withdrawn_at` once it is withdrawn."""

    kind: ConsentKind
    version: str
    about: str
    given_at: dt.datetime
    withdrawn_at: dt.datetime | None


@dataclass(frozen=True)
class Consents:
    """Newest first."""

    consents: tuple[ConsentGiven, ...]


@dataclass(frozen=True)
class Deletion:
    """A wish to be forgotten; carried out at `due_at` unless it is taken back."""

    requested_at: dt.datetime
    due_at: dt.datetime


@dataclass(frozen=True)
class Account:
    """What the account page shows, masked."""

    name: str
    document_type: DocumentType
    document_number: str
    phone: str
    created_at: dt.datetime
    last_login_at: dt.datetime
    deletion: Deletion | None


@dataclass(frozen=True)
class ExportedPerson:
    """Another person in an export, masked. `paid_at` where this person was paid for."""

    name: str
    document_type: DocumentType
    document_number: str
    phone: str
    place: str
    kinship: Kinship | None
    paid_at: dt.datetime | None


@dataclass(frozen=True)
class PersonExport:
    """Everything identity keeps about a person, masked (design.md §7). Payments are payment's to add."""

    account: Account
    household: tuple[ExportedPerson, ...]
    paid_for: tuple[ExportedPerson, ...]
    consents: tuple[ConsentGiven, ...]
    wechat_users: int


@dataclass(frozen=True)
class DeletionCancelled:
    """The person stays."""

    person_id: str


@dataclass(frozen=True)
class PersonErased(EventData):
    """A person's wish to be forgotten was carried out: whoever keeps drafts or sessions of theirs forgets them.
    Payment records stay, as the law wants."""

    type: ClassVar[str] = "person.erased.v1"
    person_id: str


get_account = Method("identity", "get_account", PersonNamed, Account, errors=(PersonNotFound,))
list_consents = Method("identity", "list_consents", PersonNamed, Consents)
give_consent = Method(
    "identity",
    "give_consent",
    GiveConsent,
    ConsentNoted,
    errors=(ConsentMissing, PersonNotFound),
    command=True,
)
"""The same again is the same consent. ConsentMissing where the version is not the present one."""
export_person = Method("identity", "export_person", PersonNamed, PersonExport, errors=(PersonNotFound,))
request_deletion = Method(
    "identity", "request_deletion", PersonNamed, Deletion, errors=(PersonNotFound,), command=True
)
cancel_deletion = Method(
    "identity", "cancel_deletion", PersonNamed, DeletionCancelled, errors=(PersonNotFound,), command=True
)
