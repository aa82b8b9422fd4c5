"""缴费基数: what a year costs a flexible worker who chose a base (requirement 3.2.1.9)."""

from __future__ import annotations

from contract.contribution import BaseRule

_BASIS_POINTS = 10_000


def amount_of(base: int, rule: BaseRule) -> int:
    """A year's amount in fen: base × ratio × months, exact until the end, then rounded once to whole fen, halves up
    (四舍五入到分)."""
    return (base * rule.ratio * rule.months + _BASIS_POINTS // 2) // _BASIS_POINTS
