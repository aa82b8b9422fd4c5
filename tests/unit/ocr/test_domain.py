"""What is said of a card: numbers, rows, and when to be unsure."""

from __future__ import annotations

import datetime as dt

import pytest

from contract.ocr import CardItem, CardNotFound, CardSide, CardWarning, NumberState
from services.ocr.domain import numbers
from services.ocr.domain.found import Field, Found, best_of
from services.ocr.domain.judgement import judge
from services.ocr.domain.layout import Side, back_rows, front_rows, label_end, label_left, side_of
from services.ocr.domain.nations import NATIONS
from services.ocr.domain.places import in_the_region
from services.ocr.domain.quality import Quality

TODAY = dt.date(2026, 11, 26)
NUMBER = "450103197806122040"


def _field(text: str, sure: float = 0.999) -> Field:
    return Field(text, (sure,) * len(text))


def _front(**other: Field) -> Found:
    fields = {
        "name": _field("韦秀兰"), "sex": _field("女"), "nation": _field("壮"), "birth": _field("1978-06-12"),
        "address": _field("广西南宁市青秀区民族大道1号"), "number": _field(NUMBER),
    }  # fmt: skip
    return Found(Side.FRONT, {**fields, **other})


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        (NUMBER, True),
        ("450103197806122041", False),  # check digit
        ("990103197806122040", False),  # province
        ("45010319780612204", False),
        ("11010519491231002X", True),  # the standard's own example
        ("45010329990101001X", False),  # not born yet
    ],
)
def test_a_number_is_valid_only_if_it_can_be_somebodys(number: str, valid: bool) -> None:
    assert numbers.is_valid(number, TODAY) is valid


def test_there_are_56_groups() -> None:
    assert len(set(NATIONS)) == len(NATIONS) == 56


def test_a_sure_number_tells_birth_and_sex() -> None:
    reading = judge(_front(birth=_field("1978-06-17", 0.3)), Quality(), "x", TODAY, CardSide.FRONT)
    read = {field.item: field for field in reading.fields}
    assert reading.number_state is NumberState.VALID
    assert (read[CardItem.BIRTH].text, read[CardItem.SEX].text) == ("1978-06-12", "女")
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("other", "state"),
    [
        ({"number": Field(NUMBER, (0.999,) * 17 + (0.5,))}, NumberState.INVALID),
        ({"number": _field("450103197806122041")}, NumberState.INVALID),
        ({"birth": _field("1979-06-12")}, NumberState.BIRTH_DIFFERS),
        ({"sex": _field("男")}, NumberState.SEX_DIFFERS),
        ({"birth": _field("1979-06-12"), "sex": _field("男")}, NumberState.BOTH_DIFFER),
    ],
)
def test_a_number_that_is_unsure_or_contradicted_is_never_called_valid(
    other: dict[str, Field], state: NumberState
) -> None:
    reading = judge(_front(**other), Quality(), "x", TODAY, None)
    assert reading.number_state is state
    assert CardWarning.CHECK_DIGIT in reading.warnings


def test_unsure_characters_are_named_by_their_places() -> None:
    reading = judge(_front(name=Field("韦秀兰", (0.99, 0.6, 0.99))), Quality(), "x", TODAY, None)
    assert reading.fields[0].unsure == (1,)
    assert reading.fields[0].confidence == 0.6


def test_what_is_wrong_with_photo_and_card_is_said() -> None:
    poor = Quality(light=30, sharpness=0.1, reflection=0.2, text_height=8, cut=True)
    back = Found(Side.BACK, {"period": _field("2005.01.01-2015.01.01")})
    said = set(judge(back, poor, "x", TODAY, CardSide.FRONT).warnings)
    assert said == {
        CardWarning.WRONG_SIDE, CardWarning.BORDER_CUT, CardWarning.REFLECTION, CardWarning.BLURRED,
        CardWarning.DARK, CardWarning.SMALL, CardWarning.EXPIRED,
    }  # fmt: skip
    assert all(warning.advice.endswith("。") for warning in CardWarning)


