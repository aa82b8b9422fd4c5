"""The directory of people registered with 移动办税 (requirement 3.2.1.2, case 3).

Signed JSON over POST as at the tax-bank subsystem. Every persona is registered as ``oRealname-<key>`` from
the start; the control API registers others and takes entries away. Only keys and phones are stored.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import signatures
from sandbox.people import Person
from sandbox.signatures import BadSignature
from sandbox.world import Subject, World, the_world, upstream

blueprint = Blueprint("realname", __name__, url_prefix="/realname/v1")

FOUND, NOT_FOUND, BAD_REQUEST, UNSIGNED = "0000", "1001", "1002", "9001"
ID_CARD = "201"
FIXED = "oRealname-"
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


class BadEntry(ValueError):
    """An entry that cannot be registered; the message is Chinese."""


def registered(world: World, openid: str) -> tuple[Person, str] | None:
    """Who is registered as that WeChat user, and their phone."""
    row = world.store.one("SELECT person, phone FROM real_names WHERE openid = ?", (openid,))
    if row is None:
        person = _fixed(world, openid)
        return (person, fixed_phone(world, person)) if person else None
    person = world.population.named(row["person"])
    return (person, row["phone"]) if person else None


def fixed_phone(world: World, person: Person) -> str:
    """The phone with which a persona is registered from the start."""
    return f"1390077{world.population.personas.index(person) + 1:04d}"


def register(world: World, openid: str, key: str, phone: str) -> None:
    """Register a person (persona, djxh or rybm) as that WeChat user, in place of whoever was."""
    person = world.population.named(key)
    if person is None:
        raise BadEntry(f"没有 {key} 这个人")
    if not _MOBILE.fullmatch(phone):
        raise BadEntry("手机号码应为11位")
    _write(world, openid, person.persona or person.djxh, phone)


def remove(world: World, openid: str) -> None:
    """Nobody is registered as that WeChat user any more; also takes away a fixed entry."""
    _write(world, openid, "", "")


def _write(world: World, openid: str, key: str, phone: str) -> None:
    with world.store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO real_names VALUES (?, ?, ?)", (openid, key, phone))


def _fixed(world: World, openid: str) -> Person | None:
    return next((person for person in world.population.personas if FIXED + person.persona == openid), None)


@blueprint.errorhandler(BadSignature)
def unsigned(error: BadSignature) -> ResponseReturnValue:
    return _envelope(UNSIGNED, f"验签失败：{error}"), 401


def _envelope(code: str, message: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "data": data}


def _openid() -> str | None:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return None
    openid = body.get("openid") if isinstance(body, dict) else None
    return openid if isinstance(openid, str) else None


def _subject() -> Subject:
    found = registered(the_world(), _openid() or "")
    return Subject(id_hash=found[0].id_hash) if found else Subject()


@blueprint.post("/persons")
@upstream("realname", "persons", _subject)
def persons() -> ResponseReturnValue:
    """实名信息查询: who is registered as a WeChat user."""
    world, header = the_world(), request.headers.get("Authorization", "")
    app_id, app_key = world.settings["REALNAME_APP_ID"], world.settings["REALNAME_APP_KEY"]
    skew = world.faults.effective()["realname"]["timestamp_skew_seconds"]
    signatures.verify_header(header, request.get_data(), app_id, [app_key], world.clock.now(), skew)
    openid = _openid()
    if openid is None:
        return _envelope(BAD_REQUEST, "缺少 openid"), 400
    found = registered(world, openid)
    if found is None:
        return _envelope(NOT_FOUND, "未查询到实名信息")
    person, phone = found
    return _envelope(
        FOUND, "成功", {"zjlx": ID_CARD, "zjhm": person.id_number, "xm": person.name, "sjhm": phone}
    )
