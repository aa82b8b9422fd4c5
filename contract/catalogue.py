"""Imports every module that defines a method or an event, so that documents and tests see them all."""

from __future__ import annotations

from contract import (
    agreement,
    certificate,
    checking,
    contribution,
    declarations,
    deliveries,
    health,
    household,
    identity,
    intrusion,
    notify,
    ocr,
    paid,
    paid_for_others,
    payment,
    places,
    reconciliation,
    records,
    refunds,
    rights,
    schools,
    tiers,
)
from contract.events import EVENTS
from contract.rpc import METHODS

__all__ = [
    "EVENTS",
    "METHODS",
    "agreement",
    "certificate",
    "checking",
    "contribution",
    "declarations",
    "deliveries",
    "health",
    "household",
    "identity",
    "intrusion",
    "notify",
    "ocr",
    "paid",
    "paid_for_others",
    "payment",
    "places",
    "reconciliation",
    "records",
    "refunds",
    "rights",
    "schools",
    "tiers",
]
