"""A hard look at every page and state, once in a whole run: accessibility, sizes, order, weight.

Every journey's `Resident.is_at` comes here, so that what the journeys reach is what is looked at; test_every_page.py
says which pages no journey reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")

_HOLD = """if (document.querySelector('[data-refresh]'))
    for (let last = setTimeout(() => {}); last > 0; last--) clearTimeout(last)"""
_GO_ON = """const waiting = document.querySelector('[data-refresh]');
    if (waiting) setTimeout(() => location.replace(waiting.dataset.refresh))"""
"""A page that waits is not to go on while it is looked at."""

WECHAT_TEXT = 140
"""Per cent: the largest of WeChat's own font settings."""

MOST_BYTES = 15 * 1024
"""Of a page as it travels, compressed."""

_LIMITS = {"target": 44, "text": 15, "most": 40}
_LARGE_LIMITS = {"target": 60, "text": 18, "most": 30}
"""CSS px of 大字版 (ui.md 10)."""


@dataclass(frozen=True)
class View:
    """A phone as wide as that, 大字版 or not, under WeChat's own font setting in per cent."""

    width: int
    large: bool = False
    text: int = 100


NORMAL = View(390)


class Looks:
    """What was seen in this run. `on_sight` gets each page, its template and its heading, the first time; `on_visit`
    each page and its template whenever a journey comes to it."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, str]] = set()
        self.on_sight: Callable[[Page, str, str], None] | None = None
        self.on_visit: Callable[[Page, str], None] | None = None

    @property
    def templates(self) -> set[str]:
        """The pages that were seen, in whatever state."""
        return {template for template, _, _ in self.seen}

    def look(self, page: Page) -> None:
        """At a page whose scripts run; the second time at the same page in the same state is free."""
        shape = _shape(page)
        if self.on_visit:
            self.on_visit(page, shape[0])
        if shape in self.seen:
            return
        self.seen.add(shape)
        before = View(page.evaluate("innerWidth"), _is_large(page))
        page.evaluate(_HOLD)
        show(page, NORMAL)
        assert _violations(page) == []
        assert _sizes(page) == []
        assert _weight(page) <= MOST_BYTES
        if self.on_sight:
            self.on_sight(page, *shape[:2])
        show(page, before)
        page.evaluate(_GO_ON)


LOOKS = Looks()
"""Of this run."""

COLLECTED = pytest.StashKey[set[str]]()
"""The files whose tests this run was asked for."""


def show(page: Page, view: View) -> None:
    """The page as that phone shows it; 大字版 by its own switch. By WeChat's setting text grows, boxes do not."""
    page.set_viewport_size({"width": view.width, "height": 844 if view.width > 320 else 640})
    if _is_large(page) != view.large:
        page.evaluate("document.getElementById('text-size').click()")
        expect(page.locator("html")).to_have_class("large" if view.large else "")
    page.evaluate(
        "size => document.documentElement.style.setProperty('text-size-adjust', size)", f"{view.text}%"
    )


def _is_large(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.classList.contains('large')"))


def _shape(page: Page) -> tuple[str, str, str]:
    """The page and its state: the template's name, what the heading says without names and numbers, and whether
    something is wrong, is to be gone on with or is not there."""
    heading = re.sub(r"\S\*+，?|\d+", "", page.get_by_role("heading", level=1).inner_text()).strip()
    main = page.locator("main")
    marks = [mark for mark in ("#error-summary", ".card_accent", ".empty") if main.locator(mark).count()]
    return str(main.get_attribute("data-page")), heading, " ".join(marks)


def _violations(page: Page) -> list[Any]:
    page.evaluate(_AXE)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", _RULES)
    return [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]


def _sizes(page: Page) -> list[str]:
    """What is too small, too big, out of order or off the screen, on every kind of phone."""
    found = []
    for large, width, text in product((False, True), (390, 320), (100, WECHAT_TEXT)):
        view = View(width, large, text)
        show(page, view)
        limits = _LARGE_LIMITS if large else _LIMITS
        said = page.evaluate(_MEASURE, limits | {"most": limits["most"] * text / 100})
        found += [f"{view}: {one}" for one in said]
    return found


def _weight(page: Page) -> int:
    """Bytes of the page itself; what it brings along is kept by the phone for ever."""
    return int(page.evaluate("performance.getEntriesByType('navigation')[0].encodedBodySize"))
