"""Writes what shows deploy/observability/dashboards.toml: dashboards/*.json for Grafana, consoles/*.html for Prometheus
itself, where there is no Grafana."""

from __future__ import annotations

import html
import json
import re
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"

_WIDTH, _HEIGHT, _PER_ROW = 8, 8, 3
_UNITS = {"s": "秒", "reqps": "次/秒", "percent": "%", "percentunit": "%"}
"""How Prometheus' pages say a unit of Grafana; others say nothing."""


def files() -> dict[Path, str]:
    """Every file that is made, with its text."""
    pages = tomllib.loads((FOLDER / "dashboards.toml").read_text(encoding="utf-8"))
    made = {
        FOLDER / "dashboards" / f"{name}.json": _text(_document(name, page)) for name, page in pages.items()
    }
    return made | {FOLDER / "consoles" / f"{name}.html": _console(page) for name, page in pages.items()}


def documents() -> dict[str, dict[str, Any]]:
    """Every dashboard as Grafana reads it, by its name."""
    return {path.stem: json.loads(text) for path, text in files().items() if path.suffix == ".json"}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _document(name: str, page: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": f"contribution-{name}", "title": f"社保费缴费 · {page['title']}", "tags": ["contribution"],
        "schemaVersion": 38, "version": 1, "editable": False, "timezone": "Asia/Shanghai", "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(page["panels"])],
    }  # fmt: skip


def _panel(number: int, panel: dict[str, Any]) -> dict[str, Any]:
    row, column = divmod(number, _PER_ROW)
    return {
        "id": number + 1, "type": "timeseries", "title": panel["title"],
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel["unit"], "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": expression, "legendFormat": legend}
            for place, (expression, legend) in enumerate(panel["lines"])
        ],
    }  # fmt: skip


def _console(page: dict[str, Any]) -> str:
    """A template of Prometheus (page.lib has what is around it)."""
    panels = "".join(_graph(f"panel{number}", panel) for number, panel in enumerate(page["panels"]))
    body = f"<h1>{page['title']}</h1>\n<main>\n{panels}</main>"
    return f'{{{{ template "head" . }}}}\n{body}\n{{{{ template "tail" . }}}}\n'


def _graph(place: str, panel: dict[str, Any]) -> str:
    unit = panel["unit"]
    expressions = [f"100 * ({line})" if unit == "percentunit" else line for line, _ in panel["lines"]]
    # Prometheus' own library writes a label as [[label]]; {{…}} would be the template's.
    names = [re.sub(r"\{\{(\w+)\}\}", r"[[\1]]", name) for _, name in panel["lines"]]
    told = ", ".join(
        json.dumps(one, ensure_ascii=False) for one in (place, expressions, names, _UNITS.get(unit, ""))
    )
    title = html.escape(panel["title"])
    return f'<section><h2>{title}</h2><div id="{place}"></div></section>\n<script>draw({told});</script>\n'


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(FOLDER)}")
