"""Members of the household, and the pick-list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.household import Kinship
from contract.people import DocumentType
from contract.places import Place


@dataclass(frozen=True)
class MemberWanted:
    """A new member as typed. `consent_version` is the household text agreed to, `guardian_consent_version` the
    guardian's for members under 14; GET /household names the present ones."""

    name: str
    document_number: str
    kinship: Kinship
    consent_version: str
    guardian_consent_version: str = ""
    document_type: DocumentType = DocumentType.RESIDENT_ID
    phone: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class MemberEdited:
    """What a member shall be. An empty name or number and a phone left out stay what they were; an empty phone and a
    place left out are taken away."""

    kinship: Kinship
    document_type: DocumentType
    name: str = ""
    document_number: str = ""
    guardian_consent_version: str = ""
    phone: str | None = None
    place: Place | None = None


@dataclass(frozen=True)
class MemberShown:
    """A member, masked. `minor` while under 14."""

    member_id: str
    name: str
    document_type: DocumentType
    document_number: str
    kinship: Kinship
    phone: str
    place: Place | None
    minor: bool


@dataclass(frozen=True)
class Household:
    """In the order they were added, with the versions of the texts to agree to."""

    members: tuple[MemberShown, ...]
    consent_version: str
    guardian_consent_version: str


@dataclass(frozen=True)
class PickShown:
    """Somebody to pay for, masked: send `pick_id` to POST /enrolments. `kinship` for members; `relation_id` and
    `paid_at` where they were paid for."""

    pick_id: str
    name: str
    document_type: DocumentType
    document_number: str
    phone: str
    kinship: Kinship | None
    relation_id: str | None
    paid_at: dt.datetime | None


@dataclass(frozen=True)
class PickList:
    """Newest payment first, then members never paid for, newest first."""

    picks: tuple[PickShown, ...]
