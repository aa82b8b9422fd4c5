"""Every requirement of chapter 3 has tests that exist, and the acceptance report says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.lib import write_acceptance
from scripts.lib.write_acceptance import TARGET, Requirement, proven, read, report, requirements, verdict
from tests.architecture.sources import ROOT

REQUIREMENTS = requirements()
BUSINESS = [f"3.2.1.{number}" for number in range(1, 17)]
GENERAL = [f"3.1.{number}" for number in range(1, 10)]
"""The paragraphs of 3.1, which has no numbers of its own, in their order."""


def test_every_requirement_is_in_the_table_once_and_in_order() -> None:
    assert [one.number for one in REQUIREMENTS] == [*GENERAL, *BUSINESS, "6"]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda one: one.number)
def test_a_requirement_is_proven_by_tests_that_exist(requirement: Requirement) -> None:
    assert requirement.tests
    for file, name in requirement.tests:
        assert (ROOT / file).exists(), f"{file} is gone: docs/acceptance.toml"
        found = write_acceptance.tests_in(file)
        assert found, f"{file} holds no test"
        assert not name or name in found, f"{file} has no {name}: docs/acceptance.toml"


def test_the_report_is_what_the_table_says() -> None:
    assert TARGET.read_text("utf-8") == report(REQUIREMENTS, None), "run scripts/acceptance"


ONE = Requirement("3.2.1.4", "首页", (("tests/architecture/test_acceptance.py", "test_results_are_read"),))
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.architecture.test_acceptance" name="test_results_are_read[a]"/>
<testcase classname="tests.architecture.test_acceptance" name="test_results_are_read[b]">{}</testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("inside", "said", "good"),
    [("", "通过", True), ("<failure/>", "未通过（失败 1 项）", False), ("<error/>", "未通过（失败 1 项）", False),
     ("<skipped/>", "通过", True)],
)  # fmt: skip
def test_results_are_read(tmp_path: Path, inside: str, said: str, good: bool) -> None:
    """The worst of a test's parameters counts."""
    path = tmp_path / "results.xml"
    path.write_text(JUNIT.format(inside))
    results = read([path])
    assert verdict(ONE, results) == said and proven([ONE], results) is good
    assert said in report([ONE], results)


def test_a_requirement_whose_tests_did_not_run_is_not_proven() -> None:
    assert verdict(ONE, {}) == "未运行" and not proven([ONE], {})
