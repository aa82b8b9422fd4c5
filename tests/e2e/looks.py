"""A hard look at every page and state, once in a whole run: accessibility, sizes, order, and a picture when asked.

Every journey's `Resident.is_at` comes here, so that what the journeys reach is what is looked at; test_every_page.py
says which pages no journey reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")

PHONE, SMALL_PHONE = {"width": 390, "height": 844}, {"width": 320, "height": 640}
LEAST_TARGET, LEAST_LARGE_TARGET = 44, 60
LEAST_TEXT, LEAST_LARGE_TEXT, MOST_LARGE_TEXT = 15, 18, 30
WECHAT_TEXT = 140
"""Per cent: the largest of WeChat's own font settings."""

MOST_PAGE_BYTES = 15 * 1024
"""Of each page after the first, compressed as it travels."""

Sight = Callable[[Page, str], None]


class Looks:
    """What was seen in this run. `on_sight` gets each page with its state, the first time."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.on_sight: Sight | None = None

    @property
    def templates(self) -> set[str]:
        """The pages that were seen, in whatever state."""
        return {shape.partition(" ")[0] for shape in self.seen}

    def look(self, page: Page) -> None:
        """At a page whose scripts run; the second time at the same page in the same state is free."""
        shape = _shape(page)
        if shape in self.seen:
            return
        self.seen[shape] = page.get_by_role("heading", level=1).inner_text()
        assert _violations(page) == []
        assert _sizes(page) == []
        if self.on_sight:
            self.on_sight(page, shape)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


LOOKS = Looks()
"""Of this run."""


def _shape(page: Page) -> str:
    """The page and its state: the template's name, what the heading says without names and numbers, and whether
    something went wrong, was told or is to be gone on with."""
    heading = re.sub(r"\S\*+|\d+", "", page.get_by_role("heading", level=1).inner_text()).strip()
    main = page.locator("main")
    marks = [
        mark for mark, selector in (("errors", "#error-summary"), ("accent", ".card_accent"), ("empty", ".empty"))
        if main.locator(selector).count()
    ]  # fmt: skip
    return " ".join([str(main.get_attribute("data-page")), heading, *marks])


def _violations(page: Page) -> list[Any]:
    page.evaluate(_AXE)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", _RULES)
    return [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]


def _sizes(page: Page) -> list[str]:
    """What is too small, too big, out of order or off the screen, at every size a phone may have."""
    found = []
    for large in (False, True):
        page.evaluate("large => document.documentElement.classList.toggle('large', large)", large)
        limits = {
            "target": LEAST_LARGE_TARGET if large else LEAST_TARGET,
            "text": LEAST_LARGE_TEXT if large else LEAST_TEXT,
            "most": MOST_LARGE_TEXT if large else 40,
        }
        for viewport in (PHONE, SMALL_PHONE):
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            name = f"{viewport['width']} px{' large' if large else ''}"
            found += [f"{name}: {said}" for said in page.evaluate(_MEASURE, limits)]
            with_wechats(page, WECHAT_TEXT)
            if (wider := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
                found.append(f"{name} at {WECHAT_TEXT} %: scrolls {wider} px sideways")
            with_wechats(page, 100)
    page.evaluate("document.documentElement.classList.remove('large')")
    return found


def with_wechats(page: Page, per_cent: int) -> None:
    """WeChat's own font setting, as its browser applies it: text grows, boxes do not."""
    page.evaluate(
        "size => document.documentElement.style.setProperty('text-size-adjust', size)", f"{per_cent}%"
    )
