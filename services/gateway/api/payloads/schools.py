"""Certificates of a school's students."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RollWanted:
    """`content` is the spreadsheet in base64: names in the first column, ID numbers in the second. 所属期 as yyyyMM,
    both included."""

    period_from: str
    period_to: str
    content: str


@dataclass(frozen=True)
class LinkWanted:
    """所属期 as yyyyMM, both included, which the link fills in for each student."""

    period_from: str
    period_to: str


@dataclass(frozen=True)
class LinkMade:
    """`url` is what the students open, `token` what programs read it with; neither names anybody."""

    url: str
    token: str
    school_name: str
    period_from: str
    period_to: str
