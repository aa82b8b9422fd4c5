"""Who may ask for a school's students, as staff type them."""

from __future__ import annotations

import pytest

from contract.identity import InvalidIdNumber
from contract.people import DocumentType, Person
from contract.register import SchoolFieldMissing
from services.certificate.usecases.desk import operator_of

NUMBER = "45010319780612204"


def test_an_operator_is_known_as_at_login() -> None:
    found = operator_of(" 韦秀兰 ", " 45012219851103301x ")
    assert found == Person(DocumentType.RESIDENT_ID, "45012219851103301X", "韦秀兰")


@pytest.mark.parametrize("number", ["", NUMBER, f"{NUMBER}00", f"0{NUMBER}", "韦秀兰"])
def test_what_is_no_number_is_asked_for(number: str) -> None:
    with pytest.raises(SchoolFieldMissing):
        operator_of("韦秀兰", number)
    with pytest.raises(SchoolFieldMissing):
        operator_of(" ", f"{NUMBER}0")


def test_a_mistyped_number_is_said_at_once() -> None:
    assert operator_of("韦秀兰", f"{NUMBER}0").document_number == f"{NUMBER}0"
    for digit in "123456789X":
        with pytest.raises(InvalidIdNumber):
            operator_of("韦秀兰", f"{NUMBER}{digit}")
