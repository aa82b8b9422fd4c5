"""A payer's own data, and when it may be forgotten (security.md 15)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.agreement import AgreementView
from contract.payment import OrderState, OrderView
from contract.rights import PersonExport

EXPORTED_ORDERS = 100
"""As many orders as payment lists at once: the newest."""

_UNSETTLED = frozenset({OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.REFUNDING})


@dataclass(frozen=True)
class AccountExport:
    """Everything we keep about a payer, masked. `orders`: the newest EXPORTED_ORDERS they paid for, amounts in fen;
    `agreements`: every 三方协议."""

    exported_at: dt.datetime
    person: PersonExport
    orders: tuple[OrderView, ...]
    agreements: tuple[AgreementView, ...]


def is_unsettled(order: OrderView) -> bool:
    """Money may still move: who is owed it must stay known to us."""
    return order.state in _UNSETTLED or order.refund_case
