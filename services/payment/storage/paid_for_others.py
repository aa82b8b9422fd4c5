"""What a payer paid for others: our own lines and other systems', page by page and added up (3.2.1.13).

Only what is the operator's is ever selected: our orders by `payer_id`, other systems' by the operator's keys.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, case, cast, func, or_, select

from contract import schema
from contract.insurance import Channel, InsuranceType
from contract.paid_for_others import PaidFilter, PaidForOther, PaidResult, PaidTotal
from contract.payment import OrderState
from contract.places import CODE_DIGITS, Place
from contract.refunds import RefundState
from kit.columns import Moment
from kit.masking import mask_name, mask_number, mask_social_number
from services.payment.domain.orders import document_of
from services.payment.domain.positions import Operator, Placed, Position
from services.payment.models import external_payments, order_lines, orders, refund_lines, refunds
from services.payment.storage.rows import SAME_LINE

_STATES: Mapping[PaidResult, tuple[str, ...]] = {
    PaidResult.SUCCEEDED: (OrderState.PAID.value,),
    PaidResult.FAILED: (OrderState.FAILED.value, OrderState.CLOSED.value),
    PaidResult.PENDING: (OrderState.PLACED.value, OrderState.SUBMITTED.value, OrderState.UNKNOWN.value),
    PaidResult.REFUNDING: (OrderState.REFUNDING.value,),
    PaidResult.REFUNDED: (OrderState.REFUNDED.value,),
}
"""Which states of an order, or of another system's line, which names them alike, are which result."""
_RESULTS = {state: result for result, states in _STATES.items() for state in states}


@dataclass(frozen=True)
class _Source:
    """One of the two tables; `mine` leaves only what the operator paid for others."""

    columns: Mapping[str, Any]
    joined: Any
    mine: ColumnElement[bool]

    def select(self, wanted: PaidFilter, *columns: ColumnElement[Any]) -> Select[Any]:
        found = select(*columns).select_from(self.joined).where(self.mine)
        return found.where(*_conditions(self.columns, wanted))


class PaidForOthersStorage:
    """Reads both tables as one."""

    def page(
        self, tx: Connection, operator: Operator, wanted: PaidFilter, after: Position | None, limit: int
    ) -> Sequence[Placed]:
        """Newest first."""
        found = [_page(tx, source, wanted, after, limit) for source in _sources(operator)]
        merged = heapq.merge(*found, key=lambda placed: placed.position, reverse=True)
        return list(itertools.islice(merged, limit))

    def totals(self, tx: Connection, operator: Operator, wanted: PaidFilter) -> Sequence[PaidTotal]:
        """Added up by the level below the filter's place, in the order of codes."""
        digits = next((length for length in CODE_DIGITS if length > len(wanted.place_code)), CODE_DIGITS[-1])
        sums: dict[tuple[str, PaidResult], tuple[int, int]] = {}
        for source in _sources(operator):
            for code, state, count, amount in tx.execute(_totals(source, wanted, digits)):
                # What is known less far down has a place that is shorter than this level's.
                key = code if len(code) == digits else "", _RESULTS[state]
                known = sums.get(key, (0, 0))
                sums[key] = known[0] + count, known[1] + int(amount)
        return [PaidTotal(*key, *sums[key]) for key in sorted(sums)]


def _sources(operator: Operator) -> Iterator[_Source]:
    yield _Source(
        _OWN, _OWN_LINES,
        (orders.c.payer_id == operator.person_id) & (order_lines.c.insured_index != document_of(operator.person)),
    )  # fmt: skip
    if operator.keys:
        t = external_payments.c
        yield _Source(
            _OTHER, external_payments,
            t.operator_index.in_(operator.keys) & t.insured_index.not_in(operator.keys),
        )  # fmt: skip


_OWN_LINES = (
    orders.join(order_lines, order_lines.c.order_id == orders.c.order_id)
    .outerjoin(refund_lines, SAME_LINE)
    .outerjoin(refunds, refunds.c.refund_id == refund_lines.c.refund_id)
)
_LINE_STATE = case(
    (refunds.c.state == RefundState.REFUNDED.value, OrderState.REFUNDED.value),
    (refunds.c.refund_id.is_not(None), OrderState.REFUNDING.value),
    (orders.c.state == OrderState.REFUNDING.value, OrderState.PAID.value),
    else_=orders.c.state,
)
"""A line's own: while some of an order are refunded, the others are paid."""
_OWN: Mapping[str, Any] = {
    **{name: order_lines.c[name] for name in (
        "insured_number", "insured_name", "place", "place_code", "agency_name", "insurance_type", "year", "amount",
    )},
    **{name: orders.c[name] for name in ("order_id", "channel")},
    "state": _LINE_STATE,
    "social_number": order_lines.c.person_number,
    "at": func.coalesce(orders.c.paid_at, orders.c.created_at, type_=Moment()),
    "stands_at": orders.c.created_at,
    "name": orders.c.order_id + "/" + cast(order_lines.c.item, String) + "/" + cast(order_lines.c.line, String),
}  # fmt: skip
_OTHER: Mapping[str, Any] = {
    **{name: external_payments.c[name] for name in _OWN.keys() - {"order_id", "stands_at", "name"}},
    "stands_at": external_payments.c.first_heard_at, "name": external_payments.c.line_id,
}  # fmt: skip


def _conditions(columns: Mapping[str, Any], wanted: PaidFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield columns["at"] >= wanted.since
    if wanted.before is not None:
        yield columns["at"] < wanted.before
    if wanted.place_code:
        yield columns["place_code"].startswith(wanted.place_code, autoescape=True)
    if wanted.insurance_type is not None:
        yield columns["insurance_type"] == wanted.insurance_type.value
    if wanted.year is not None:
        yield columns["year"] == wanted.year
    if wanted.result is not None:
        yield columns["state"].in_(_STATES[wanted.result])


def _page(
    tx: Connection, source: _Source, wanted: PaidFilter, after: Position | None, limit: int
) -> list[Placed]:
    at, name = source.columns["stands_at"], source.columns["name"]
    found = source.select(wanted, *(column.label(label) for label, column in source.columns.items()))
    if after is not None:
        # The first condition is for the index.
        found = found.where(at <= after.at, or_(at < after.at, name < after.name))
    return [_placed(row) for row in tx.execute(found.order_by(at.desc(), name.desc()).limit(limit))]


def _totals(source: _Source, wanted: PaidFilter, digits: int) -> Select[Any]:
    code = func.substr(source.columns["place_code"], 1, digits)
    state, amount = source.columns["state"], source.columns["amount"]
    return source.select(wanted, code, state, func.count(), func.sum(amount)).group_by(code, state)


def _placed(row: Row[Any]) -> Placed:
    place = Place() if row.place is None else schema.load(Place, row.place)
    city, county, town, village = (level.name for level in place.levels)
    shown = PaidForOther(
        order_id=getattr(row, "order_id", ""), city=city, county=county, town=town, village=village,
        insured_number=mask_number(row.insured_number), insured_name=mask_name(row.insured_name),
        social_number=mask_social_number(row.social_number), agency_name=row.agency_name,
        insurance_type=InsuranceType(row.insurance_type), year=row.year, amount=row.amount, at=row.at,
        result=_RESULTS[row.state], channel=Channel(row.channel),
    )  # fmt: skip
    return Placed(Position(row.stands_at, row.name), shown)
