"""What a form says about the number of a document (证件号码)."""

from __future__ import annotations

from contract.people import DocumentType

_LABELS = {
    DocumentType.RESIDENT_ID: "身份证号码",
    DocumentType.RESIDENCE_PERMIT: "居住证号码",
    DocumentType.PERMANENT_RESIDENT: "永久居留身份证号码",
    DocumentType.PASSPORT: "护照号码",
}
_HINTS = {
    DocumentType.RESIDENT_ID: "18位，末位是X的大小写都可以",
    DocumentType.RESIDENCE_PERMIT: "18位，以81、82或83开头，末位是X的大小写都可以",
    DocumentType.PERMANENT_RESIDENT: "证件正面的号码：18位数字，或者3个字母加12位数字",
    DocumentType.PASSPORT: "护照资料页上的号码，字母和数字",
}


def number_label(kind: DocumentType) -> str:
    """What the number of such a document is called."""
    return _LABELS[kind]


def number_hint(kind: DocumentType) -> str:
    """How to find or recognise it."""
    return _HINTS[kind]


def type_of(typed: str) -> DocumentType:
    """The type a form names; the resident's own card where it names none of ours."""
    return DocumentType(typed) if typed in set(DocumentType) else DocumentType.RESIDENT_ID
