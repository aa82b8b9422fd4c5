"""Writes deploy/observability/dashboards/*.json from the panels in deploy/observability/dashboards.toml."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
TARGET = FOLDER / "dashboards"

_WIDTH, _HEIGHT, _PER_ROW = 8, 8, 3


def documents() -> dict[str, dict[str, Any]]:
    """Every dashboard as Grafana reads it, by its name."""
    written = tomllib.loads((FOLDER / "dashboards.toml").read_text(encoding="utf-8"))
    return {name: _document(name, page) for name, page in written.items()}


def text(document: dict[str, Any]) -> str:
    """The file."""
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


if __name__ == "__main__":
    for name, document in documents().items():
        (TARGET / f"{name}.json").write_text(text(document), encoding="utf-8")
        print(f"wrote {name}.json")
