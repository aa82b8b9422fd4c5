"""Settings of the contribution service."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kit.config import ServiceConfig, outside, own_secret, secret
from kit.waiting import Limits
from services.contribution.adapters.taxcore_wire import BadWire, read_wire
from services.contribution.domain.agreements import LEASE
from services.contribution.domain.banks import BadBanks, BankList, bank_list

_BANKS = Path(__file__).parent / "banks.json"


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """The tax–bank subsystem, the tax core and the key that seals quotes; times in seconds.

    Of each upstream, `…_limit` calls may be in flight at once over all replicas, and `…_room` requests may wait. After
    `upstream_failures` failures in a row it is left alone for `upstream_rest`.
    """

    service: ClassVar[str] = "contribution"

    staff_keys: str = own_secret()
    taxbank_url: str = outside()
    taxbank_app_id: str
    taxbank_app_key: str = secret()
    taxbank_timeout: float = 9.0
    taxbank_limit: int = 20
    taxbank_room: int = 1000
    taxcore_url: str = outside()
    taxcore_wire: Path | None = None
    taxcore_timeout: float = 9.0
    taxcore_limit: int = 10
    taxcore_room: int = 500
    typed_people_per_day: int = 10
    upstream_failures: int = 5
    upstream_rest: float = 10.0
    enrolment_kept_days: int = 7
    quote_keys: str = secret()
    quote_valid_for: int = 900
    agreement_banks: Path | None = None
    agreement_valid_for: int = 900

    @property
    def upstreams(self) -> Mapping[str, Limits]:
        """What each upstream may be asked of at once, by the name its methods carry in the contract."""
        return {
            "taxbank": Limits(self.taxbank_limit, self.taxbank_room, self.taxbank_timeout + 1),
            "taxcore": Limits(self.taxcore_limit, self.taxcore_room, self.taxcore_timeout + 1),
        }

    @property
    def enrolment_kept(self) -> dt.timedelta:
        """How long the last known enrolment may be shown while the upstream is down."""
        return dt.timedelta(days=self.enrolment_kept_days)

    def banks(self) -> BankList:
        """Who takes tripartite agreements online. Raises BadBanks."""
        path = self.agreement_banks or _BANKS
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadBanks([f"cannot read {path}: {type(error).__name__}"]) from None
        return bank_list(data)

    def problems(self) -> list[str]:
        problems = super().problems()
        limits = self.upstreams.items()
        problems += [f"{name.upper()}_LIMIT: must be at least 1" for name, of in limits if of.in_flight < 1]
        problems += [f"{name.upper()}_ROOM: must be at least 1" for name, of in limits if of.room < 1]
        if sum(of.in_flight for _, of in limits) >= self.max_workers:
            problems.append("CONTRIBUTION_MAX_WORKERS: must be more than all upstreams' limits together")
        if self.upstreams["taxcore"].seconds > LEASE.total_seconds() / 2:
            problems.append("TAXCORE_TIMEOUT: longer than an agreement is kept from others")
        if self.typed_people_per_day < 1:
            problems.append("TYPED_PEOPLE_PER_DAY: must be at least 1")
        if self.upstream_failures < 1:
            problems.append("UPSTREAM_FAILURES: must be at least 1")
        try:
            read_wire(self.taxcore_wire)
        except BadWire as error:
            problems.append(f"TAXCORE_WIRE: {error}")
        try:
            self.banks()
        except BadBanks as error:
            problems += [f"AGREEMENT_BANKS: {problem}" for problem in error.problems]
        return problems
