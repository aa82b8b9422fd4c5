"""docs/security-matrix.md is true: every line of the security checks has tests, and every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.architecture.sources import ROOT

MATRIX = (ROOT / "docs" / "security-matrix.md").read_text("utf-8")
LINES = 15
"""The customer's security checks are numbered to here."""


@cache
def _tests(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_line_has_a_section_with_claims() -> None:
    sections = re.split(r"^## (\d+) .*$", MATRIX, flags=re.MULTILINE)[1:]
    numbers, bodies = sections[::2], sections[1::2]
    assert [int(number) for number in numbers] == list(range(1, LINES + 1))
    for number, body in zip(numbers, bodies, strict=True):
        claims = [row for row in body.splitlines() if row.startswith("| ") and "proved by" not in row]
        assert claims, f"line {number} claims nothing"
        for claim in claims:
            assert "::test_" in claim, f"line {number}: nothing proves “{claim.split('|')[1].strip()}”"


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/.]+)::(\w+)`", MATRIX)
    assert len(named) > LINES
    for path, name in named:
        assert name in _tests(path), f"{path} has no {name}"


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    """And installed only so: see ensure_venv in scripts/lib/venv.sh."""
    for path in sorted(ROOT.glob("requirements*.txt")):
        blocks = re.split(r"\n(?=[\w.-]+==)", path.read_text("utf-8"))[1:]
        assert blocks and all("--hash=sha256:" in block for block in blocks), path.name
    assert "--require-hashes" in Path(ROOT / "scripts" / "lib" / "venv.sh").read_text("utf-8")
