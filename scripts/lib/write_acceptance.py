"""Writes the acceptance report (验收测试报告): by requirement the tests that prove it, and how they ended."""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from defusedxml import ElementTree

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "acceptance.toml"
TARGET = ROOT / "docs" / "manuals" / "acceptance.md"

_HEAD = """# 验收测试报告

由 `scripts/acceptance` 根据 [docs/acceptance.toml](../acceptance.toml) 生成，请勿手工修改。
每项要求列出证明它的自动化测试；测试在自己的 RabbitMQ、PostgreSQL、浏览器和模拟外部系统上运行，
任何人都可以用 `scripts/test` 重新运行。

"""
_WITHOUT = """本文件不含运行结果。`scripts/test` 运行全部测试后写出带结果的报告 `var/acceptance.md`。

"""


@dataclass(frozen=True)
class Requirement:
    """A number of chapter 3 or 6, its title, and what proves it: (file, test), all tests of the file where empty."""

    number: str
    title: str
    tests: tuple[tuple[str, str], ...]


Results = Mapping[tuple[str, str], str]
"""How each test ended, by file and name without parameters: passed · failed · skipped, the worst of its parameters."""


def requirements() -> list[Requirement]:
    """The table, in its order."""
    written: dict[str, Any] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return [
        Requirement(number, entry["title"], tuple(_split(test) for test in entry["tests"]))
        for number, entry in written.items()
    ]


def tests_in(file: str) -> list[str]:
    """The tests of a file, in their order."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return [
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def named(requirement: Requirement) -> list[tuple[str, str]]:
    """Every single test that proves a requirement."""
    return [(file, name) for file, one in requirement.tests for name in ([one] if one else tests_in(file))]


def read(paths: Iterable[Path]) -> dict[tuple[str, str], str]:
    """The results in JUnit files."""
    order = ("skipped", "passed", "failed")
    found: dict[tuple[str, str], str] = {}
    for path in paths:
        for case in ElementTree.parse(path).iter("testcase"):
            file = case.get("classname", "").replace(".", "/") + ".py"
            key = (file, case.get("name", "").partition("[")[0])
            children = {child.tag for child in case}
            ended = (
                "failed"
                if children & {"failure", "error"}
                else "skipped"
                if "skipped" in children
                else "passed"
            )
            found[key] = max(found.get(key, ended), ended, key=order.index)
    return found


def report(wanted: Sequence[Requirement], results: Results | None) -> str:
    """The whole document. Without results it says what the table says, also when a file gets a test more."""
    lines = [_HEAD, _WITHOUT if results is None else "", "| 编号 | 要求 | 结果 |\n|---|---|---|\n"]
    lines += [
        f"| [{one.number}](#{one.number.replace('.', '')}) | {one.title} | {verdict(one, results)} |\n"
        for one in wanted
    ]
    for one in wanted:
        lines.append(f"\n## {one.number}\n\n{one.title}\n\n")
        lines += _named_only(one) if results is None else _with_results(one, results)
    return "".join(lines)


def verdict(requirement: Requirement, results: Results | None) -> str:
    """How a requirement stands."""
    if results is None:
        return "未附结果"
    ended = Counter(results.get(test, "") for test in named(requirement))
    if ended["failed"]:
        return f"未通过（失败 {ended['failed']} 项）"
    if not ended["passed"]:
        return "未运行"
    missing = ended[""] + ended["skipped"]
    return "通过" if not missing else f"通过 {ended['passed']} 项，未运行 {missing} 项"


def proven(wanted: Iterable[Requirement], results: Results) -> bool:
    """Whether every requirement has tests that passed and none that failed."""
    ended = [[results.get(test) for test in named(one)] for one in wanted]
    return all("passed" in one and "failed" not in one for one in ended)


def _named_only(requirement: Requirement) -> Iterator[str]:
    for file, name in requirement.tests:
        yield f"- `{file}`{f'：{_said(name)}' if name else ''}\n"


def _with_results(requirement: Requirement, results: Results) -> Iterator[str]:
    words = {"passed": "通过", "failed": "**失败**", "skipped": "跳过", None: "未运行"}
    for file in dict.fromkeys(file for file, _ in named(requirement)):
        yield f"- `{file}`\n"
        for at, name in named(requirement):
            if at == file:
                yield f"  - {_said(name)}：{words[results.get((file, name))]}\n"


def _said(name: str) -> str:
    """A test's name is the sentence it proves."""
    return name.removeprefix("test_").replace("_", " ")


def _split(test: str) -> tuple[str, str]:
    file, _, name = test.partition("::")
    return file, name


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/acceptance", description="生成验收测试报告")
    parser.add_argument("results", nargs="*", type=Path, help="pytest --junit-xml 写出的结果")
    parser.add_argument("--output", type=Path, default=TARGET, help="写到哪里")
    chosen = parser.parse_args()
    if chosen.results and chosen.output == TARGET:
        parser.error("带结果的报告请用 --output 写到别处")
    wanted = requirements()
    results = read(chosen.results) if chosen.results else None
    chosen.output.write_text(report(wanted, results), encoding="utf-8")
    print(f"已写入 {chosen.output}")
    return 0 if results is None or proven(wanted, results) else 1


if __name__ == "__main__":
    sys.exit(main())
