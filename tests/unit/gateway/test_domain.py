"""What may be chosen when, and in which order it is asked for (3.2.1.6, 3.2.1.15(二))."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.contribution import EnrolmentEntry, Tier, Tiers
from contract.errors import InvalidInput
from contract.insurance import InsuranceType
from services.gateway.domain import drafts, paths
from services.gateway.domain.drafts import AgencyChoice, Draft, Selection
from services.gateway.domain.sessions import Session
from tests.unit.gateway.conftest import MEDICAL, MEDICAL_ELSEWHERE, NOW, PENSION, PERSON, TIERS, enrolment

TODAY = dt.date(2026, 11, 23)
IDLE, ABSOLUTE = dt.timedelta(minutes=30), dt.timedelta(hours=8)


def _draft(*entries: EnrolmentEntry) -> Draft:
    return Draft(PERSON, enrolment(*entries))


def test_several_types_none_is_chosen() -> None:
    assert drafts.settle(_draft(PENSION, MEDICAL), Selection(), TODAY) == Selection()


def test_one_type_is_chosen_with_its_only_agency_and_this_year() -> None:
    settled = drafts.settle(_draft(MEDICAL), Selection(), TODAY)
    assert settled == Selection(InsuranceType.MEDICAL, MEDICAL.entry_id, 2026)


def test_medical_is_offered_for_this_year_and_the_next_pension_for_this() -> None:
    assert drafts.years_of(InsuranceType.MEDICAL, TODAY) == (2026, 2027)
    assert drafts.years_of(InsuranceType.PENSION, TODAY) == (2026,)
    assert drafts.years_of(None, TODAY) == ()


def test_a_year_that_is_not_offered_becomes_this_year() -> None:
    wanted = Selection(InsuranceType.PENSION, year=2027)
    assert drafts.settle(_draft(PENSION, MEDICAL), wanted, TODAY).year == 2026


def test_an_insurance_type_one_is_not_enrolled_in_cannot_be_chosen() -> None:
    wanted = Selection(InsuranceType.PENSION, "x", 2026, "300")
    settled = drafts.settle(_draft(MEDICAL), wanted, TODAY)
    assert settled.insurance_type is InsuranceType.MEDICAL


def test_several_agencies_none_is_chosen_until_one_is_tapped() -> None:
    draft = _draft(MEDICAL, MEDICAL_ELSEWHERE)
    draft = replace(draft, selection=drafts.settle(draft, Selection(), TODAY))
    assert draft.selection.entry_id is None
    assert drafts.agency_name(draft) == ""
    tapped = drafts.choose_agency(draft, MEDICAL_ELSEWHERE.agency_code)
    assert tapped.selection.entry_id == MEDICAL_ELSEWHERE.entry_id
    assert drafts.agency_name(tapped) == MEDICAL_ELSEWHERE.agency_name


def test_an_agency_that_was_not_offered_cannot_be_tapped() -> None:
    draft = replace(_draft(MEDICAL), selection=Selection(InsuranceType.MEDICAL, MEDICAL.entry_id, 2026))
    with pytest.raises(InvalidInput):
        drafts.choose_agency(draft, "999999")


def test_the_second_choice_of_an_agency_answers_the_medical_interface() -> None:
    draft = replace(
        _draft(MEDICAL), selection=Selection(InsuranceType.MEDICAL, MEDICAL.entry_id, 2026),
        agencies=(AgencyChoice("450702", "钦州市钦南区"), AgencyChoice("450902", "玉林市玉州区")),
    )  # fmt: skip
    tapped = drafts.choose_agency(draft, "450702")
    assert tapped.selection.agency_code == "450702"
    assert tapped.selection.entry_id == MEDICAL.entry_id
    assert drafts.agency_name(tapped) == "钦州市钦南区"


def test_an_only_tier_is_chosen_and_an_unknown_one_dropped() -> None:
    assert drafts.with_tier(Selection(tier_code="999"), TIERS.tiers).tier_code is None
    assert drafts.with_tier(Selection(tier_code="300"), TIERS.tiers).tier_code == "300"
    assert drafts.with_tier(Selection(), (Tier("standard", "标准", 40_000),)).tier_code == "standard"


@pytest.mark.parametrize(
    ("selection", "prompt"),
    [
        (Selection(), "请选择缴费险种..."),
        (Selection(InsuranceType.PENSION), "请选择社保经办机构..."),
        (Selection(InsuranceType.PENSION, PENSION.entry_id, 2026), "请选择缴费档次..."),
    ],
)
def test_the_checks_come_in_their_order(selection: Selection, prompt: str) -> None:
    options = replace(drafts.options_for(_draft(PENSION, MEDICAL), selection, TODAY), table=TIERS)
    with pytest.raises(InvalidInput, match=prompt.replace(".", r"\.")):
        drafts.check_selection(selection, options)


def test_a_complete_selection_passes() -> None:
    selection = Selection(InsuranceType.PENSION, PENSION.entry_id, 2026, "300")
    options = replace(drafts.options_for(_draft(PENSION), selection, TODAY), table=TIERS)
    drafts.check_selection(selection, options)
    drafts.check_selection(replace(selection, tier_code=None), replace(options, table=Tiers(())))


def test_only_a_sole_medical_agency_is_confirmed_and_once_per_year() -> None:
    sole = Selection(InsuranceType.MEDICAL, MEDICAL.entry_id, 2026)
    options = drafts.options_for(_draft(MEDICAL, PENSION), sole, TODAY)
    assert drafts.needs_confirmation(sole, options)
    confirmed = replace(sole, confirmed=sole.to_confirm)
    assert not drafts.needs_confirmation(confirmed, options)
    assert drafts.needs_confirmation(replace(confirmed, year=2027), options)

    pension = Selection(InsuranceType.PENSION, PENSION.entry_id, 2026)
    assert not drafts.needs_confirmation(pension, drafts.options_for(_draft(PENSION), pension, TODAY))
    several = drafts.options_for(_draft(MEDICAL, MEDICAL_ELSEWHERE), sole, TODAY)
    assert not drafts.needs_confirmation(sole, several)


@pytest.mark.parametrize(
    ("agency", "place"),
    [
        ("南宁市青秀区社会保险经办中心", "南宁市青秀区"),
        ("梧州市万秀区社会保险经办中心", "梧州市万秀区"),
        ("桂林市龙胜各族自治县社会保险经办中心", "桂林市龙胜各族自治县"),
        ("百色市靖西市社会保险经办中心", "百色市靖西市"),
        ("南宁市市本级社保中心", "南宁市"),
        ("上林县医疗保障局", "上林县"),
        ("社保中心", "社保中心"),
    ],
)
def test_the_place_an_agency_serves(agency: str, place: str) -> None:
    assert drafts.place_of(agency) == place


@pytest.mark.parametrize(
    ("typed", "phone"),
    [("", None), ("  ", None), ("138 0013 8000", "13800138000"), ("+86 138-0013-8000", "13800138000")],
)
def test_the_reminder_phone_is_optional_and_tolerant(typed: str, phone: str | None) -> None:
    assert drafts.reminder_phone(typed) == phone


@pytest.mark.parametrize("typed", ["1", "12800138000", "1380013800", "138001380001", "abc"])
def test_a_wrong_reminder_phone_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        drafts.reminder_phone(typed)
    assert refused.value.detail["field"] == "reminder_phone"


@given(st.text(max_size=40))
def test_a_local_path_stays_on_this_site(text: str) -> None:
    path = paths.local_path(text)
    assert path is None or (path.startswith("/") and "//" not in path and "\\" not in path)


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil", "https://evil", "", None, "/a?b", "/a#b", "/a\n", "/../a"]
)
def test_what_is_not_a_path_of_ours_leads_nowhere(path: str | None) -> None:
    assert paths.local_path(path) is None


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/journeys/j-1/choice", "/journeys/j-1"), ("/orders/o-1/close", "/orders/o-1"),
        ("/journeys", "/menu"), ("/logout", "/menu"), ("/", "/menu"),
    ],
)  # fmt: skip
def test_the_way_back_shows_the_present_state(path: str, back: str) -> None:
    assert paths.way_back(path) == back


def test_a_session_dies_of_rest_and_of_age() -> None:
    session = Session(b"", "o", "c", NOW, NOW)
    assert session.alive(NOW + IDLE, IDLE, ABSOLUTE)
    assert not session.alive(NOW + IDLE + dt.timedelta(seconds=1), IDLE, ABSOLUTE)
    busy = replace(session, last_seen_at=NOW + ABSOLUTE)
    assert busy.alive(NOW + ABSOLUTE, IDLE, ABSOLUTE)
    assert not busy.alive(NOW + ABSOLUTE + dt.timedelta(seconds=1), IDLE, ABSOLUTE)
