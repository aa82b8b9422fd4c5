"""Reads the reports of pip-audit (scripts/scan) and says what is to be done, in Chinese."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Vulnerable:
    """A pinned release with a known vulnerability, by its names, and the first releases without it."""

    release: str
    names: tuple[str, ...]
    fixed: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What a scan says: how many releases were asked about, which are vulnerable, and which nobody could judge."""

    asked: int
    vulnerable: tuple[Vulnerable, ...]
    unknown: tuple[str, ...]


def read(reports: Iterable[str]) -> Report:
    """Several reports as one; a release that several files pin counts once. Raises ValueError for what is no report."""
    asked: set[str] = set()
    vulnerable: dict[tuple[str, str], Vulnerable] = {}
    unknown: dict[str, None] = {}
    for report in reports:
        try:
            dependencies = json.loads(report)["dependencies"]
            for one in dependencies:
                release = f"{one['name']} {one.get('version', '')}".strip()
                if "skip_reason" in one:
                    unknown[f"{release}（{one['skip_reason']}）"] = None
                    continue
                asked.add(release)
                for found in one["vulns"]:
                    names = (found["id"], *found["aliases"])
                    vulnerable[release, found["id"]] = Vulnerable(
                        release, names, tuple(found["fix_versions"])
                    )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no report of pip-audit: {error!r}") from None
    return Report(len(asked), tuple(vulnerable.values()), tuple(unknown))


def tell(report: Report, say: Callable[[str], object] = print) -> int:
    """Say what was found; the exit status. Nothing asked about is nothing known."""
    for one in report.vulnerable:
        way_on = f"升级到 {'、'.join(one.fixed)}" if one.fixed else "还没有修复的版本，请评估影响"
        say(f"✗ {one.release}：{' / '.join(one.names)}，{way_on}")
    for release in report.unknown:
        say(f"？ {release}：没有查到，请人工核对")
    say(
        f"共核对 {report.asked} 个依赖，{len(report.vulnerable)} 个已知漏洞，{len(report.unknown)} 个没有查到"
    )
    if report.vulnerable:
        return VULNERABLE
    return UNKNOWN if report.unknown or not report.asked else CLEAN


def main(arguments: Sequence[str] | None = None) -> int:
    paths = sys.argv[1:] if arguments is None else arguments
    return tell(read(Path(path).read_text("utf-8") for path in paths))


if __name__ == "__main__":
    sys.exit(main())
