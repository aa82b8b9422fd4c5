"""Known names of places and issuing authorities."""

from __future__ import annotations

import pytest

from services.identity.divisions import Gazetteer
from services.ocr.divisions import counties
from services.ocr.domain.places import addresses_like, authorities_like


def test_the_table_of_cards_is_identitys_down_to_towns() -> None:
    gazetteer = Gazetteer()
    expected = [
        (county.name, city.name, [town.name for town in gazetteer.within(county.code)])
        for city in gazetteer.within("45")
        for county in gazetteer.within(city.code)
    ]
    assert [(county.name, county.city, list(county.towns)) for county in counties()] == expected


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("上思路公安易", "上思县公安局"),
        ("主秀球族自治县公安局", "金秀瑶族自治县公安局"),
        ("美白防城港市公安局港口分局", "防城港市公安局港口分局"),
        ("南宁市公安局青秀", "南宁市公安局青秀分局"),
        ("武鸣具公安局", "武鸣县公安局"),  # a district since 2015
    ],
)
def test_an_authority_is_known_from_most_of_its_name(read: str, meant: str) -> None:
    assert meant in authorities_like(read)


def test_an_authority_like_no_known_one_is_left_alone() -> None:
    assert authorities_like("呼和浩特铁路公安处") == {}


@pytest.mark.parametrize(
    ("read", "meant", "known"),
    [
        ("广西素左市扶绥县中山北路3号", "广西崇左市扶绥县中山北路3号", 1),
        ("广西荔浦市花簧镇大安村第三组60号", "广西荔浦市花箦镇大安村第三组60号", 2),
        ("广西壮族自治区网城县大埔镇1号", "广西壮族自治区柳城县大埔镇1号", 2),
        ("广西灵川县潭下镇蔡岗村上电151号", "广西灵川县潭下镇蔡岗村上屯151号", 3),
        ("广西武鸣县城厢镇", "广西武鸣县城厢镇", 2),
    ],
)
def test_places_that_look_alike_are_counted_by_how_many_are_known(read: str, meant: str, known: int) -> None:
    assert addresses_like(read)[meant] == known


@pytest.mark.parametrize("read", ["湖南省长沙市天心区南门口1号", "广西", "", "广东省柳州市城中区"])
def test_elsewhere_no_place_is_known(read: str) -> None:
    assert addresses_like(read) == {read: 0}


def test_every_address_that_may_be_meant_is_as_long_as_the_one_read() -> None:
    read = "广西崇左市江州区联卢镇果立村板江电110号"
    assert {len(meant) for meant in addresses_like(read)} == {len(read)}
