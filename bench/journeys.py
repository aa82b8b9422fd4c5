"""Residents' journeys as RPCs, all at once: `python -m bench.journeys`, a caller on the gateway's account.

Each line of input is a JSON list of {name, number}; each line of output says how each journey went: the seconds its
enrolment and its quote took, or the error it ended with. With `place`, each quote becomes an order whose payment page
is opened.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

# ruff: noqa: E402
import json
import os
import sys
import time
import uuid
from typing import Any

import requests
from nameko.containers import ServiceContainer
from nameko.testing.services import dummy, entrypoint_hook

from contract import contribution, payment
from contract.contribution import FindEnrolment, ListTiers, QuotePayable
from contract.errors import ContractError
from contract.insurance import InsuranceType
from contract.payment import ItemWanted, Payer, PlaceOrder
from contract.people import DocumentType, Person
from kit.rpc import Caller, RpcCaller


class Residents:
    """A service that only calls."""

    name = "gateway"
    rpc = RpcCaller()

    @dummy
    def go(self, people: list[dict[str, str]], year: int, place: bool) -> list[dict[str, Any]]:
        pool = eventlet.GreenPool(len(people))
        return list(pool.imap(lambda one: _journey(self.rpc, one, year, place), people))


def _journey(rpc: Caller, one: dict[str, str], year: int, place: bool) -> dict[str, Any]:
    outcome: dict[str, Any] = {"number": one["number"]}
    person = Person(DocumentType.RESIDENT_ID, one["number"], one["name"])
    began = time.monotonic()
    try:
        enrolment = rpc.call(contribution.find_enrolment, FindEnrolment(person, uuid.uuid4().hex))
        outcome["enrolment"] = time.monotonic() - began
        outcome["as_of"] = str(enrolment.as_of or "")
        medical = next(e for e in enrolment.entries if e.insurance_type is InsuranceType.MEDICAL)
        wanted = ListTiers(enrolment.payer_kind, medical.insurance_type, medical.division_code, year)
        tiers = rpc.call(contribution.list_tiers, wanted).tiers
        asked = QuotePayable(person, enrolment, medical.entry_id, year, tiers[0].code if tiers else "")
        began = time.monotonic()
        quoted = rpc.call(contribution.quote_payable, asked)
        outcome["quote"] = time.monotonic() - began
        if place:
            payer = Payer(str(uuid.uuid4()), one["name"], "")
            order = rpc.call(
                payment.place_order, PlaceOrder(payer, (ItemWanted(quoted.quote),), uuid.uuid4().hex)
            )
            requests.get(order.payment_url, allow_redirects=False, timeout=30).raise_for_status()
        outcome["completed"] = True
    except ContractError as error:
        outcome["error"], outcome["detail"] = error.code, error.detail
        outcome["seconds"] = time.monotonic() - began
    return outcome


def main() -> None:
    container = ServiceContainer(Residents, {"AMQP_URI": os.environ["AMQP_URI"], "max_workers": 10})
    container.start()
    print("ready", flush=True)
    for line in sys.stdin:
        with entrypoint_hook(container, "go", timeout=300) as go:
            print(json.dumps(go(**json.loads(line))), flush=True)
    container.stop()


if __name__ == "__main__":
    main()
