"""Settings of the payment service."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from kit.config import ServiceConfig, needed, outside, own_secret, secret
from services.payment.adapters.layouts import BadLayouts, read_layouts
from services.payment.merchants import BadMerchants, Merchant, Merchants
from services.payment.publishers import BadPublishers, Publishers


class Route(enum.StrEnum):
    """Which generation of UnionPay's interface is spoken (docs/adr/0016)."""

    OPEN_PLATFORM = "open-platform"
    COMMUNICATION_KEY = "communication-key"


_OPEN_PLATFORM = ("unionpay_route", Route.OPEN_PLATFORM)
_COMMUNICATION_KEY = ("unionpay_route", Route.COMMUNICATION_KEY)


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """UnionPay's route, our merchants there, the keys of quotes and of seals, how long things take (seconds), and the
    other tax systems whose events are believed (docs/adr/0019).

    A notify signed with any of `unionpay_communication_keys` is genuine; on the route of that name the first signs.
    """

    service: ClassVar[str] = "payment"

    staff_keys: str = own_secret()
    quote_keys: str = secret()
    unionpay_route: Route = Route.OPEN_PLATFORM
    unionpay_url: str = outside()
    unionpay_app_id: str = needed(_OPEN_PLATFORM)
    unionpay_app_key: str = secret(_OPEN_PLATFORM)
    unionpay_msg_src: str = needed(_COMMUNICATION_KEY)
    unionpay_communication_keys: tuple[str, ...] = secret()
    unionpay_key_expires: str = ""
    unionpay_sign_type: str = "SHA256"
    unionpay_source_number: str
    unionpay_mid: str
    unionpay_tid: str
    unionpay_merchants: Path | None = None
    unionpay_inst_mid: str = "YUEDANDEFAULT"
    unionpay_notify_url: str
    unionpay_return_url: str
    unionpay_timeout: float = 4.0
    unionpay_settlement_path: str = "/netpay-portal/settlement.do"
    taxcore_records_url: str = outside()
    reconciliation_layouts: Path | None = None
    reconciliation_hour: int = 6
    reconciliation_cut: str = "23:00:00"
    order_valid_for: int = 1800
    certificate_after: int = 86400
    publisher_keys: tuple[str, ...] = secret(default=())

    @cached_property
    def merchants(self) -> Merchants:
        """Ours at UnionPay. Raises BadMerchants."""
        return Merchants.read(self.unionpay_merchants, Merchant(self.unionpay_mid, self.unionpay_tid))

    @cached_property
    def publishers(self) -> Publishers:
        """The other tax systems. Raises BadPublishers."""
        return Publishers.parse(self.publisher_keys)

    @property
    def key_expires(self) -> dt.date | None:
        """When UnionPay's keys must have been replaced, if the operators have said so."""
        return dt.date.fromisoformat(self.unionpay_key_expires) if self.unionpay_key_expires else None

    def problems(self) -> list[str]:
        problems = super().problems()
        try:
            _ = self.key_expires
        except ValueError:
            problems.append("UNIONPAY_KEY_EXPIRES: expected YYYY-MM-DD")
        if len(self.unionpay_source_number) != 4:
            problems.append("UNIONPAY_SOURCE_NUMBER: must have 4 characters")
        if self.unionpay_sign_type not in ("MD5", "SHA256"):
            problems.append("UNIONPAY_SIGN_TYPE: expected MD5 or SHA256")
        if not self.unionpay_communication_keys:
            problems.append("UNIONPAY_COMMUNICATION_KEYS: names no key")
        try:
            _ = self.merchants
        except BadMerchants as error:
            problems.append(f"UNIONPAY_MERCHANTS: {error}")
        return problems + self._reconciliation_problems() + self._publisher_problems()

    def _publisher_problems(self) -> list[str]:
        try:
            _ = self.publishers
        except BadPublishers as error:
            return [f"PUBLISHER_KEYS: {error}"]
        return []

    def _reconciliation_problems(self) -> list[str]:
        problems = []
        try:
            read_layouts(self.reconciliation_layouts)
        except BadLayouts as error:
            problems.append(f"RECONCILIATION_LAYOUTS: {error}")
        if not 0 <= self.reconciliation_hour < 24:
            problems.append("RECONCILIATION_HOUR: expected 0 to 23")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", self.reconciliation_cut):
            problems.append("RECONCILIATION_CUT: expected HH:MM:SS")
        return problems
