"""Writes docs/payment-states.md from the tables of edges in services/payment/domain/orders.py and refunds.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from contract.payment import OrderPlacedEvent, OrderState
from contract.refunds import PaymentReturned, RefundState
from services.payment.domain.orders import EDGES, FINAL
from services.payment.domain.refunds import REFUND_EDGES

TARGET = Path(__file__).parents[2] / "docs" / "payment-states.md"

_PAGE = """# States of an order, and of a refund

Drawn by `scripts/draw-states` from `EDGES` in `services/payment/domain/orders.py` and `REFUND_EDGES` in
`services/payment/domain/refunds.py`: change the tables, then draw again.

## An order

```mermaid
{orders}
```

An arrow's label is its trigger and, after the stroke, the event it announces. A trigger without an arrow changes
no state. Money that comes without one, or that is not what was asked for (`mispaid`, `partly_back`), opens a refund
case: `late` on an order that ended unpaid, `double` on a paid one.

Waiting, looked at again within half an hour: {waiting}. Final: {final}. An order that is `refunding` is looked after
by its refunds; it is `paid` again when they are over and a line was not refunded.

## A refund

```mermaid
{refunds}
```

Staff, the tax core or a refund case begin it. All but `refunded` are looked at again: within half an hour, `failed`
once a day until staff try again. A refund case's announces `{returned}` instead, and closes its case.
"""


def page() -> str:
    """The whole document."""
    return _PAGE.format(
        orders=_orders(), refunds=_refunds(), returned=PaymentReturned.type,
        waiting=_listed(set(OrderState) - FINAL - {OrderState.REFUNDING}), final=_listed(FINAL),
    )  # fmt: skip


def _orders() -> str:
    ends = sorted(FINAL, key=list(OrderState).index)
    return _diagram(OrderState, EDGES, f"placed: place_order / {OrderPlacedEvent.type}", ends)


def _refunds() -> str:
    return _diagram(RefundState, REFUND_EDGES, "requested: request_refund", [RefundState.REFUNDED])


def _diagram(
    states: Iterable[str], edges: Mapping[tuple[Any, Any], Any], beginning: str, ends: Sequence[str]
) -> str:
    labels: dict[tuple[str, str], list[str]] = {}
    for (state, trigger), edge in edges.items():
        label = f"{trigger} / {edge.event.type}" if edge.event else trigger.value
        labels.setdefault((state, edge.to), []).append(label)
    order = list(states)
    arrows = sorted(labels, key=lambda arrow: (order.index(arrow[0]), order.index(arrow[1])))
    lines = ["stateDiagram-v2", f"    [*] --> {beginning}"]
    lines += [f"    {start} --> {end}: {'<br>'.join(labels[start, end])}" for start, end in arrows]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])


def _listed(states: Set[OrderState]) -> str:
    return ", ".join(f"`{state}`" for state in OrderState if state in states)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(TARGET.parents[1])}")
