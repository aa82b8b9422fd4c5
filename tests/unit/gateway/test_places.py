"""The place picker: level by level, free text where there is no code, nothing lost while identity is away."""

from __future__ import annotations

import pytest

from contract.errors import DeadlineExceeded, Unavailable
from contract.places import Division, Divisions, ListDivisions, Place, list_divisions
from services.gateway.domain.places import Picker, typed_place
from services.gateway.usecases.places import pick_place
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers

NANNING, QINGXIU = Division("4501", "南宁市"), Division("450103", "青秀区")
LIUZHOU, TOWN = Division("4502", "柳州市"), Division("450103001", "新竹街道")
VILLAGE = Division("450103001001", "新竹社区居委会")
_BELOW = {"45": (NANNING, LIUZHOU), "4501": (QINGXIU,), "450103": (TOWN,), "450103001": (VILLAGE,)}


@pytest.fixture(autouse=True)
def _divisions(peers: FakePeers) -> None:
    def below(asked: ListDivisions) -> Divisions:
        return Divisions(_BELOW.get(asked.parent, ()))

    peers.answer(list_divisions, below)


def _form(**levels: str) -> Place | None:
    return typed_place({f"place_{name}": text for name, text in levels.items()})


def _shown(picker: Picker) -> list[tuple[str, str]]:
    return [(level.name, level.chosen.code or level.chosen.name) for level in picker.levels]


def test_a_form_names_codes_and_typed_names() -> None:
    assert _form() is None
    assert _form(city=" 4501 ", county="", town="") == Place(Division("4501"))
    assert _form(city="4501", county="某县") == Place(Division("4501"), Division("", "某县"))
    assert _form(village="450103001001", village_name="那坡屯") == Place(village=Division("450103001001"))
    assert _form(city="4501", village="", village_name=" 那坡屯 ") == Place(
        Division("4501"), village=Division("", "那坡屯")
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, [("city", "")]),
        ({"city": "4501"}, [("city", "4501"), ("county", "")]),
        ({"city": "4501", "county": "450103"}, [("city", "4501"), ("county", "450103"), ("town", "")]),
        (
            {"city": "4501", "county": "450103", "town": "450103001", "village_name": "那坡屯"},
            [("city", "4501"), ("county", "450103"), ("town", "450103001"), ("village", "那坡屯")],
        ),
        ({"city": "4502", "county": "450103"}, [("city", "4502"), ("county", "")]),
        ({"city": "9999"}, [("city", "")]),
    ],
    ids=["nothing", "city", "county", "village in words", "another city", "no such city"],
)
def test_the_next_level_is_offered(given: dict[str, str], shown: list[tuple[str, str]], ports: Ports) -> None:
    """What was chosen below a level that has changed since is dropped."""
    picker = pick_place(_form(**given), ports)
    assert _shown(picker) == shown
    assert picker.answered
    assert picker.whole == (shown[-1][0] == "village")


def test_a_level_without_codes_is_typed_and_so_is_everything_below(ports: Ports, peers: FakePeers) -> None:
    picker = pick_place(_form(city="4502", county="某县", town="某镇"), ports)
    assert _shown(picker) == [("city", "4502"), ("county", "某县"), ("town", "某镇"), ("village", "")]
    assert [level.typed for level in picker.levels] == [False, True, True, True]
    assert [asked.parent for asked in peers.asked["list_divisions"]] == ["45", "4502"]


def test_a_village_may_be_typed_until_one_is_chosen(ports: Ports) -> None:
    whole = {"city": "4501", "county": "450103", "town": "450103001"}
    open_village = pick_place(_form(**whole), ports).levels[-1]
    assert open_village.typed
    assert open_village.listed == [("", "请选择"), (VILLAGE.code, VILLAGE.name)]
    assert not pick_place(_form(**whole, village=VILLAGE.code), ports).levels[-1].typed


@pytest.mark.parametrize("error", [Unavailable(), DeadlineExceeded()])
def test_while_identity_is_away_what_was_chosen_is_kept(
    error: Exception, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(list_divisions, error)
    picker = pick_place(_form(city="4501", county="450103", village_name="那坡屯"), ports)
    assert not picker.answered
    assert _shown(picker) == [("city", "4501"), ("county", "450103"), ("town", ""), ("village", "那坡屯")]
    assert len(peers.asked["list_divisions"]) == 1, "one question is enough to know that nobody answers"


def test_a_division_that_left_the_list_is_shown_by_its_name(ports: Ports) -> None:
    """A member's place from an older list of divisions, opened to be edited."""
    picker = pick_place(Place(NANNING, Division("450199", "某区")), ports)
    assert picker.levels[1].chosen == Division("", "某区")
