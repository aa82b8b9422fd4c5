"""docs/retention.md is true: every table is in it, and what it says deletes rows is there, with a test of it."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from typing import NamedTuple

from tests.architecture.sources import ROOT, SERVICES, tree

SHARED = ("outbox", "inbox", "journal", "journal_marks")
"""Tables the kit gives to services: one rule for all."""


class Rule(NamedTuple):
    """One row: which table, how long, what deletes (or why nothing does), and the tests that show it."""

    table: str
    kept: str
    deleted_by: str
    proved_by: str


def _rules() -> list[Rule]:
    lines = (ROOT / "docs" / "retention.md").read_text("utf-8").splitlines()
    return [Rule(*map(str.strip, line.strip("|").split("|"))) for line in lines if line.startswith("| `")]


RULES = _rules()


@cache
def _functions(path: str) -> set[str]:
    relative = (ROOT / path).relative_to(ROOT)
    return {node.name for node in ast.walk(tree(relative)) if isinstance(node, ast.FunctionDef)}


def _tables() -> set[str]:
    found = set()
    for service in SERVICES:
        if (ROOT / "services" / service / "migrations").exists():
            metadata = importlib.import_module(f"services.{service}.models").metadata
            shared = dict.fromkeys(SHARED, "*")
            found |= {f"`{shared.get(name, service)}.{name}`" for name in metadata.tables}
    return found


def test_every_table_has_a_rule_and_no_rule_is_left_of_one_that_is_gone() -> None:
    assert sorted(rule.table for rule in RULES) == sorted(_tables())


def test_every_rule_says_how_long_and_what_ends_it() -> None:
    for rule in RULES:
        named = re.fullmatch(r"`([\w/.]+)::(\w+)`", rule.deleted_by)
        assert rule.kept, rule.table
        if named is None:
            assert rule.deleted_by.startswith("stays: ") and not rule.proved_by, rule.table
            continue
        assert named[2] in _functions(named[1]), f"{rule.table}: {rule.deleted_by} is gone"
        proofs = re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", rule.proved_by)
        assert proofs, f"{rule.table}: no test shows that it is deleted"
        for path, name in proofs:
            assert name in _functions(path), f"{rule.table}: {path} has no {name}"


def test_what_identity_says_about_erasing_is_said_once() -> None:
    """A README that repeated the schedule would soon say something else."""
    for service in SERVICES:
        readme = (ROOT / "services" / service / "README.md").read_text("utf-8")
        assert "How long what is kept" not in readme, f"services/{service}: docs/retention.md says it"
