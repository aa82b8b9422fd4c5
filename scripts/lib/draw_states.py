"""Writes docs/payment-states.md from the table of edges in services/payment/domain.py."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from contract.payment import OrderPlacedEvent, OrderState
from services.payment.domain import EDGES, FINAL

TARGET = Path(__file__).parents[2] / "docs" / "payment-states.md"

_PAGE = """# States of an order

Drawn by `scripts/draw-states` from `EDGES` in `services/payment/domain.py`: change the table, then draw again.

```mermaid
{diagram}
```

An arrow's label is its trigger and, after the stroke, the event it announces. A trigger without an arrow changes
no state. Money that comes without one, or that is not what was asked for (`mispaid`), opens a refund case:
`late` on an order that ended unpaid, `double` on a paid one.

Waiting, looked at again within half an hour: {waiting}. Final: {final}.
Reached by a refund, which no trigger begins yet: {unreached}.
"""


def page() -> str:
    """The whole document."""
    reached = {OrderState.PLACED, *(edge.to for edge in EDGES.values())}
    return _PAGE.format(
        diagram=_diagram(),
        waiting=_listed(reached - FINAL),
        final=_listed(FINAL),
        unreached=_listed(set(OrderState) - reached),
    )


def _diagram() -> str:
    labels: dict[tuple[OrderState, OrderState], list[str]] = {}
    for (state, trigger), edge in EDGES.items():
        label = f"{trigger} / {edge.event.type}" if edge.event else trigger.value
        labels.setdefault((state, edge.to), []).append(label)
    order = list(OrderState)
    arrows = sorted(labels, key=lambda arrow: (order.index(arrow[0]), order.index(arrow[1])))
    lines = ["stateDiagram-v2", f"    [*] --> placed: place_order / {OrderPlacedEvent.type}"]
    lines += [f"    {start} --> {end}: {'<br>'.join(labels[start, end])}" for start, end in arrows]
    ends = sorted({end for _, end in arrows} & FINAL, key=order.index)
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])


def _listed(states: Set[OrderState]) -> str:
    return ", ".join(f"`{state}`" for state in OrderState if state in states)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(TARGET.parents[1])}")
