"""The population: deterministic, valid, spread, and mostly able to pay."""

from collections import Counter
from datetime import date, datetime

import pytest

from sandbox import fees
from sandbox.divisions import agencies
from sandbox.idnumber import check_digit, complete, normalised
from sandbox.people import FLEXIBLE, Population, residents
from sandbox.personas import personas

CROWD = residents(seed=1, count=10_000)


def test_check_digit_of_the_standards_own_example() -> None:
    assert complete("11010519491231002") == "11010519491231002X"


def test_full_width_spaces_and_small_x_are_one_number() -> None:
    assert normalised(" ４５０１０３ 19890214018x ") == "45010319890214018X"


def test_the_same_seed_gives_the_same_people() -> None:
    assert residents(seed=1, count=10_000) == CROWD


def test_another_seed_gives_other_people() -> None:
    assert residents(seed=2, count=10)[0].id_number != CROWD[0].id_number


def test_every_number_is_valid_unique_and_of_guangxi() -> None:
    numbers = [person.id_number for person in CROWD]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert number[17] == check_digit(number[:17])
        assert number[:6] in agencies()
        assert date(1900, 1, 1) < datetime.strptime(number[6:14], "%Y%m%d").date() < date(2026, 1, 1)  # noqa: DTZ007


def test_all_111_counties_and_all_ages_are_there() -> None:
    assert {person.id_number[:6] for person in CROWD} == set(agencies())
    assert len(agencies()) == 111
    decades = Counter(int(person.id_number[6:10]) // 10 for person in CROWD)
    assert all(decades[decade] > 500 for decade in range(194, 202))


def test_most_residents_can_pay_medical_for_both_years() -> None:
    plain = [p for p in CROWD if p.has(fees.RESIDENT_MEDICAL) and not p.prior_payments and p.kind != FLEXIBLE]
    assert len(plain) > 7_500


def test_the_minority_cases_exist() -> None:
    assert sum(not person.known for person in CROWD) > 100
    assert sum(person.known and not person.enrolments for person in CROWD) > 30
    assert sum(person.kind == FLEXIBLE for person in CROWD) > 100
    assert sum(person.arrears_years > 0 for person in CROWD) > 50
    assert any("·" in person.name for person in CROWD)


def test_agency_codes_have_the_shape_of_the_protocol() -> None:
    nanning = agencies()["450103"]
    assert nanning.name.startswith("南宁市青秀区")
    assert nanning.authority == "14501030000"


def test_personas_are_valid_and_distinct() -> None:
    named = personas()
    assert len({p.persona for p in named}) == len({p.id_number for p in named}) == len(named)
    assert all(p.id_number[17] == check_digit(p.id_number[:17]) for p in named)
    assert not {p.id_number for p in named} & {p.id_number for p in CROWD}


@pytest.mark.parametrize(
    ("persona", "number", "name"),
    [
        ("medical_only", "450103197806122040", "韦秀兰"),
        ("id_ends_in_x", "45010319890214018X", "唐小凤"),
        ("dotted_name", "650103199204116029", "阿依古丽·买买提"),
    ],
)
def test_personas_are_fixed_for_ever(persona: str, number: str, name: str) -> None:
    found = Population(personas()).with_id_number(number.lower())
    assert found is not None
    assert (found.persona, found.name) == (persona, name)


def test_the_rare_character_is_of_extension_b() -> None:
    person = Population(personas()).named("rare_character")
    assert person is not None
    assert any(0x20000 <= ord(character) <= 0x2A6DF for character in person.name)


def test_the_child_is_under_14() -> None:
    child = Population(personas()).named("under_14")
    assert child is not None
    assert date.today().year - int(child.id_number[6:10]) < 14  # noqa: DTZ011


def test_people_are_found_by_every_number_they_have() -> None:
    population = Population((*personas(), *CROWD))
    person = CROWD[0]
    assert population.named(person.djxh) is person
    assert population.named(person.enrolments[0].person_number) is person
    assert population.with_id_number(person.id_number) is person
    assert population.named("nobody") is None
