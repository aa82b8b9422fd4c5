"""What a year costs in a place, without asking any upstream."""

from __future__ import annotations

from contract.contribution import ListTiers, list_tiers
from contract.insurance import InsuranceType
from services.gateway.domain.standards import Standard, Wanted
from services.gateway.usecases.ports import Ports


def find_standards(wanted: Wanted, ports: Ports) -> tuple[Standard, ...]:
    """The tables in force of both insurance types."""
    return tuple(
        Standard(
            insurance_type,
            ports.peers.call(
                list_tiers, ListTiers(wanted.payer_kind, insurance_type, wanted.division_code, wanted.year)
            ),
        )
        for insurance_type in InsuranceType
    )
