"""缴费标准: whose table is asked for, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from contract.contribution import Tier, Tiers, list_tiers
from contract.errors import InvalidInput
from contract.insurance import InsuranceType, PayerKind
from contract.money import percent_text
from contract.places import Division, Divisions, Place, list_divisions
from services.gateway.domain import standards as domain
from services.gateway.domain.places import LEVELS
from services.gateway.domain.standards import Standard, Wanted
from services.gateway.usecases.places import pick_place
from services.gateway.usecases.ports import Ports
from services.gateway.usecases.standards import find_standards
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import MEDICAL, enrolment

TODAY = dt.date(2026, 11, 23)
NANNING, QINGXIU = Division("4501", "南宁市"), Division("450103", "青秀区")


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Place(NANNING, QINGXIU), "450103"),
        (Place(NANNING), "450100"),
        (Place(), ""),
        (Place(Division("", "南宁市")), ""),
        (domain.place_of("450103001002"), "450103"),
    ],
    ids=["county", "city", "nowhere", "typed", "enrolment"],
)
def test_a_place_has_the_standards_of_its_county_or_else_of_its_city(place: Place, code: str) -> None:
    assert domain.division_of(place) == code


def test_what_a_page_was_asked_for_is_settled_never_refused() -> None:
    assert domain.settle_year("2027", TODAY) == 2027
    assert [domain.settle_year(typed, TODAY) for typed in ("", "2025", "2028", "x", "２０２７")] == [2026] * 5
    flexible = enrolment(MEDICAL)
    assert domain.settle_kind("1", flexible) is PayerKind.FLEXIBLE
    assert domain.settle_kind("", flexible) is PayerKind.RESIDENT
    assert domain.settle_kind("9", None) is PayerKind.RESIDENT


def test_a_program_says_exactly_what_it_wants() -> None:
    asked = {"division_code": "450103", "payer_kind": "1", "year": "2027"}
    assert domain.asked_for(asked, TODAY) == Wanted("450103", PayerKind.FLEXIBLE, 2027)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("division_code", ["", "4501", "440103", "45010x", "４５０１０３", "450103001"]),
        ("payer_kind", ["", "2", "resident"]),
        ("year", ["", "2025", "2028", "二〇二六", "02026", "２０２６"]),
    ],
)
def test_what_a_program_may_not_ask_names_the_field(field: str, values: list[str]) -> None:
    asked = {"division_code": "450103", "payer_kind": "0", "year": "2026"}
    for value in values:
        with pytest.raises(InvalidInput) as refused:
            domain.asked_for(asked | {field: value}, TODAY)
        assert refused.value.detail == {"field": field}


def test_both_insurance_types_are_asked_for(ports: Ports, peers: FakePeers) -> None:
    found = find_standards(Wanted("450103", PayerKind.FLEXIBLE, 2027), ports)
    assert [one.insurance_type for one in found] == list(InsuranceType)
    asked = [(a.insurance_type, a.payer_kind, a.division_code, a.year) for a in peers.asked["list_tiers"]]
    assert asked == [(kind, PayerKind.FLEXIBLE, "450103", 2027) for kind in InsuranceType]


def test_no_upstream_is_asked(ports: Ports, peers: FakePeers) -> None:
    find_standards(Wanted("450103", PayerKind.RESIDENT, 2026), ports)
    assert set(peers.asked) == {list_tiers.name}


@pytest.mark.parametrize(
    ("from_year", "year", "awaits"), [(2025, 2027, True), (2027, 2027, False), (2025, 2026, False)]
)
def test_next_year_by_an_older_table_is_said_to_be_provisional(
    from_year: int, year: int, awaits: bool
) -> None:
    standard = Standard(InsuranceType.MEDICAL, Tiers((Tier("a", "a", 1),), None, "南宁市税务局", from_year))
    assert standard.awaits(year, TODAY) is awaits
    assert not standard.demonstration
    assert Standard(InsuranceType.MEDICAL, Tiers((), source="演示数据")).demonstration
    assert not Standard(InsuranceType.MEDICAL, Tiers(())).awaits(2027, TODAY)


def test_towns_are_not_asked_for_where_no_place_keeps_standards(ports: Ports, peers: FakePeers) -> None:
    below = {"45": (NANNING,), "4501": (QINGXIU,)}

    def answer(asked: Any) -> Divisions:
        return Divisions(below[asked.parent])

    peers.answer(list_divisions, answer)
    picker = pick_place(domain.place_of("450103"), ports, LEVELS[:2])
    assert picker.place == Place(NANNING, QINGXIU)
    assert [asked.parent for asked in peers.asked["list_divisions"]] == ["45", "4501"]


@pytest.mark.parametrize(("points", "text"), [(2000, "20%"), (850, "8.5%"), (100, "1%"), (1234, "12.34%")])
def test_a_ratio_is_written_as_a_percentage(points: int, text: str) -> None:
    assert percent_text(points) == text
