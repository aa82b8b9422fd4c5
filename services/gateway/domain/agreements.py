"""What the pages of 三方协议 ask and show (3.2.1.11)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from contract.agreement import AgreementState, AgreementView, Bank
from contract.rights import CONSENT_VERSIONS, ConsentGiven, ConsentKind

LOOKS = 10
"""How often the waiting page looks before it lets the person go: most banks answer in seconds, some in days."""

CONSENT_VERSION = CONSENT_VERSIONS[ConsentKind.BANK_ACCOUNT]

_OVER = frozenset({AgreementState.FAILED, AgreementState.ENDED})


@dataclass(frozen=True)
class AccountForm:
    """The bank and account a person types; what was typed is kept, also where it was wrong."""

    banks: Sequence[Bank]
    bank_code: str = ""
    account_number: str = ""


def consent_standing(consents: Sequence[ConsentGiven]) -> bool:
    """Whether the present text about bank accounts was agreed to, and still is."""
    return any(
        given.kind is ConsentKind.BANK_ACCOUNT and given.version == CONSENT_VERSION and not given.withdrawn_at
        for given in consents
    )


def draft_key(draft: str) -> str:
    """The idempotency key of a page's draft: pressing 确认签订 twice signs once."""
    return hashlib.sha256(draft.encode()).hexdigest()[:32]


def stands(agreement: AgreementView) -> bool:
    """Whether an agreement is in force or may become so: its person must stay known to us."""
    return agreement.state not in _OVER
