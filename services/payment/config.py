"""Settings of the payment service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kit.config import ServiceConfig, outside, secret


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """UnionPay's open platform, the key that opens quotes, and how long things take (seconds).

    `unionpay_communication_keys` are newest first; a notify signed with any of them is genuine.
    """

    service: ClassVar[str] = "payment"

    quote_keys: str = secret()
    unionpay_url: str = outside()
    unionpay_app_id: str
    unionpay_app_key: str = secret()
    unionpay_communication_keys: tuple[str, ...] = secret()
    unionpay_source_number: str
    unionpay_mid: str
    unionpay_tid: str
    unionpay_inst_mid: str = "YUEDANDEFAULT"
    unionpay_notify_url: str
    unionpay_return_url: str
    unionpay_timeout: float = 4.0
    order_valid_for: int = 1800
    certificate_after: int = 86400

    def problems(self) -> list[str]:
        problems = super().problems()
        if len(self.unionpay_source_number) != 4:
            problems.append("UNIONPAY_SOURCE_NUMBER: must have 4 characters")
        return problems
