"""A call proves for whom of the staff it is made, to one service, once (docs/adr/0026)."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

import pytest

from contract import catalogue
from contract.refunds import get_refund, retry_refund
from contract.staff import PROVINCE, RIGHTS, NotOfThisRole, Role, Staff, StaffUnproven, reach_of
from kit.clock import SetClock
from kit.crypto import KeyRing
from kit.staff import LIFE, open_seal, seal_for
from tests.factories.keys import ring

NOW = dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC)
KEYS, OTHERS_KEYS = KeyRing.parse(ring()), KeyRing.parse(ring())
HUANG = Staff("huang", "黄敏", Role.AUTHORITY, "450100")
BODY = '{"args": [], "kwargs": {"request": {"refund_id": "1"}}}'
METHODS = {f"{method.service}.{method.name}": method for method in catalogue.METHODS}


def opened(seal: Any, method: Any = retry_refund, body: str = BODY, now: dt.datetime = NOW) -> Staff:
    return open_seal(seal, method.service, method.name, body, KEYS, now)


def seal(staff: Staff = HUANG, method: Any = retry_refund, body: str = BODY, keys: KeyRing = KEYS) -> str:
    return seal_for(staff, keys, SetClock(NOW))(method, body)


def test_the_service_learns_who_it_is() -> None:
    assert opened(seal(), retry_refund, BODY, NOW) == HUANG


@pytest.mark.parametrize("given", [None, "", "x", "?" * 80, 7, b"\xff", json.dumps({"account": "huang"})])
def test_without_a_seal_nobody_acts(given: Any) -> None:
    with pytest.raises(StaffUnproven):
        opened(given, retry_refund, BODY, NOW)


def test_a_seal_is_for_its_method_its_body_and_its_service_alone() -> None:
    with pytest.raises(StaffUnproven):
        opened(seal(), get_refund, BODY, NOW)
    with pytest.raises(StaffUnproven):
        opened(seal(), retry_refund, BODY.replace("1", "2"), NOW)
    with pytest.raises(StaffUnproven):
        opened(seal(keys=OTHERS_KEYS), retry_refund, BODY, NOW)


def test_a_seal_with_one_changed_character_is_none() -> None:
    whole = seal()
    for place in (0, 20, len(whole) // 2, len(whole) - 2):
        forged = whole[:place] + ("A" if whole[place] != "A" else "B") + whole[place + 1 :]
        with pytest.raises(StaffUnproven):
            opened(forged, retry_refund, BODY, NOW)


def test_a_seal_on_the_bus_names_nobody() -> None:
    """It travels in a header (security.md 11)."""
    shown = seal().encode()
    for plain in (HUANG.account, HUANG.name, HUANG.pooling_code, HUANG.role.value):
        assert plain.encode() not in shown and plain.encode().hex().encode() not in shown


def test_an_old_seal_is_none() -> None:
    assert opened(seal(), retry_refund, BODY, NOW + LIFE) == HUANG
    with pytest.raises(StaffUnproven):
        opened(seal(), retry_refund, BODY, NOW + LIFE + dt.timedelta(seconds=1))


@pytest.mark.parametrize(("name", "role"), [*itertools.product(sorted(RIGHTS), Role)])
def test_every_role_may_what_the_table_says_and_nothing_else(name: str, role: Role) -> None:
    method, staff = METHODS[name], Staff("x", "某人", role)
    sealed = seal(staff, method)
    if role in RIGHTS[name]:
        assert opened(sealed, method, BODY, NOW) == staff
    else:
        with pytest.raises(NotOfThisRole):
            opened(sealed, method, BODY, NOW)


def test_a_level_reaches_itself_and_what_lies_below() -> None:
    nanning = Staff("n", "南宁", Role.AUTHORITY, "450100")
    assert nanning.reaches("45010301") and not nanning.reaches("45020301") and not nanning.reaches("")
    county = Staff("q", "青秀", Role.AUTHORITY, "450103")
    assert county.reaches("45010301") and not county.reaches("45010501")
    assert Staff("p", "自治区", Role.AUTHORITY, PROVINCE).reaches("")
    assert (reach_of("450100"), reach_of("450103"), reach_of(PROVINCE)) == ("4501", "450103", "")
