"""What was paid for a person, whoever paid it (requirement 3.2.1.8). Served by payment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.insurance import Channel, InsuranceType
from contract.people import Person
from contract.rpc import Method


@dataclass(frozen=True)
class ListPaid:
    """What was paid for one person, whoever paid it, for the contribution years from `since` to `until` (3.2.1.8).

    Number and name must both be the insured's.
    """

    insured: Person
    since: int
    until: int


@dataclass(frozen=True)
class PaidContribution:
    """One paid year of one insurance type, without anybody's name; `amount` in fen, `social_number` is 社保编号."""

    insurance_type: InsuranceType
    year: int
    amount: int
    agency_code: str
    agency_name: str
    social_number: str
    channel: Channel
    paid_at: dt.datetime


@dataclass(frozen=True)
class PaidContributions:
    """In the order they were paid, the years of one payment oldest first."""

    contributions: tuple[PaidContribution, ...]


@dataclass(frozen=True)
class FindLiveOrder:
    """Ask whether anybody is paying, or has paid, for this person, insurance type and year."""

    insured: Person
    insurance_type: InsuranceType
    year: int


@dataclass(frozen=True)
class LiveOrder:
    """`exists` says so without saying whose it is."""

    exists: bool


list_paid = Method("payment", "list_paid", ListPaid, PaidContributions, deadline=3.0)
find_live_order = Method("payment", "find_live_order", FindLiveOrder, LiveOrder, deadline=3.0)
