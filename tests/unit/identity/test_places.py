"""Places picked level by level, and what may be typed where there is no code (3.2.1.13(一))."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.places import GUANGXI, Division, InvalidPlace, ListDivisions, Place
from services.identity import divisions
from services.identity.divisions import Gazetteer
from services.identity.domain.places import GAP_TEXT, NAME_TEXT, place_of
from services.identity.usecases.places import list_divisions

GAZETTEER = Gazetteer()
JIANZHENG = Place(
    Division("4501", "南宁市"), Division("450103", "青秀区"), Division("450103003", "建政街道"),
    Division("450103003011", "茅桥社区居委会"),
)  # fmt: skip
EMPTY = Division()


def below(parent: str) -> tuple[Division, ...]:
    return list_divisions(ListDivisions(parent), GAZETTEER).divisions


def refused(place: Place) -> tuple[str, str]:
    with pytest.raises(InvalidPlace) as found:
        place_of(place, GAZETTEER)
    return found.value.detail["field"], found.value.message


def test_the_data_is_all_of_guangxi() -> None:
    levels = [below(GUANGXI)]
    for _ in range(3):
        levels.append(tuple(d for parent in levels[-1] for d in below(parent.code)))
    assert [len(level) for level in levels] == [14, 111, 1284, 16681]
    for level, digits in zip(levels, (4, 6, 9, 12), strict=True):
        assert {len(d.code) for d in level} == {digits} and all(d.name for d in level)
        codes = [d.code for d in level]
        assert codes == sorted(set(codes))


def test_a_place_is_picked_from_city_to_village() -> None:
    assert below(GUANGXI)[0] == JIANZHENG.city
    for parent, child in zip(JIANZHENG.levels, JIANZHENG.levels[1:], strict=False):
        assert child in below(parent.code)
        assert place_of(JIANZHENG, GAZETTEER) == JIANZHENG


@pytest.mark.parametrize("code", ["450103003011", "4599", "450199", "450103999", "", "4", "45010", "44", "450103ABC",
                                  "../../", "..", "/etc/passwd", "450103/../x", "４５０１", "guangxi"])  # fmt: skip
def test_nothing_lies_in_a_village_or_in_what_does_not_exist(code: str) -> None:
    assert below(code) == ()


def test_only_so_many_counties_are_kept_in_memory() -> None:
    for county in below("4501") + below("4502") + below("4503"):
        below(county.code)
    kept = divisions._county.cache_info()
    assert kept.currsize <= (kept.maxsize or 0) < 111


def test_names_come_from_the_data_and_not_from_the_page() -> None:
    renamed = replace(JIANZHENG, city=Division("4501", "北京市"), village=Division("450103003011", ""))
    assert place_of(renamed, GAZETTEER) == JIANZHENG


@pytest.mark.parametrize("given", [None, Place(), Place(Division("", " "), Division("", "\u200b"))])
def test_a_place_may_be_left_out(given: Place | None) -> None:
    assert place_of(given, GAZETTEER) is None


@pytest.mark.parametrize("known", [1, 2, 3])
def test_a_place_may_end_at_any_level(known: int) -> None:
    part = Place(*JIANZHENG.levels[:known])
    assert place_of(part, GAZETTEER) == part


@pytest.mark.parametrize("coded", [1, 2, 3])
def test_below_the_last_code_everything_may_be_typed(coded: int) -> None:
    typed = [Division("", f" 第{n}　级 ") for n in range(coded, 4)]
    found = place_of(Place(*JIANZHENG.levels[:coded], *typed), GAZETTEER)
    assert found is not None
    assert [level.name for level in found.levels[coded:]] == [f"第{n} 级" for n in range(coded, 4)]


def test_a_city_is_always_picked() -> None:
    field, _ = refused(Place(Division("", "南宁市")))
    assert field == "city"


def test_nothing_follows_an_empty_level() -> None:
    assert refused(replace(JIANZHENG, city=EMPTY)) == ("city", GAP_TEXT)
    assert refused(replace(JIANZHENG, county=EMPTY)) == ("county", GAP_TEXT)
    assert refused(replace(JIANZHENG, town=EMPTY, village=Division("", "长岗"))) == ("town", GAP_TEXT)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (replace(JIANZHENG, city=Division("4599")), "city"),
        (replace(JIANZHENG, city=Division("4401", "广州市")), "city"),
        (replace(JIANZHENG, city=Division("450103")), "city"),
        (replace(JIANZHENG, city=Division("45")), "city"),
        (replace(JIANZHENG, city=Division("4502")), "county"),
        (replace(JIANZHENG, county=Division("450199")), "county"),
        (replace(JIANZHENG, county=Division("450103003")), "county"),
        (replace(JIANZHENG, county=Division("450102")), "town"),
        (replace(JIANZHENG, county=Division("", "青秀区")), "town"),
        (replace(JIANZHENG, town=Division("450103002")), "village"),
        (replace(JIANZHENG, town=Division("", "建政街道")), "village"),
        (replace(JIANZHENG, village=Division("450103003999")), "village"),
        (replace(JIANZHENG, village=Division("45010300300３")), "village"),
    ],
)
def test_a_code_exists_and_lies_in_the_one_above_it(place: Place, field: str) -> None:
    assert refused(place) == (field, InvalidPlace.text)


@pytest.mark.parametrize("name", ["长" * 41, "长\0岗", "长\x1b[2J岗", "长\ud800岗"])
def test_typed_names_are_short_and_hold_no_control_characters(name: str) -> None:
    assert refused(replace(JIANZHENG, village=Division("", name))) == ("village", NAME_TEXT)


def test_a_typed_name_of_forty_characters_and_rare_ones_are_taken() -> None:
    typed = replace(JIANZHENG, village=Division("", "𠮷" + "长" * 39))
    assert place_of(typed, GAZETTEER) == typed
