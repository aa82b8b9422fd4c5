"""Names, numbers and phones as people type them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.identity import InvalidIdNumber, InvalidName, InvalidPhone
from contract.people import DocumentType
from services.identity.domain import codes, people

TODAY = dt.date(2026, 11, 23)


def number(first_seventeen: str) -> str:
    return first_seventeen + people.check_digit(first_seventeen)


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
    assert people.normal_document_number(typed, TODAY) == kept


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
        people.normal_document_number(typed, TODAY)


def test_whoever_was_born_today_has_a_number() -> None:
    assert people.normal_document_number(number("45010320261123018"), TODAY)


@pytest.mark.parametrize("region", ["452127", "452501", "450103", "999999", "000000"])
def test_an_unknown_region_is_no_reason_to_refuse(region: str) -> None:
    assert people.normal_document_number(number(region + "19650101018"), TODAY)


def test_only_provinces_are_known_regions() -> None:
    assert people.region_known(number("45212719650101018"))
    assert people.region_known(number("81000019800101018"))
    assert not people.region_known(number("00000019650101018"))


@pytest.mark.parametrize(
    ("region", "document"),
    [
        ("450103", DocumentType.RESIDENT_ID),
        ("810000", DocumentType.RESIDENCE_PERMIT),
        ("830000", DocumentType.RESIDENCE_PERMIT),
        ("911344", DocumentType.PERMANENT_RESIDENT),
    ],
)
def test_the_number_tells_the_document(region: str, document: DocumentType) -> None:
    assert people.document_type_of(number(region + "19650101018")) is document


@given(st.integers(0, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes_the_check_digit(value: int, place: int, change: int) -> None:
    right = number(f"{value:017d}")
    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]
    assert people.check_digit(wrong) != wrong[17]


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
        (lambda typed: people.normal_document_number(typed, TODAY), InvalidIdNumber),
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
