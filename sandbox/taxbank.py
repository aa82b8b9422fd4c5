"""The tax-bank subsystem wrapped by UnionPay (protocols section 2).

Signed JSON over POST; every answer is ``{"code", "message", "data"}``. Code 0000 is success and 1001
says that nothing was found, with data null.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import fees, signatures
from sandbox.payables import insured_answer, payable_answer
from sandbox.people import FLEXIBLE, RESIDENT, Enrolment, Person
from sandbox.signatures import BadSignature
from sandbox.world import Subject, the_world, upstream

blueprint = Blueprint("taxbank", __name__, url_prefix="/taxbank/v1")

FOUND, NOT_FOUND, BAD_REQUEST, UNSIGNED = "0000", "1001", "1002", "9001"
ID_CARD = "201"


class BadCall(Exception):
    """The body is not what the interface asks for."""


def _envelope(code: str, message: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "data": data}


@blueprint.errorhandler(BadSignature)
def unsigned(error: BadSignature) -> ResponseReturnValue:
    return _envelope(UNSIGNED, f"验签失败：{error}"), 401


@blueprint.errorhandler(BadCall)
def bad_call(error: BadCall) -> ResponseReturnValue:
    return _envelope(BAD_REQUEST, str(error)), 400


def _person() -> Person | None:
    """The person asked about, if number and name fit."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        return None
    person = the_world().population.with_id_number(str(body.get("zjhm", "")))
    return person if person and person.name == body.get("xm") else None


def _subject() -> Subject:
    person = _person()
    if person is None:
        return Subject()
    return Subject(f"person:{person.djxh}", person.faults, person.id_hash)


def _verified_body(*required: str) -> dict[str, Any]:
    world, raw = the_world(), request.get_data()
    app_id, app_key = world.settings["TAXBANK_APP_ID"], world.settings["TAXBANK_APP_KEY"]
    skew = world.faults.effective()["taxbank"]["timestamp_skew_seconds"]
    header = request.headers.get("Authorization", "")
    signatures.verify_header(header, raw, app_id, [app_key], world.clock.now(), skew)
    try:
        body: Any = json.loads(raw)
    except ValueError:
        raise BadCall("报文不是 JSON") from None
    if not isinstance(body, dict):
        raise BadCall("报文不是 JSON 对象")
    missing = [name for name in required if not isinstance(body.get(name), str)]
    if missing:
        raise BadCall(f"缺少 {'、'.join(missing)}")
    return body


def _answer(person: Person, data: dict[str, Any], list_name: str) -> dict[str, Any]:
    """A list of one arrives as an object unless the settings say otherwise: callers must take both."""
    plan = the_world().faults.effective(f"person:{person.djxh}", person.faults)["taxbank"]
    items = data[list_name]
    if len(items) == 1 and plan["single_item"] == "object":
        data = data | {list_name: items[0]}
    return _envelope(FOUND, "成功", data)


@blueprint.post("/insured")
@upstream("taxbank", "insured", _subject)
def insured() -> ResponseReturnValue:
    """参保查询."""
    body = _verified_body("zjlx", "zjhm", "xm")
    person = _person()
    if body["zjlx"] != ID_CARD or person is None or not person.known:
        return _envelope(NOT_FOUND, "未查询到参保登记信息")
    return _answer(person, insured_answer(person), "cbdjxxlist")


@blueprint.post("/resident-payable")
@upstream("taxbank", "resident_payable", _subject)
def resident_payable() -> ResponseReturnValue:
    """城乡居民查询."""
    return _payable(RESIDENT)


@blueprint.post("/flexible-payable")
@upstream("taxbank", "flexible_payable", _subject)
def flexible_payable() -> ResponseReturnValue:
    """灵活就业查询."""
    return _payable(FLEXIBLE)


def _payable(kind: str) -> ResponseReturnValue:
    body = _verified_body("zjhm", "xm", "xzlx", "jfnd")
    person = _person()
    if person is None or not person.known or person.kind != kind:
        return _envelope(NOT_FOUND, "未查询到缴费信息")
    asked = _asked_enrolment(person, body)
    if asked is None:
        return _envelope(NOT_FOUND, "未查询到该险种的参保登记信息")
    world = the_world()
    again = person.choose_agency_again and asked.insurance_type == fees.RESIDENT_MEDICAL
    data = payable_answer(world.store, person, asked, body["jfnd"], world.clock.now(), show_agencies=again)
    return _answer(person, data, "jfmx")


def _asked_enrolment(person: Person, body: dict[str, Any]) -> Enrolment | None:
    """The enrolment of that type; rybm and sbjbjgdm narrow the choice when they are given."""
    for enrolment in person.enrolments:
        if (
            enrolment.insurance_type == body["xzlx"]
            and body.get("rybm") in (None, "", enrolment.person_number)
            and body.get("sbjbjgdm") in (None, "", enrolment.agency.code)
        ):
            return enrolment
    return None
