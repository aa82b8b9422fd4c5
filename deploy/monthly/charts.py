"""Charts as SVG, the same in a browser and on paper: no script, fonts by name, numbers written at what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from deploy.monthly.figures import Bar

_FONT = "Noto Sans CJK SC, Microsoft YaHei, sans-serif"
_BLUE, _GREY, _INK = "#2563a8", "#b8c4d0", "#1f2328"
_COLUMN, _HEIGHT, _BAR = 30, 190, 28


def columns(rows: Sequence[Bar]) -> str:
    """One column for each row, the highest with its number."""
    most = max((row.number for row in rows), default=0) or 1
    width = _COLUMN * len(rows) + 20
    parts = [f'<line x1="10" y1="160" x2="{width - 10}" y2="160" stroke="{_GREY}"/>']
    for place, row in enumerate(rows):
        x, height = 14 + place * _COLUMN, 125 * row.number / most
        parts.append(_rect(x, 160 - height, 22, height))
        parts.append(_text(x + 11, 178, row.label, "middle"))
        if row.number:
            parts.append(_text(x + 11, 154 - height, f"{row.number:,}", "middle"))
    return _svg(width, _HEIGHT, parts)


def bars(rows: Sequence[Bar], label_width: int = 250) -> str:
    """One bar for each row, with its number and share."""
    most = max((row.number for row in rows), default=0) or 1
    total = sum(row.number for row in rows) or 1
    parts = []
    for place, row in enumerate(rows):
        y, width = place * _BAR + 4, 300 * row.number / most
        parts.append(_text(label_width - 10, y + 15, row.label, "end"))
        parts.append(_rect(label_width, y, width, 20))
        parts.append(
            _text(label_width + width + 6, y + 15, f"{row.number:,}（{row.number / total:.1%}）", "start")
        )
    return _svg(label_width + 430, _BAR * len(rows) + 8, parts)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    return "".join((opened, *parts, "</svg>"))


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{_BLUE}"/>'


def _text(x: float, y: float, said: str, anchor: str) -> str:
    style = f'font-family="{_FONT}" font-size="13" fill="{_INK}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(said)}</text>'
