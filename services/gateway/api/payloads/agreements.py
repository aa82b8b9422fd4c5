"""Tripartite agreements."""

from __future__ import annotations

from dataclasses import dataclass

from contract.agreement import Bank


@dataclass(frozen=True)
class BanksOffered:
    """`consent_version` is the text about bank accounts to agree to; `consented` whether the payer has."""

    banks: tuple[Bank, ...]
    consent_version: str
    consented: bool


@dataclass(frozen=True)
class AccountConsent:
    """The version of the text that was read and agreed to."""

    consent_version: str


@dataclass(frozen=True)
class AccountTyped:
    """The payer's own account, as typed."""

    bank_code: str
    account_number: str


@dataclass(frozen=True)
class AgreementWanted:
    """`draft` as POST /agreement-drafts gave it; `authority_code` one of its authorities, empty where there is one."""

    draft: str
    authority_code: str = ""
