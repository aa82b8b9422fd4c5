"""Forms about other people: what is missing, what is wrong and where it is said."""

from __future__ import annotations

import pytest

from contract import contribution, household, identity, places
from contract.contribution import AgencyChoiceNeeded
from contract.errors import ContractError, InvalidInput, NotFound, Unavailable
from contract.household import Kinship, TypedPerson
from contract.people import DocumentType
from contract.places import Division, Place
from services.gateway.domain import others
from services.gateway.domain.places import Picker

FORM = {
    "document_type": "208", "document_number": " E12345678 ", "name": "王丽", "phone": "13800138000",
    "place_city": "4501", "kinship": "child", "csrf": "x",
}  # fmt: skip


def test_a_form_names_a_person_as_typed() -> None:
    typed = others.typed_person(FORM)
    assert typed == TypedPerson(
        DocumentType.PASSPORT, "E12345678", "王丽", "13800138000", Place(Division("4501"))
    )
    assert others.missing(typed) == {}
    assert others.typed_kinship(FORM) is Kinship.CHILD
    assert others.typed_kinship({"kinship": "nobody"}) is None


def test_number_and_name_must_not_be_empty() -> None:
    assert others.missing(others.typed_person({"name": " "})) == {
        "document_number": "请输入身份证号码。", "name": "请输入姓名。",
    }  # fmt: skip
    assert list(others.missing(others.typed_person({**FORM, "name": ""}))) == ["name"]


def test_a_form_keeps_what_was_typed_and_nothing_else() -> None:
    shown = others.kept(FORM, Picker(()))
    assert (shown.document_type, shown.document_number, shown.kinship) == (
        DocumentType.PASSPORT, FORM["document_number"], "child",
    )  # fmt: skip
    assert shown.number_label == "护照号码"
    assert others.kept({"document_type": "999"}, Picker(())).document_type is DocumentType.RESIDENT_ID


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (identity.InvalidName(), "name"),
        (identity.InvalidIdNumber(), "document_number"),
        (household.OwnDocument(field="document_number"), "document_number"),
        (household.MemberExists(), "document_number"),
        (identity.InvalidPhone(), "phone"),
        (places.InvalidPlace(field="town"), "place_town"),
        (places.InvalidPlace(), "place"),
        (identity.ConsentMissing(field="guardian_consent"), "guardian_consent"),
        (household.HouseholdFull(), "form"),
        (household.MemberNotFound(), None),
        (Unavailable(), None),
    ],
)
def test_an_error_is_said_beside_its_field(error: ContractError, field: str | None) -> None:
    assert others.field_of(error) == field


def test_every_error_of_a_typed_person_has_its_field() -> None:
    for method in (household.add_member, household.edit_member, household.name_insured):
        for kind in method.errors:
            assert others.field_of(kind()) or issubclass(kind, NotFound), kind


def test_a_prompt_about_another_does_not_speak_to_the_payer() -> None:
    asked = (contribution.find_enrolment, contribution.quote_payable, contribution.quote_back_payment)
    for kind in {kind for method in asked for kind in method.errors}:
        said = others.said_of_another(kind())
        assert type(said) is kind
        assert said.detail["insured"] == "other"
        for yours in ("查询不到您的", "您已完成", "您在多个地方"):
            assert yours not in said.message
    assert others.said_of_another(contribution.NothingPayable()).message == (
        "查询不到被缴费人的待缴费信息，无需进行缴费。"
    )


def test_a_prompt_keeps_its_own_text_and_detail() -> None:
    said = others.said_of_another(AgencyChoiceNeeded("您在多个地方参保。", agencies=[{"code": "450702"}]))
    assert (said.message, said.detail["agencies"]) == ("被缴费人在多个地方参保。", [{"code": "450702"}])
    assert others.said_of_another(InvalidInput("x", field="year")).detail["field"] == "year"
