"""docs/security-matrix.md is true: every clause of the security checks has tests, and every test it names exists."""

from __future__ import annotations

import ast
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import ROOT

MATRIX = (ROOT / "docs" / "security-matrix.md").read_text("utf-8")
LINES = 15
"""The customer's security checks are numbered to here."""
DIGEST = "6fb6cac5dc8565dfb641f924cf4a5044f80db290b4033e74b44f84d4269ee8d3"
"""Of the fifteen lines as the customer wrote them: none is made shorter to fit its proofs."""


class Section(NamedTuple):
    """One line of the checks, and what is claimed of each of its clauses: the clause, and the tests."""

    number: int
    line: str
    claims: list[tuple[str, str]]


def _sections() -> list[Section]:
    found = []
    parts = re.split(r"^## (\d+) .*$", MATRIX, flags=re.MULTILINE)[1:]
    for number, body in zip(parts[::2], parts[1::2], strict=True):
        (line,) = re.findall(r"^> (.*)$", body, flags=re.MULTILINE)
        rows = [row.strip("| ").split(" | ") for row in body.splitlines() if row.startswith("| ")][1:]
        found.append(Section(int(number), line, [(row[0], row[-1]) for row in rows]))
    return found


@cache
def _tests(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_lines_are_the_customers_own() -> None:
    sections = _sections()
    assert [section.number for section in sections] == list(range(1, LINES + 1))
    told = "\n".join(section.line for section in sections)
    assert hashlib.sha256(told.encode()).hexdigest() == DIGEST


def test_every_clause_of_every_line_is_proved() -> None:
    for number, line, claims in _sections():
        rest = line
        for clause, proofs in claims:
            before, found, rest = rest.partition(clause)
            assert found, f"line {number}: “{clause}” is not what comes next"
            assert not before.strip(" ,;:."), f"line {number}: nothing proves “{before.strip()}”"
            assert "::test_" in proofs, f"line {number}: nothing proves “{clause}”"
        assert not rest.strip(" ,;:."), f"line {number}: nothing proves “{rest.strip()}”"


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
