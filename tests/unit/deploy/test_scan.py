"""What scripts/scan makes of the reports of pip-audit: nothing that is known, or that nobody could judge, is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.lib import read_scan
from scripts.lib.read_scan import CLEAN, UNKNOWN, VULNERABLE, Report, Vulnerable, read, tell
from tests.architecture.sources import ROOT

FOUND = {
    "name": "jinja2", "version": "3.1.5", "vulns": [
        {"id": "PYSEC-2026-1", "fix_versions": ["3.1.6"], "aliases": ["CVE-2026-27516"], "description": "…"},
        {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": [], "description": "…"},
    ],
}  # fmt: skip
FINE = {"name": "nameko", "version": "2.14.1", "vulns": []}
SKIPPED = {"name": "typst", "skip_reason": "Dependency not found on PyPI"}


def report(*dependencies: Any) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def told(*reports: str) -> tuple[int, str]:
    said: list[str] = []
    return tell(read(reports), said.append), "\n".join(said)


def test_a_vulnerability_is_told_with_its_names_and_the_way_out() -> None:
    status, said = told(report(FINE, FOUND), report(FOUND))
    assert status == VULNERABLE
    assert "jinja2 3.1.5：PYSEC-2026-1 / CVE-2026-27516，升级到 3.1.6" in said
    assert "PYSEC-2026-2，还没有修复的版本，请评估影响" in said
    assert "共核对 2 个依赖，2 个已知漏洞，0 个没有查到" in said, "what two files pin is one release"


def test_where_nothing_is_known_everything_was_asked() -> None:
    assert told(report(FINE)) == (CLEAN, "共核对 1 个依赖，0 个已知漏洞，0 个没有查到")


@pytest.mark.parametrize("reports", [(report(FINE, SKIPPED),), (report(),), ()])
def test_what_could_not_be_asked_about_is_not_called_clean(reports: tuple[str, ...]) -> None:
    assert told(*reports)[0] == UNKNOWN


def test_a_vulnerability_weighs_more_than_what_is_not_known() -> None:
    assert read([report(SKIPPED, FOUND)]) == Report(
        1,
        (
            Vulnerable("jinja2 3.1.5", ("PYSEC-2026-1", "CVE-2026-27516"), ("3.1.6",)),
            Vulnerable("jinja2 3.1.5", ("PYSEC-2026-2",), ()),
        ),
        ("typst（Dependency not found on PyPI）",),
    )
    assert told(report(SKIPPED, FOUND))[0] == VULNERABLE


@pytest.mark.parametrize("text", ["[]", "{}", '{"dependencies": [{"name": "x"}]}', "no json"])
def test_what_is_no_report_is_no_result(text: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ValueError):
        read_scan.main([str(tmp_path / "report.json")])


def test_every_file_that_pins_is_asked_about() -> None:
    """And by a pinned tool: see test_security_matrix for the hashes."""
    script = (ROOT / "scripts" / "scan").read_text()
    assert "for file in requirements*.txt" in script and "--require-hashes" in script
    assert "pip-audit==" in (ROOT / "requirements-scan.txt").read_text()
