"""Other people as a form names them: members of the household, and whom a payer pays for (3.2.1.7, 3.2.1.14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from contract.errors import ContractError, InvalidInput
from contract.household import HouseholdFull, Kinship, MemberExists, OwnDocument, TypedPerson
from contract.identity import (
    ConsentMissing,
    InvalidDocumentNumber,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
)
from contract.people import DocumentType
from contract.places import InvalidPlace
from services.gateway.domain.documents import number_hint, number_label, type_of
from services.gateway.domain.places import Picker, typed_place

_FIELDS: tuple[tuple[type[ContractError], str], ...] = (
    (InvalidName, "name"), (InvalidIdNumber, "document_number"), (InvalidDocumentNumber, "document_number"),
    (OwnDocument, "document_number"), (MemberExists, "document_number"), (InvalidPhone, "phone"),
    (HouseholdFull, "form"),
)  # fmt: skip
_YOURS = (
    ("查询不到您的", "查询不到被缴费人的"), ("您已完成", "被缴费人已完成"), ("您在多个地方", "被缴费人在多个地方"),
)  # fmt: skip
"""How the prompts of 3.2.1.6 and 3.2.1.15 speak to the insured, and how they speak of them."""


@dataclass(frozen=True)
class PersonForm:
    """The form about another person, as it is shown: what was typed is kept, also where it was wrong."""

    place: Picker
    document_type: DocumentType = DocumentType.RESIDENT_ID
    document_number: str = ""
    name: str = ""
    phone: str = ""
    forget_phone: str = ""
    kinship: str = ""
    consent: str = ""
    guardian: str = ""
    guardian_consent: str = ""

    document_types: ClassVar = [(kind.value, kind.label) for kind in DocumentType]
    kinships: ClassVar = [(kinship.value, kinship.label) for kinship in Kinship]

    @property
    def number_label(self) -> str:
        return number_label(self.document_type)

    @property
    def number_hint(self) -> str:
        return number_hint(self.document_type)


def kept(form: Mapping[str, str], place: Picker) -> PersonForm:
    """The form with what was typed into it."""
    typed: dict[str, Any] = {
        field.name: form[field.name] for field in fields(PersonForm) if form.get(field.name)
    }
    return PersonForm(**typed | {"place": place, "document_type": type_of(form.get("document_type", ""))})


def typed_person(form: Mapping[str, str]) -> TypedPerson:
    """Who the fields of a form name, as typed; identity judges it."""
    kind = type_of(form.get("document_type", ""))
    number, name, phone = (form.get(field, "").strip() for field in ("document_number", "name", "phone"))
    return TypedPerson(kind, number, name, phone, typed_place(form))


def typed_kinship(form: Mapping[str, str]) -> Kinship | None:
    """与本人关系, or None where none was chosen."""
    typed = form.get("kinship", "")
    return Kinship(typed) if typed in set(Kinship) else None


def missing(typed: TypedPerson) -> dict[str, str]:
    """What is said of number and name left empty (3.2.1.7), by field, in the order of the form."""
    empty = {}
    if not typed.document_number:
        empty["document_number"] = f"请输入{number_label(typed.document_type)}。"
    if not typed.name:
        empty["name"] = "请输入姓名。"
    return empty


def field_of(error: ContractError) -> str | None:
    """The field an error belongs beside, `form` for the whole form; None for what is not about the form."""
    if isinstance(error, InvalidPlace):
        level = error.detail.get("field")
        return f"place_{level}" if level else "place"
    if isinstance(error, ConsentMissing) or type(error) is InvalidInput:
        return error.detail.get("field") or "form"
    return next((field for kind, field in _FIELDS if isinstance(error, kind)), None)


def said_of_another(error: ContractError) -> ContractError:
    """A prompt that speaks to the insured, as the payer who pays for them reads it. `detail["insured"]` says that it
    is about another person."""
    text = error.message
    for to_them, of_them in _YOURS:
        text = text.replace(to_them, of_them)
    return type(error)(text, **error.detail | {"insured": "other"})
