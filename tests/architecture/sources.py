"""The product's own source files, as the architecture tests read them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = tuple(sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py")))
PRODUCT = ("contract", "kit", "services", "sandbox", "deploy", "bench")
"""What we wrote to run; tests and scripts are looked at elsewhere."""


def files(*folders: str) -> Iterator[Path]:
    """Python files below these folders, relative to the repository."""
    for folder in folders or PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT)


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse((ROOT / path).read_text())


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """Every module a file imports, wherever in it; `from a import b` counts as a.b and as a."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)
