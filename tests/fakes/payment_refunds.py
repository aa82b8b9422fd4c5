"""The refund storage as a part of the fake order storage: both roll back together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from contract.refunds import RefundOrigin, RefundState
from kit.seals import SealedRow
from services.payment.domain.orders import Item, ItemRefund
from services.payment.domain.refunds import Refund, RefundReport
from services.payment.models import CASE_SEAL
from services.payment.storage.refunds import RefundStorage
from tests.fakes.payment_storage import FakeOrderStorage


@dataclass
class FakeRefundStorage:
    """Refunds by their ids; the order's items show the refunds their lines are in."""

    storage: FakeOrderStorage

    def add(self, tx: Any, refund: Refund) -> bool:
        taken = {(one.order_id, line) for one in self._all() for line in one.lines}
        if self.by_key(tx, refund.origin, refund.idempotency_key) is not None or taken & {
            (refund.order_id, line) for line in refund.lines
        }:
            return False
        self._keep(refund)
        return True

    def by_key(self, tx: Any, origin: RefundOrigin, key: str) -> Refund | None:
        same = (one for one in self._all() if (one.origin, one.idempotency_key) == (origin, key))
        return next(same, None)

    def find(self, tx: Any, refund_id: str) -> Refund | None:
        return self.storage.given_back.get(refund_id)

    def latest(
        self, tx: Any, order_id: str | None, state: RefundState | None, limit: int, reach: str = ""
    ) -> Sequence[Refund]:
        wanted = [
            one for one in self._all() if order_id in (None, one.order_id) and state in (None, one.state)
        ]
        return sorted(wanted, key=lambda one: one.created_at, reverse=True)[:limit]

    def claim_due(self, tx: Any, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Refund]:
        due = [one for one in self._all() if one.next_action_at and one.next_action_at <= now][:limit]
        for one in due:
            self._keep(replace(one, next_action_at=until, attempts=one.attempts + 1))
        return due

    def written(self, refund: Refund) -> SealedRow:
        return RefundStorage().written(refund)

    def case(self, tx: Any, order_id: str, transaction_id: str) -> SealedRow:
        return CASE_SEAL.written(vars(self.storage.refunds[order_id, transaction_id]))

    def move(self, tx: Any, refund: Refund) -> None:
        self._keep(refund)

    def note(
        self, tx: Any, before: Refund, after: Refund, report: RefundReport, now: dt.datetime,
        operator_id: str = "",
    ) -> None:  # fmt: skip
        line = (before.state.value, report.status.value, after.state.value, operator_id)
        self.storage.refund_history.append(line)

    def end_lines(self, tx: Any, refund: Refund) -> None:
        assert refund.refunded_at is not None, "lines end with their money's return, which `move` has noted"

    def close_case(self, tx: Any, refund: Refund, now: dt.datetime) -> dt.datetime:
        key = (refund.order_id, refund.transaction_id)
        case = self.storage.refunds[key] = replace(self.storage.refunds[key], closed_at=now)
        open_still = any(
            one.closed_at is None for one in self.storage.refunds.values() if one.order_id == refund.order_id
        )
        order = self.storage.orders[refund.order_id]
        self.storage.orders[refund.order_id] = replace(order, refund_due=open_still, returned_at=now)
        assert case.paid_at is not None
        return case.paid_at

    def _all(self) -> list[Refund]:
        return list(self.storage.given_back.values())

    def _keep(self, refund: Refund) -> None:
        self.storage.given_back[refund.refund_id] = refund
        order = self.storage.orders[refund.order_id]
        items = tuple(self._shown(order.order_id, number, item) for number, item in enumerate(order.items))
        self.storage.orders[order.order_id] = replace(order, items=items)

    def _shown(self, order_id: str, number: int, item: Item) -> Item:
        found = []
        for one in self._all():
            places = tuple(line for item_number, line in one.lines if item_number == number)
            if places and one.order_id == order_id:
                held_up = one.state is RefundState.FAILED
                found.append(ItemRefund(one.refund_id, places, one.created_at, one.refunded_at, held_up))
        return replace(item, refunds=tuple(sorted(found, key=lambda one: (one.requested_at, one.lines))))
