"""One payment for several people at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.contribution import Tier
from contract.insurance import InsuranceType
from services.gateway.api.payloads.journeys import InsuredWanted


@dataclass(frozen=True)
class BatchWanted:
    """Whom to pay for, and for which insurance type and year; `own` adds the payer. 50 people at most."""

    people: tuple[InsuredWanted, ...]
    insurance_type: InsuranceType
    year: int
    own: bool = False


@dataclass(frozen=True)
class TermsWanted:
    """What everybody of a batch is paid for."""

    insurance_type: InsuranceType
    year: int


@dataclass(frozen=True)
class PeopleWanted:
    """More people for a batch."""

    people: tuple[InsuredWanted, ...]
    own: bool = False


@dataclass(frozen=True)
class PersonRefused:
    """Somebody who is not in the batch, by their place in `people`, from 0 (-1 is the payer). `reason` is an error's
    code, `title` its words."""

    place: int
    reason: str
    title: str


@dataclass(frozen=True)
class AgencyOffered:
    """An agency to choose."""

    code: str
    name: str


@dataclass(frozen=True)
class LineShown:
    """One insured of a batch, masked. `status` is `waiting` (not answered yet), `payable`, or `blocked`: then `reason`
    is an error's code, `title` its words, and `way` says what helps: `choose` (PUT the line with an agency, a year or a
    tier), `again` (POST the questions), or `none`. `amount` in fen."""

    line_id: str
    insured_name: str
    insured_number: str
    status: str
    year: int | None = None
    tier_code: str | None = None
    tier_label: str = ""
    agency_name: str = ""
    amount: int = 0
    expires_at: dt.datetime | None = None
    reason: str = ""
    title: str = ""
    way: str = ""
    agencies: tuple[AgencyOffered, ...] = ()


@dataclass(frozen=True)
class BatchShown:
    """A batch as it is now. `status` is `asking` while anybody waits to be asked about: then GET it again after
    `retry_after` seconds; `ahead` is how many go before the next of them. `ready`: `amount` (fen) is the sum of the
    payable lines, and `idempotency_key` is what an order for exactly these is placed with. `placed`: `order_id`;
    `left`: another one took its place; `choosing`: PUT its terms."""

    batch_id: str
    status: str
    insurance_type: InsuranceType | None
    year: int | None
    asked: int
    payable: int
    blocked: int
    amount: int
    idempotency_key: str
    lines: tuple[LineShown, ...]
    refused: tuple[PersonRefused, ...] = ()
    order_id: str | None = None
    ahead: int | None = None
    retry_after: int | None = None


@dataclass(frozen=True)
class LineWanted:
    """What was chosen for one insured; what is left out stays. `tier_for_all` gives the tier to all others who need
    one."""

    year: int | None = None
    tier_code: str = ""
    agency_code: str = ""
    tier_for_all: bool = False


@dataclass(frozen=True)
class TiersOfLine:
    """The tiers one insured may choose from."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class BatchOrderWanted:
    """`reminder_phone` gets the results by SMS; left out, the login phone does."""

    reminder_phone: str | None = None
