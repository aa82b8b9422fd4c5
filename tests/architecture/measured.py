"""Every metric the product has, read from its source: its name as it is scraped, its kind and its labels."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.sources import files, tree

_SCRAPED = {"Counter": ("_total",), "Gauge": ("",), "Histogram": ("_bucket", "_count", "_sum")}


@dataclass(frozen=True)
class Metric:
    """A metric and where it is made."""

    path: Path
    name: str
    kind: str
    labels: tuple[str, ...]

    @property
    def scraped(self) -> set[str]:
        """The names Prometheus knows it under."""
        return {self.name + ending for ending in _SCRAPED[self.kind]}


@functools.cache
def metrics() -> tuple[Metric, ...]:
    """All of them."""
    return tuple(metric for path in files("kit", "services") for metric in _made_in(path))


def _made_in(path: Path) -> Iterator[Metric]:
    if not any(
        isinstance(node, ast.ImportFrom) and node.module == "prometheus_client" for node in tree(path).body
    ):
        return
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in _SCRAPED and node.args and isinstance(node.args[0], ast.Constant):
            labels = ast.literal_eval(node.args[2]) if len(node.args) > 2 else []
            yield Metric(path, node.args[0].value, node.func.id, tuple(labels))