def test_another_regions_number_is_only_a_hint() -> None:
    reading = judge(_front(address=_field("湖南省长沙市岳麓区麓山路1号")), Quality(), "x", TODAY, None)
    assert reading.warnings == (CardWarning.REGION_DIFFERS,)
    assert reading.number_state is NumberState.VALID


def test_no_card_is_said_so() -> None:
    with pytest.raises(CardNotFound):
        judge(Found(Side.NONE), Quality(), "x", TODAY, None)


def test_rows_are_known_by_their_labels_or_by_their_neighbours() -> None:
    rows = [
        "姓名韦秀兰",
        "性别女民族壮",
        "出生1978年6月12日",
        "住址广西南宁市青秀区",
        "民族大道1号",
        f"公民身份号码{NUMBER}",
    ]
    assert side_of(rows) is Side.FRONT
    found = front_rows(rows)
    assert (found.name, found.sex, found.birth, found.address, found.number) == (0, 1, 2, (3, 4), 5)
    bare = ["韦秀兰", "女壮", "1978年6月12日", "广西南宁市青秀区", NUMBER]
    found = front_rows(bare)
    assert (found.name, found.sex, found.birth, found.address, found.number) == (0, 1, 2, (3,), 4)


def test_the_back_is_known_by_its_words() -> None:
    rows = ["中华人民共和国", "居民身份证", "签发机关南宁市公安局青秀分局", "有效期限2015.06.18-2035.06.18"]
    assert side_of(rows) is Side.BACK
    assert back_rows(rows) == (2, 3)
    assert side_of(["超市", "收据", "12.50"]) is Side.NONE


def test_a_birth_date_is_known_without_its_words() -> None:
    rows = ["韦秀兰", "女壮", "1978 6 8 128", "广西南宁市青秀区", "1978号", NUMBER]
    found = front_rows(rows)
    assert (found.name, found.sex, found.birth, found.address) == (0, 1, 2, (3, 4))


@pytest.mark.parametrize(
    ("text", "left"), [("姓名韦", 2), ("名韦", 1), ("韦秀兰", 0), ("韦名扬", 0), ("", 0)]
)
def test_a_label_left_in_a_field_is_only_what_begins_it(text: str, left: int) -> None:
    assert label_left(text, "姓名") == left


def test_of_several_readings_each_field_is_the_surest() -> None:
    first, second = (
        _front(name=_field("韦秀", 0.4)),
        _front(name=_field("韦秀兰", 0.8), sex=_field("男", 0.3)),
    )
    assert not first.complete
    best = best_of([Found(Side.NONE), first, second])
    assert (best.fields["name"].text, best.fields["sex"].text) == ("韦秀兰", "女")
    assert best.complete


def test_what_is_read_in_two_ways_is_not_sure() -> None:
    best = best_of([_front(name=_field("秀兰")), _front(name=_field("韦秀兰", 0.8))])
    assert best.fields["name"].confidence == 0.9
    assert best.fields["number"].confidence == 0.999


def test_a_back_adds_nothing_to_a_front() -> None:
    back = Found(Side.BACK, {"authority": _field("南宁市公安局青秀分局")})
    assert best_of([back, _front()]).fields.keys() == _front().fields.keys()


@pytest.mark.parametrize(
    ("text", "end"), [("姓名韦", 2), ("娃名韦", 2), ("姓韦", 2), ("名韦", 1), ("韦秀兰", 0)]
)
def test_a_label_ends_where_its_last_character_is(text: str, end: int) -> None:
    assert label_end(text, "姓名") == end


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("广西社族自治区灵川县大圩镇", "广西壮族自治区灵川县大圩镇"),
        ("广西社族自油区钦州市", "广西壮族自治区钦州市"),
        ("广西壮族自治区", "广西壮族自治区"),
        ("广西柳州市柳南区鹅山街道", "广西柳州市柳南区鹅山街道"),
        ("宁夏回族自治区银川市", "宁夏回族自治区银川市"),
        ("内蒙古自治区", "内蒙古自治区"),
        ("", ""),
    ],
)
def test_the_regions_name_is_known_from_most_of_it(read: str, written: str) -> None:
    assert in_the_region(read) == written
