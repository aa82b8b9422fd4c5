"""No page was left out: what the whole run's journeys looked at (tests/e2e/looks.py) is every page there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.looks import COLLECTED, LOOKS

CONSOLE = {"test_console.py"}
"""Whose pages are staff's."""
TEMPLATES = Path(__file__).parents[2] / "services" / "gateway" / "templates"


def test_every_page_was_looked_at(request: pytest.FixtureRequest) -> None:
    journeys = {path.name for path in Path(__file__).parent.glob("test_*.py")} - CONSOLE
    if not request.config.stash[COLLECTED] >= journeys:
        pytest.skip("only of a whole run can be said what it left out")
    pages = {
        path.stem for path in TEMPLATES.glob("*.html") if "{% extends" in path.read_text(encoding="utf-8")
    }
    assert LOOKS.templates == pages
