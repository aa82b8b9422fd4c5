"""Pages are made of the components of one library, and hold nothing inline that our CSP would refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = sorted((Path(__file__).parents[3] / "services" / "gateway" / "templates").rglob("*.html"))
COMPONENTS = "components.html"
WRITTEN_ONCE = (
    "<select", '<input type="checkbox"', '<input type="radio"', 'type="file"', 'class="choice"',
    'class="result"', 'class="entry"', 'class="empty"', 'name="csrf"', "http-equiv",
)  # fmt: skip
INLINE = re.compile(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:")

every_page = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)


@every_page
def test_components_are_written_once(path: Path) -> None:
    if path.name == COMPONENTS:
        return
    text = path.read_text(encoding="utf-8")
    assert [part for part in WRITTEN_ONCE if part in text] == [], f"{COMPONENTS} has a macro for it"


@every_page
def test_nothing_is_inline(path: Path) -> None:
    assert INLINE.findall(path.read_text(encoding="utf-8")) == []
