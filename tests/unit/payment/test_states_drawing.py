"""The drawing of the states is that of the table."""

from __future__ import annotations

from scripts.lib import draw_states
from services.payment.domain.orders import EDGES
from services.payment.domain.refunds import REFUND_EDGES


def test_the_drawing_is_current() -> None:
    assert draw_states.TARGET.read_text(encoding="utf-8") == draw_states.page(), "run scripts/draw-states"


def test_every_edge_is_drawn() -> None:
    of_orders, _, of_refunds = draw_states.page().partition("## A refund")
    edges = [(of_orders, *drawn) for drawn in EDGES.items()]
    edges += [(of_refunds, *drawn) for drawn in REFUND_EDGES.items()]
    for text, (state, trigger), edge in edges:
        (arrow,) = [line for line in text.splitlines() if line.strip().startswith(f"{state} --> {edge.to}:")]
        assert trigger.value in arrow
