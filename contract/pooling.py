"""What keeping an authority's tables begins with: the pooling levels there are (统筹级次), and an empty table.

Served by contribution.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.rpc import Method


@dataclass(frozen=True)
class ListPoolingLevels:
    """Those the asking account reaches."""


@dataclass(frozen=True)
class PoolingLevel:
    """450000, 450100 or 450103 and its full name."""

    code: str
    name: str


@dataclass(frozen=True)
class PoolingLevels:
    """By code."""

    levels: tuple[PoolingLevel, ...]


list_pooling_levels = Method("contribution", "list_pooling_levels", ListPoolingLevels, PoolingLevels)


@dataclass(frozen=True)
class MakeTierTemplate:
    """An empty spreadsheet for tiers and bases."""


@dataclass(frozen=True)
class TierTemplate:
    """The file in base64."""

    content: str


make_tier_template = Method("contribution", "make_tier_template", MakeTierTemplate, TierTemplate)
