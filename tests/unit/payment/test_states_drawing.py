"""The drawing of the states is that of the table."""

from __future__ import annotations

from scripts.lib import draw_states
from services.payment.domain import EDGES


def test_the_drawing_is_current() -> None:
    assert draw_states.TARGET.read_text(encoding="utf-8") == draw_states.page(), "run scripts/draw-states"


def test_every_edge_is_drawn() -> None:
    arrows = [line.strip() for line in draw_states.page().splitlines() if "-->" in line]
    for (state, trigger), edge in EDGES.items():
        (arrow,) = [line for line in arrows if line.startswith(f"{state} --> {edge.to}:")]
        assert trigger.value in arrow
