"""House rules no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kit.audit import command_line
from tests.architecture.sources import ROOT, files, imports, tree

every_file = pytest.mark.parametrize("path", [pytest.param(path, id=str(path)) for path in files()])
_PERSONAL = re.compile(r"(?<![0-9A-Za-z])(\d{17}[\dXx]|1[3-9]\d{9})(?![0-9A-Za-z])")
_TEXTS = ("*.py", "*.html", "*.js", "*.json", "*.css")


def _prints(path: Path) -> list[int]:
    return [
        node.lineno for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "pprint"}
    ]  # fmt: skip


@every_file
def test_only_command_lines_print(path: Path) -> None:
    if path.parts[0] in {"deploy", "bench"} or path.name == "__main__.py":
        return  # command lines throughout
    if '__name__ == "__main__"' in (ROOT / path).read_text():
        return
    assert not _prints(path), f"{path}:{_prints(path)}: services log JSON lines, they do not print"


@every_file
def test_a_services_command_line_says_from_which_account_it_acts(path: Path) -> None:
    """security.md 12: the journal does not rest on the name that was typed."""
    if path.parts[0] != "services" or "argparse" not in imports(path):
        return
    (main,) = (node for node in tree(path).body if isinstance(node, ast.FunctionDef) and node.name == "main")
    assert [ast.unparse(one) for one in main.decorator_list] == [command_line.__name__], path


@every_file
def test_no_exception_is_caught_without_being_named(path: Path) -> None:
    bare = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not bare, f"{path}:{bare}: a bare except also catches what ends the process"


@every_file
def test_no_failure_is_dropped_without_a_word(path: Path) -> None:
    """`except Exception: pass` hides where the money is."""
    silent = [
        node.lineno for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
        and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
    ]  # fmt: skip
    assert not silent, f"{path}:{silent}: log it, or catch what is meant"


@pytest.mark.parametrize("folder", ["contract", "kit", "services", "deploy"])
def test_no_source_holds_anything_like_a_number_of_a_person(folder: str) -> None:
    """security.md 11: neither in code nor in what ships with it. Personas live in the sandbox and in tests."""
    for pattern in _TEXTS:
        for path in (ROOT / folder).rglob(pattern):
            if "static" in path.parts and path.suffix == ".js":
                continue  # vendored, minified
            found = _PERSONAL.findall(path.read_text())
            assert not found, f"{path.relative_to(ROOT)}: {[text[:6] for text in found]}…"


@every_file
def test_no_time_is_asked_for_behind_the_clocks_back(path: Path) -> None:
    """Time is an argument, so that a test can set it (kit.clock); in services only the clock tells it."""
    if path.parts[0] != "services":
        return
    asked = [
        node.lineno for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "today", "utcnow"} and "clock" not in ast.unparse(node.func.value)
    ]  # fmt: skip
    assert not asked, f"{path}:{asked}: ask the clock that was handed in (design.md §2)"


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path)) for path in files("contract", "kit", "services")]
)
def test_money_is_never_a_float(path: Path) -> None:
    """Fen are integers (design.md §4); a float literal near an amount is a mistake waiting."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, kind = node.target.id, ast.unparse(node.annotation)
            if re.search(r"amount|fen|fee|price", name):
                assert "float" not in kind and "Decimal" not in kind, (
                    f"{path}:{node.lineno}: {name} must be int fen"
                )
