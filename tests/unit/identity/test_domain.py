"""Names, numbers and phones as people type them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.identity import InvalidDocumentNumber, InvalidIdNumber, InvalidName, InvalidPhone
from contract.people import DocumentType, Person, check_digit
from services.identity.domain import codes, people

TODAY = dt.date(2026, 11, 23)
RESIDENT_ID, RESIDENCE_PERMIT = DocumentType.RESIDENT_ID, DocumentType.RESIDENCE_PERMIT
PERMANENT_RESIDENT, PASSPORT = DocumentType.PERMANENT_RESIDENT, DocumentType.PASSPORT


def number(first_seventeen: str) -> str:
    return first_seventeen + check_digit(first_seventeen)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("张三", "张三"),
        (" 张 三　", "张三"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽‧买买提", "阿依古丽·买买提"),
        ("阿依古丽・买买提", "阿依古丽·买买提"),
        ("阿依古丽.买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("韦𣲗然", "韦𣲗然"),
        ("覃㐱", "覃㐱"),
        ("郎\uf92c", "郎\uf92c"),
        ("张三\u200b", "张三"),
        ("一" * 25, "一" * 25),
    ],
)
def test_a_name_is_kept_as_the_register_writes_it(typed: str, kept: str) -> None:
    assert people.normal_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "张",
        "一" * 26,
        "·张三",
        "张三·",
        "张··三",
        "张3",
        "Zhang San",
        "张三!",
        "张\ud842",
        "張\n<b>",
        "。。",
    ],
)
def test_what_no_name_holds_is_refused(typed: str) -> None:
    with pytest.raises(InvalidName) as refused:
        people.normal_name(typed)
    assert refused.value.detail == {"field": "name"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("45010319890214018x", "45010319890214018X"),
        ("４５０１０３１９８９０２１４０１８ｘ", "45010319890214018X"),
        (" 450103 19890214 018X\t", "45010319890214018X"),
        ("11010519491231002X", "11010519491231002X"),  # the example of GB 11643
    ],
)
def test_a_number_is_accepted_however_it_is_typed(typed: str, kept: str) -> None:
    assert people.normal_id_number(typed, TODAY) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "45010319890214018", "450103198902140180", "4501031989021401800", "45010319890214018Y",
        "X5010319890214018X", number("45010319890230018"), number("45010318991231018"),
        number("45010320261124018"), number("45010319891314018"), "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨",
    ],
)  # fmt: skip
def test_a_wrong_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidIdNumber):
        people.normal_id_number(typed, TODAY)


def test_whoever_was_born_today_has_a_number() -> None:
    assert people.normal_id_number(number("45010320261123018"), TODAY)


@pytest.mark.parametrize("region", ["452127", "452501", "450103", "999999", "000000"])
def test_an_unknown_region_is_no_reason_to_refuse(region: str) -> None:
    assert people.normal_id_number(number(region + "19650101018"), TODAY)


@pytest.mark.parametrize(
    ("region", "known"), [("452127", True), ("810000", True), ("911344", True), ("000000", False)]
)
def test_only_provinces_are_known_regions(region: str, known: bool) -> None:
    typed = number(region + "19650101018")
    assert people.region_known(people.person_of(RESIDENT_ID, typed, "韦秀兰", TODAY)) is known


@pytest.mark.parametrize(
    ("region", "document"),
    [
        ("450103", RESIDENT_ID),
        ("810000", RESIDENCE_PERMIT),
        ("820000", RESIDENCE_PERMIT),
        ("830000", RESIDENCE_PERMIT),
        ("911344", PERMANENT_RESIDENT),
    ],
)
def test_a_number_typed_as_a_resident_id_is_that_of_its_document(region: str, document: DocumentType) -> None:
    typed = number(region + "19650101018")
    assert people.person_of(RESIDENT_ID, typed.lower(), " 张 三", TODAY) == Person(document, typed, "张三")


@pytest.mark.parametrize(
    ("document", "typed", "kept"),
    [
        (RESIDENCE_PERMIT, number("81000019650101018"), number("81000019650101018")),
        (PERMANENT_RESIDENT, number("91134419650101018"), number("91134419650101018")),
        (PERMANENT_RESIDENT, "usa 310065 010101", "USA310065010101"),
        (PASSPORT, "e 1234 5678", "E12345678"),
        (PASSPORT, "ＥＫ１２３４５６７", "EK1234567"),
        (PASSPORT, "AB123", "AB123"),
        (PASSPORT, "A" * 17, "A" * 17),
    ],
)
def test_other_documents_carry_numbers_of_their_own(document: DocumentType, typed: str, kept: str) -> None:
    assert people.person_of(document, typed, "张三", TODAY) == Person(document, kept, "张三")


@pytest.mark.parametrize(
    ("document", "typed"),
    [
        (RESIDENCE_PERMIT, number("45010319650101018")),
        (RESIDENCE_PERMIT, number("91134419650101018")),
        (RESIDENCE_PERMIT, number("81000019650231018")),
        (RESIDENCE_PERMIT, "810000196501010181"),
        (PERMANENT_RESIDENT, number("81000019650101018")),
        (PERMANENT_RESIDENT, "911344196501010180"),
        (PERMANENT_RESIDENT, "US3310065010101"),
        (PERMANENT_RESIDENT, "USA3100650101011"),
        (PASSPORT, "E123"),
        (PASSPORT, "E" * 18),
        (PASSPORT, "E1234-678"),
        (PASSPORT, ""),
    ],
)
def test_a_number_of_another_document_is_refused(document: DocumentType, typed: str) -> None:
    with pytest.raises(InvalidDocumentNumber) as refused:
        people.person_of(document, typed, "张三", TODAY)
    assert refused.value.detail == {"field": "document_number"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("John  Smith", "JOHN SMITH"),
        (" smith　john ", "SMITH JOHN"),
        ("O’Brien–Smith J.", "O'BRIEN-SMITH J."),
        ("ＮＧＵＹＥＮ Văn A", "NGUYEN VĂN A"),
        ("Jose\u0301 Nuñez", "JOSÉ NUÑEZ"),
        ("St. John", "ST. JOHN"),
        ("x" * 60, "X" * 60),
        ("阮文安", "阮文安"),
        ("约翰.史密斯", "约翰·史密斯"),
    ],
)
@pytest.mark.parametrize("document", [PASSPORT, PERMANENT_RESIDENT])
def test_a_foreigners_name_may_be_latin(document: DocumentType, typed: str, kept: str) -> None:
    document_number = {PASSPORT: "E12345678", PERMANENT_RESIDENT: "USA310065010101"}[document]
    assert people.person_of(document, document_number, typed, TODAY).name == kept


@pytest.mark.parametrize(
    "typed",
    ["", "X", "x" * 61, "John3", "-John", "John-", "John!", "John 史密斯", "Иван", "𐄇𐄇", "张", "'", "<b>"],
)
def test_what_no_foreigners_name_holds_is_refused(typed: str) -> None:
    with pytest.raises(InvalidName, match="外文") as refused:
        people.person_of(PASSPORT, "E12345678", typed, TODAY)
    assert refused.value.detail == {"field": "name"}


@pytest.mark.parametrize("document", [RESIDENT_ID, RESIDENCE_PERMIT])
def test_a_residents_name_is_chinese(document: DocumentType) -> None:
    region = {RESIDENT_ID: "450103", RESIDENCE_PERMIT: "810000"}[document]
    with pytest.raises(InvalidName):
        people.person_of(document, number(region + "19650101018"), "John Smith", TODAY)


@pytest.mark.parametrize(
    ("document", "typed", "age"),
    [
        (RESIDENT_ID, number("45010320121123018"), 14),
        (RESIDENT_ID, number("45010320121124018"), 13),
        (RESIDENT_ID, number("45010320261123018"), 0),
        (RESIDENT_ID, number("45010319000101018"), 126),
        (RESIDENCE_PERMIT, number("81000020000229018"), 26),
        (PERMANENT_RESIDENT, number("91134419650101018"), 61),
        (PERMANENT_RESIDENT, "USA310065010101", None),
        (PASSPORT, "E12345678", None),
        (PASSPORT, "45010320121124018", None),
    ],
)
def test_the_age_is_told_by_the_number_where_it_tells_one(
    document: DocumentType, typed: str, age: int | None
) -> None:
    assert people.age_on(people.person_of(document, typed, "张三", TODAY), TODAY) == age


@given(st.integers(0, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes_the_check_digit(value: int, place: int, change: int) -> None:
    right = number(f"{value:017d}")
    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]
    assert check_digit(wrong) != wrong[17]


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "138 0013 8000",
        "１３８００１３８０００",
        "138-0013-8000",
        "+8613800138000",
        "8613800138000",
    ],
)
def test_a_phone_is_accepted_however_it_is_typed(typed: str) -> None:
    assert people.normal_phone(typed) == "13800138000"


@pytest.mark.parametrize(
    "typed", ["", "12800138000", "1380013800", "138001380000", "23800138000", "1380013800a"]
)
def test_a_wrong_phone_is_refused(typed: str) -> None:
    with pytest.raises(InvalidPhone):
        people.normal_phone(typed)


@given(st.text())
def test_no_input_crashes_the_rules(text: str) -> None:
    for rule, refusal in (
        (people.normal_name, InvalidName),
        (people.normal_foreign_name, InvalidName),
        (lambda typed: people.normal_id_number(typed, TODAY), InvalidIdNumber),
        (people.normal_phone, InvalidPhone),
    ):
        try:
            assert rule(text)
        except refusal:
            continue


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("not an address", "not an address"),
    ],
)
def test_one_subscriber_counts_once(address: str, network: str) -> None:
    assert codes.network_of(address) == network


@pytest.mark.parametrize(
    ("seconds", "words"), [(60, "60秒"), (121, "1小时"), (3601, "2小时"), (86400, "24小时")]
)
def test_the_wait_is_told_in_words(seconds: int, words: str) -> None:
    assert words in codes.wait_text(seconds)
