"""Every RPC says for whom it is asked, or why it need not (security.md 4): a new one cannot be forgotten.

What a request names is checked where the data is: another person's is not found, and the method says so.
"""

from __future__ import annotations

import dataclasses

from contract import catalogue
from contract.errors import InvalidInput, NotFound
from contract.rpc import Method
from contract.staff import roles_for

METHODS = [method for method in catalogue.METHODS if method.request.__module__.startswith("contract.")]

OWNERS = {"payer_id", "person_id", "owner_id", "payer", "person", "operator"}
"""Fields that name the resident whose data is asked for, as the gateway's session knows them; the operator is
who pays for others (3.2.1.13)."""

NOT_OWNED = {
    "identity.request_login_code": "nobody is known yet: counted by openid, address, phone and number",
    "identity.log_in": "the code is the proof; guesses are counted",
    "identity.recall_visitor": "names the WeChat user, whom WeChat vouched for",
    "identity.list_divisions": "public data",
    "identity.check_person": "keeps and tells nothing but what was typed",
    "contribution.get_queue_place": "the ticket is random, and tells a number",
    "contribution.list_tiers": "public data",
    "contribution.list_banks": "public data",
    "certificate.check_certificate": "open to anybody by what is printed (3.2.1.16); counted by address and number",
    "certificate.check_file": "the same by the file",
    "certificate.read_school_link": "the link is sealed, and names a school and a period",
    "notify.send_code": "asked by identity alone",
    "ocr.read_card": "the photo waits under a 256-bit address that works once",
    "payment.list_paid": "asked by contribution for whom the gateway's payer was allowed to name",
    "payment.find_live_order": "asked by contribution for the insured of a quote; tells a state, nobody",
}
"""Methods that name no owner, each with its reason."""

QUIET = {"identity.remove_relation"}
"""What is not theirs stays, and is not told from what is gone (test_a_stranger_removes_nothing)."""


def _name(method: Method[object, object]) -> str:
    return f"{method.service}.{method.name}"


def _fields(method: Method[object, object]) -> set[str]:
    return {field.name for field in dataclasses.fields(method.request)}  # type: ignore[arg-type]


def test_every_method_says_for_whom_it_is_asked_or_why_not() -> None:
    for method in METHODS:
        # Staff's calls are sealed for whom they are made, and their roles listed (contract/staff.py).
        if method.name != "check_health" and not roles_for(method.service, method.name):
            assert (_name(method) in NOT_OWNED) != bool(_fields(method) & OWNERS), _name(method)


def test_no_reason_is_left_of_a_method_that_is_gone() -> None:
    assert set(NOT_OWNED) <= {_name(method) for method in METHODS}


def test_what_is_somebodys_and_named_by_an_id_may_be_not_found() -> None:
    """Not theirs and not there are one answer."""
    for method in METHODS:
        fields = _fields(method)
        ids = {name for name in fields - OWNERS if name.endswith("_id")}
        if fields & OWNERS and ids and _name(method) not in QUIET:
            refusals = (NotFound, InvalidInput)
            assert any(issubclass(error, refusals) for error in method.errors), _name(method)
