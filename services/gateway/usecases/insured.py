"""代他人缴费 (3.2.1.7): whom a payer may pick, and how paying for somebody begins."""

from __future__ import annotations

import datetime as dt

from contract import household
from contract.household import InsuredNotFound, ListInsured, NameInsured, Pick, PickInsured, TypedPerson
from services.gateway.domain.drafts import Journey
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.usecases import journeys
from services.gateway.usecases.ports import Ports


def list_picks(payer_id: str, ports: Ports) -> tuple[Pick, ...]:
    """The payer's pick-list: members of the household and everybody paid for before, newest first."""
    return ports.peers.call(household.list_insured, ListInsured(payer_id)).picks


def find_related(payer_id: str, relation_id: str, ports: Ports) -> Pick:
    """The entry of the pick-list with this relation. Raises InsuredNotFound."""
    found = next((pick for pick in list_picks(payer_id, ports) if pick.relation_id == relation_id), None)
    if found is None:
        raise InsuredNotFound
    return found


def pay_for_picked(payer: LoggedInPayer, pick_id: str, life: dt.timedelta, ports: Ports) -> Journey:
    """A journey for somebody of the pick-list; nothing is typed again. Raises InsuredNotFound."""
    insured = ports.peers.call(household.pick_insured, PickInsured(payer.person_id, pick_id))
    return journeys.start_journey(payer, life, ports, insured)


def pay_for_typed(payer: LoggedInPayer, typed: TypedPerson, life: dt.timedelta, ports: Ports) -> Journey:
    """A journey for somebody typed. Raises what name_insured raises."""
    insured = ports.peers.call(household.name_insured, NameInsured(payer.person_id, typed))
    return journeys.start_journey(payer, life, ports, insured)
