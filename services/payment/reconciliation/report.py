"""The report of a day as one HTML file: no script, nothing loaded from elsewhere, charts drawn in it."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contract.money import yuan_text
from kit.clock import china_text
from services.payment.reconciliation.summary import LISTED, Summary


def _amount(fen: int | None) -> str:
    """Yuan with thousands apart; a dash where a side has nothing."""
    if fen is None:
        return "—"
    whole, part = yuan_text(fen).split(".")
    return f"{int(whole):,}.{part}"


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_environment.filters |= {"yuan": _amount, "moment": china_text}
_environment.globals |= {"listed": LISTED}


def html_report(summary: Summary) -> str:
    """The page; names and person numbers in it are masked."""
    return _environment.get_template("report.html").render(s=summary)
