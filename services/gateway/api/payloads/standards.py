"""缴费标准."""

from __future__ import annotations

from dataclasses import dataclass

from contract.contribution import Tiers
from contract.insurance import InsuranceType


@dataclass(frozen=True)
class StandardShown:
    """The table in force of one insurance type. `demonstration`: no authority's, only to show the system with."""

    insurance_type: InsuranceType
    demonstration: bool
    table: Tiers


@dataclass(frozen=True)
class Standards:
    """Of both insurance types."""

    standards: tuple[StandardShown, ...]
