"""Which of our own pages a browser may be led to."""

from __future__ import annotations

import re

_PRESENT = re.compile(
    r"/(?:journeys|orders|agreements|certificates)/[\w-]+|/(?:agreements|certificates|schools|account|household|insured)(?![^/])",
    re.ASCII,
)


def local_path(path: str | None) -> str | None:
    """The path if it leads nowhere but to a page of ours, else None: no open redirects (security.md 7)."""
    if path and len(path) <= 200 and re.fullmatch(r"/[\w-]+(?:/[\w-]+)*", path, re.ASCII):
        return path
    return None


def way_back(path: str) -> str:
    """The page that shows the present state of what a request was about."""
    found = re.match(
        r"/(?:journeys|batches|orders|agreements|certificates|school-links)/[\w-]+|/schools/batches/[\w-]+"
        r"|/(?:agreements|certificates|schools|check|account|household|insured|contributions|declarations|standards)(?![^/])",
        path,
        re.ASCII,
    )
    return found.group() if found else "/menu"
