"""The tax–bank subsystem's answers in every shape, and nonsense: what is read, and what is never charged."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from contract.contribution import Enrolment, EnrolmentEntry, UpstreamUnavailable
from tests.contract.adapters.sandbox_process import RunningSandbox, answering
from tests.contract.adapters.taxbanks import MEDICAL, PEOPLE, RESIDENT, adapter

ENTRY = {
    "sbjbjgdm": "450103", "sbjbjgmc": "某社保中心", "rybm": "1", "zgswjgdm": "14501030000", "xzqhdm": "450103",
    "zsxmdm": "10212", "zspmdm": "102120001",
}  # fmt: skip


INSURED = {"djxh": "1", "jflxDm": "0", "cbdjxxlist": [ENTRY]}


LINE = {"jfnd": "2026", "je": "400.00", "jfzt": "0", "dc": "", "yjsj": "", "yjqd": ""}


def found(data: object) -> str:
    return json.dumps({"code": "0000", "message": "成功", "data": data})


def ask_enrolment(body: str) -> Enrolment | None:
    with answering(body) as url:
        taxbank = adapter(url)
        try:
            return taxbank.find_enrolment(PEOPLE["medical_only"])
        finally:
            taxbank._http.close()


def ask_payables(body: str) -> Any:
    entry = EnrolmentEntry("1", MEDICAL, "450103", "某社保中心", "1", "14501030000", "450103", "102120001")
    with answering(body) as url:
        taxbank = adapter(url)
        try:
            return taxbank.find_payables(PEOPLE["medical_only"], RESIDENT, entry, 2026)
        finally:
            taxbank._http.close()


@pytest.mark.parametrize("ask", [ask_enrolment, ask_payables])
@pytest.mark.parametrize(
    "body",
    ["", "<html>", "null", "[]", "{}", '{"code":"0000"}', '{"code":"9999","data":{}}', found(None), found([]),
     found("韦秀兰"), '{"code":null,"data":null}'],
)  # fmt: skip
def test_nonsense_is_unavailable(ask: Callable[[str], Any], body: str) -> None:
    with pytest.raises(UpstreamUnavailable):
        ask(body)


@pytest.mark.parametrize(
    "data",
    [
        {},
        INSURED | {"djxh": None},
        INSURED | {"jflxDm": "9"},
        INSURED | {"cbdjxxlist": "10212"},
        INSURED | {"cbdjxxlist": [None]},
        INSURED | {"cbdjxxlist": [{name: ENTRY[name] for name in ENTRY if name != "rybm"}]},
        INSURED | {"cbdjxxlist": ENTRY | {"rybm": 1}},
    ],
)
def test_an_enrolment_of_another_shape_is_unavailable(data: dict[str, Any]) -> None:
    with pytest.raises(UpstreamUnavailable):
        ask_enrolment(found(data))


@pytest.mark.parametrize("missing", [[], None])
def test_an_enrolment_without_entries_is_read(missing: object) -> None:
    assert ask_enrolment(found(INSURED | {"cbdjxxlist": missing})) == Enrolment("1", RESIDENT, ())


def test_insurance_types_of_others_are_left_out() -> None:
    unemployment = ENTRY | {"zsxmdm": "10204"}
    enrolment = ask_enrolment(found(INSURED | {"cbdjxxlist": [unemployment, ENTRY]}))
    assert enrolment is not None
    assert [(entry.entry_id, entry.insurance_type) for entry in enrolment.entries] == [("1", MEDICAL)]


@pytest.mark.parametrize(
    "changed",
    [{"je": ""}, {"je": "四百"}, {"je": "-1.00"}, {"je": "0.001"}, {"je": "NaN"}, {"je": None}, {"je": 400.0},
     {"jfnd": "二〇二六"}, {"jfnd": None}, {"jfzt": None}, {"jfzt": "2"}, {"jfzt": ""},
     {"jfzt": "1", "yjsj": "yesterday"}, {"ssqq": "January"}, {"ssqz": "202613"}, {"ssqz": None}],
    ids=str,
)  # fmt: skip
def test_a_payable_that_cannot_be_read_is_never_charged(changed: dict[str, Any]) -> None:
    with pytest.raises(UpstreamUnavailable):
        ask_payables(found({"jfmx": [LINE | changed]}))


def test_a_payable_with_fields_we_do_not_know_is_read() -> None:
    (payable,) = ask_payables(found({"jfmx": LINE | {"ssqq": "202604", "new": {"field": 1}}}))
    assert (payable.year, payable.amount, payable.paid) == (2026, 40000, False)
    assert payable.period == ("202604", "202612")


@pytest.mark.parametrize("data", [{}, {"jfmx": None}, {"jfmx": []}])
def test_no_lines_are_no_payables(data: dict[str, Any]) -> None:
    assert list(ask_payables(found(data))) == []


def test_nothing_personal_is_logged_or_raised(
    sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = PEOPLE["medical_only"]
    taxbank = adapter(sandbox.url)
    taxbank.find_enrolment(person)
    taxbank._http.close()
    raised = []
    echo = INSURED | {
        "xm": person.name,
        "zjhm": person.document_number,
        "cbdjxxlist": [{"rybm": person.name}],
    }
    for body in (found(echo), found(None), "<html>", '{"code":"9999","data":null}'):
        with pytest.raises(UpstreamUnavailable) as unavailable:
            ask_enrolment(body)
        raised.append(str(unavailable.value) + str(unavailable.value.detail))
    with pytest.raises(UpstreamUnavailable):
        ask_payables(found({"jfmx": LINE | {"je": person.document_number, "jfnd": person.name}}))
    messages = {record.message.split(":")[0] for record in caplog.records}
    assert "tax-bank subsystem answered in another shape" in messages
    assert "tax-bank subsystem gave no answer" in messages
    logged = " ".join([*raised, *(str(vars(record)) for record in caplog.records)])
    for personal in (person.document_number, person.name):
        assert personal not in logged
