"""An inspection as a page: plain text for a terminal, or one HTML file that loads nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.inspection.findings import Level, Section
from kit.clock import china_text

_MARKS = {Level.GOOD: "  ", Level.WATCH: "! ", Level.BAD: "✗ "}
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def verdict(sections: Sequence[Section]) -> str:
    """The page's first sentence."""
    counts = {level: sum(f.level is level for s in sections for f in s.findings) for level in Level}
    if counts[Level.BAD]:
        return f"有 {counts[Level.BAD]} 项异常、{counts[Level.WATCH]} 项需要注意，节假日前必须处理异常项。"
    if counts[Level.WATCH]:
        return f"没有异常，{counts[Level.WATCH]} 项需要注意。"
    return f"全部 {counts[Level.GOOD]} 项正常。"


def text(sections: Sequence[Section], made_at: dt.datetime) -> str:
    """For a terminal: what is wrong is marked."""
    lines = [f"系统检查　{china_text(made_at)}", verdict(sections), ""]
    for section in sections:
        lines.append(f"【{section.title}】")
        lines += [
            f"{_MARKS[one.level]}{one.level.label}  {one.subject}：{one.said}" for one in section.findings
        ]
        lines.append("")
    return "\n".join(lines)


def html(sections: Sequence[Section], made_at: dt.datetime) -> str:
    """For a browser and for the file of the holiday."""
    page = _environment.get_template("page.html")
    return page.render(sections=sections, verdict=verdict(sections), made_at=china_text(made_at), Level=Level)
