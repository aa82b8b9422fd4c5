"""What the tax-bank subsystem answers about every persona, on the wire (protocols section 2)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.app import create_app
from sandbox.clock import SHANGHAI
from sandbox.people import Person
from sandbox.personas import personas
from sandbox.settings import Settings
from tests.contract.sandbox.caller import Caller, world

THIS_YEAR = datetime.now(SHANGHAI).year
NEXT_YEAR = THIS_YEAR + 1
PEOPLE = {person.persona: person for person in personas()}
MEDICAL, PENSION, FLEXIBLE_PENSION, FLEXIBLE_MEDICAL = "10212", "10210", "10201", "10203"


def insured(caller: Caller, person: Person, **changed: str) -> dict[str, Any]:
    body = {"zjlx": "201", "zjhm": person.id_number, "xm": person.name} | changed
    answer = caller.taxbank("insured", **body)
    assert answer.status_code == 200
    return dict(answer.json or {})


def payable(caller: Caller, person: Person, type_: str, year: str, **changed: str) -> dict[str, Any]:
    kind = "flexible" if person.kind == "1" else "resident"
    enrolment = next(e for e in person.enrolments if e.insurance_type == type_)
    body = {
        "zjhm": person.id_number,
        "xm": person.name,
        "rybm": enrolment.person_number,
        "sbjbjgdm": enrolment.agency.code,
        "xzlx": type_,
        "jfnd": year,
    } | changed
    answer = caller.taxbank(f"{kind}-payable", **body)
    assert answer.status_code == 200
    return dict(answer.json or {})


def lines(answer: dict[str, Any]) -> list[dict[str, str]]:
    """jfmx as a list, whichever way it came."""
    items = answer["data"]["jfmx"]
    return items if isinstance(items, list) else [items]


def test_one_enrolment_comes_as_an_object_with_every_field(caller: Caller) -> None:
    data = insured(caller, PEOPLE["medical_only"])["data"]
    assert data == {
        "djxh": "10124501030090000001",
        "xm": "韦秀兰",
        "zjhm": "450103197806122040",
        "jflxDm": "0",
        "cbdjxxlist": {
            "sbjbjgdm": "45010301",
            "sbjbjgmc": "南宁市青秀区社会保险经办中心",
            "rybm": "45010390000001",
            "zgswjgdm": "14501030000",
            "xzqhdm": "450103",
            "zsxmdm": MEDICAL,
            "zspmdm": "102120001",
            "xzlx": MEDICAL,
        },
    }


def test_two_insurance_types_come_as_an_array_at_one_agency(caller: Caller) -> None:
    enrolments = insured(caller, PEOPLE["medical_and_pension"])["data"]["cbdjxxlist"]
    assert [e["xzlx"] for e in enrolments] == [MEDICAL, PENSION]
    assert len({(e["sbjbjgdm"], e["rybm"]) for e in enrolments}) == 1


def test_one_enrolment_comes_as_an_array_for_the_persona_who_shows_that(caller: Caller) -> None:
    answer = insured(caller, PEOPLE["list_as_array"])
    assert isinstance(answer["data"]["cbdjxxlist"], list)
    assert isinstance(payable(caller, PEOPLE["list_as_array"], MEDICAL, str(THIS_YEAR))["data"]["jfmx"], list)


def test_not_enrolled_is_1001_without_data(caller: Caller) -> None:
    assert insured(caller, PEOPLE["not_enrolled"]) == {
        "code": "1001",
        "message": "未查询到参保登记信息",
        "data": None,
    }


def test_another_name_or_document_finds_nobody(caller: Caller) -> None:
    assert insured(caller, PEOPLE["medical_only"], xm="韦秀")["code"] == "1001"
    assert insured(caller, PEOPLE["medical_only"], zjlx="208")["code"] == "1001"


def test_basic_information_without_insurance_type(caller: Caller) -> None:
    answer = insured(caller, PEOPLE["no_insurance_type"])
    assert answer["code"] == "0000"
    assert answer["data"]["cbdjxxlist"] == []


def test_medical_in_two_agencies_with_two_person_numbers(caller: Caller) -> None:
    enrolments = insured(caller, PEOPLE["two_agencies"])["data"]["cbdjxxlist"]
    assert [e["xzlx"] for e in enrolments] == [MEDICAL, MEDICAL]
    assert len({e["rybm"] for e in enrolments}) == len({e["sbjbjgdm"] for e in enrolments}) == 2


def test_the_medical_answer_can_show_two_agencies_again(caller: Caller) -> None:
    answered = lines(payable(caller, PEOPLE["two_agencies_again"], MEDICAL, str(THIS_YEAR)))
    assert {line["sbjbjgdm"] for line in answered} == {"45090201", "45070201"}
    assert all(line["rybm"] and line["sbjbjgmc"] for line in answered)


@pytest.mark.parametrize("persona", ["id_ends_in_x", "dotted_name", "rare_character", "under_14"])
def test_unusual_names_and_numbers_are_found(caller: Caller, persona: str) -> None:
    person = PEOPLE[persona]
    assert insured(caller, person)["data"]["xm"] == person.name
    assert lines(payable(caller, person, MEDICAL, str(THIS_YEAR)))[0]["jfzt"] == "0"


def test_a_small_x_finds_the_same_person(caller: Caller) -> None:
    person = PEOPLE["id_ends_in_x"]
    assert insured(caller, person, zjhm=person.id_number.lower())["code"] == "0000"


@pytest.mark.parametrize("year", [THIS_YEAR, NEXT_YEAR])
def test_medical_of_this_and_the_next_year_is_payable(caller: Caller, year: int) -> None:
    assert payable(caller, PEOPLE["medical_only"], MEDICAL, str(year))["data"]["jfmx"] == {
        "jfnd": str(year),
        "ssqq": f"{year}01",
        "ssqz": f"{year}12",
        "dc": "",
        "je": "400.00",
        "jfzt": "0",
        "yjsj": "",
        "yjqd": "",
    }


def test_medical_without_a_year_shows_both(caller: Caller) -> None:
    answered = lines(payable(caller, PEOPLE["medical_only"], MEDICAL, ""))
    assert [line["jfnd"] for line in answered] == [str(THIS_YEAR), str(NEXT_YEAR)]


@pytest.mark.parametrize("year", [THIS_YEAR - 1, THIS_YEAR + 2])
def test_medical_of_other_years_is_not_payable(caller: Caller, year: int) -> None:
    assert payable(caller, PEOPLE["medical_only"], MEDICAL, str(year))["data"]["jfmx"] == []


def test_pension_has_one_line_per_tier_this_year_only(caller: Caller) -> None:
    answered = lines(payable(caller, PEOPLE["pension_only"], PENSION, str(THIS_YEAR)))
    assert [line["je"] for line in answered] == [
        f"{yuan}.00" for yuan in (*range(100, 1001, 100), 1500, 2000)
    ]
    assert answered[0]["dc"] == "100元档"
    assert lines(payable(caller, PEOPLE["pension_only"], PENSION, str(NEXT_YEAR))) == []


def test_all_paid_shows_both_years_with_time_and_channel(caller: Caller) -> None:
    for year in (THIS_YEAR, NEXT_YEAR):
        (line,) = lines(payable(caller, PEOPLE["all_paid"], MEDICAL, str(year)))
        assert (line["jfzt"], line["je"], line["yjqd"]) == ("1", "400.00", "微信城市服务")
        assert datetime.strptime(line["yjsj"], "%Y-%m-%d %H:%M:%S") < datetime.now()  # noqa: DTZ005, DTZ007


def test_declared_shows_time_channel_type_year_and_amount(caller: Caller) -> None:
    (medical,) = lines(payable(caller, PEOPLE["declared"], MEDICAL, str(THIS_YEAR)))
    assert (medical["jfzt"], medical["yjqd"]) == ("1", "支付宝城市服务")
    (pension,) = lines(payable(caller, PEOPLE["declared"], PENSION, str(THIS_YEAR)))
    assert (pension["jfzt"], pension["dc"], pension["je"]) == ("1", "300元档", "300.00")
    (next_year,) = lines(payable(caller, PEOPLE["declared"], MEDICAL, str(NEXT_YEAR)))
    assert next_year["jfzt"] == "0"


def test_flexible_worker_is_answered_by_the_other_endpoint(caller: Caller) -> None:
    person = PEOPLE["flexible"]
    assert insured(caller, person)["data"]["jflxDm"] == "1"
    tiers = lines(payable(caller, person, FLEXIBLE_PENSION, str(THIS_YEAR)))
    assert (tiers[0]["dc"], tiers[0]["je"], tiers[-1]["je"]) == ("60%基数档", "9728.64", "48643.20")
    assert lines(payable(caller, person, FLEXIBLE_MEDICAL, str(THIS_YEAR)))[0]["je"] == "4134.67"
    wrong_door = caller.taxbank(
        "resident-payable", zjhm=person.id_number, xm=person.name, xzlx=FLEXIBLE_PENSION, jfnd=str(THIS_YEAR)
    )
    assert (wrong_door.json or {})["code"] == "1001"


@pytest.mark.parametrize(
    ("persona", "xzlx", "count"),
    [("arrears_13", PENSION, 13), ("flexible_arrears", FLEXIBLE_PENSION, 3), ("no_arrears", PENSION, 0)],
)
def test_back_payment(caller: Caller, persona: str, xzlx: str, count: int) -> None:
    answered = lines(payable(caller, PEOPLE[persona], xzlx, "0000"))
    assert [line["jfnd"] for line in answered] == [str(y) for y in range(THIS_YEAR - count, THIS_YEAR)]
    assert all(line["jfzt"] == "0" for line in answered)


def test_medical_has_no_back_payment(caller: Caller) -> None:
    assert lines(payable(caller, PEOPLE["arrears_13"], MEDICAL, "0000")) == []


@pytest.mark.parametrize("changed", [{"xzlx": PENSION}, {"rybm": "1"}, {"sbjbjgdm": "45020201"}])
def test_a_payable_of_another_type_number_or_agency_is_not_found(
    caller: Caller, changed: dict[str, str]
) -> None:
    assert payable(caller, PEOPLE["medical_only"], MEDICAL, str(THIS_YEAR), **changed)["code"] == "1001"


def test_the_failing_persona_always_fails(caller: Caller) -> None:
    person = PEOPLE["upstream_fails"]
    for _ in range(3):
        answer = caller.taxbank("insured", zjlx="201", zjhm=person.id_number, xm=person.name)
        assert answer.status_code == 503
        assert answer.json is None


def test_the_slow_persona_is_late_but_answers(caller: Caller, client: FlaskClient) -> None:
    plan = client.get("/sandbox/api/people/upstream_slow/settings").json
    assert plan is not None
    assert plan["taxbank"]["latency_ms"] == 6000
    client.put("/sandbox/api/people/upstream_slow/settings", json={"taxbank": {"latency_ms": 80}})
    start = datetime.now(SHANGHAI)
    assert insured(caller, PEOPLE["upstream_slow"])["code"] == "0000"
    assert datetime.now(SHANGHAI) - start >= timedelta(milliseconds=80)


def test_a_wrong_signature_is_refused(caller: Caller) -> None:
    person = PEOPLE["medical_only"]
    body = {"zjlx": "201", "zjhm": person.id_number, "xm": person.name}
    answer = caller.signed_post("/taxbank/v1/insured", body, "TAXBANK", key="0" * 32)
    assert answer.status_code == 401
    assert answer.json is not None
    assert (answer.json["code"], answer.json["data"]) == ("9001", None)
    assert caller.client.post("/taxbank/v1/insured", json=body).status_code == 401


@pytest.mark.parametrize("body", [[], {}, {"zjlx": "201", "zjhm": 1, "xm": "x"}])
def test_a_bad_body_is_refused(caller: Caller, body: Any) -> None:
    answer = caller.signed_post("/taxbank/v1/insured", body, "TAXBANK")
    assert answer.status_code == 400
    assert (answer.json or {})["code"] == "1002"


def test_calls_about_one_person_are_counted(caller: Caller, client: FlaskClient) -> None:
    insured(caller, PEOPLE["medical_only"])
    insured(caller, PEOPLE["flexible"])
    payable(caller, PEOPLE["medical_only"], MEDICAL, str(THIS_YEAR))
    counted = client.get("/sandbox/api/counters?person=medical_only").json
    assert counted == {"taxbank.insured": 1, "taxbank.resident_payable": 1}


def test_years_follow_the_shifted_clock(settings: Settings, tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    offset.write_text(str(366 * 86_400))
    shifted = Settings(
        database=settings.database,
        residents=0,
        sms_templates=settings.sms_templates,
        clock_offset_file=offset,
    )
    caller = Caller(create_app(shifted).test_client(), shifted)
    caller.client.put("/sandbox/api/settings", json={"taxbank": {"timestamp_skew_seconds": 0}})
    answered = lines(payable(caller, PEOPLE["medical_only"], MEDICAL, ""))
    later = (datetime.now(SHANGHAI) + timedelta(days=366)).year
    assert [line["jfnd"] for line in answered] == [str(later), str(later + 1)]


def test_nothing_personal_is_stored(caller: Caller, settings: Settings) -> None:
    """The store and its journal hold no ID number and no name, whatever was asked and paid."""
    person = PEOPLE["medical_only"]
    insured(caller, person)
    line = f"{person.djxh} {person.enrolments[0].person_number} {MEDICAL} {THIS_YEAR} 400.00"
    caller.act(caller.placed(attachedData=json.dumps({"lines": [line]})), "pay")
    stored = b"".join(path.read_bytes() for path in Path(settings.database).parent.glob("sandbox.sqlite3*"))
    assert person.djxh.encode() in stored
    assert person.id_number.encode() not in stored
    assert person.name.encode() not in stored
    assert world(caller.client).store.one("SELECT 1 FROM postings") is not None
