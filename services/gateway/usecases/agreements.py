"""三方协议 (3.2.1.11): nothing about an account is taken before the consent to it stands (security.md 15)."""

from __future__ import annotations

from contract import agreement, rights
from contract.agreement import (
    AgreementOfPerson,
    AgreementView,
    Bank,
    CancelAgreement,
    ListAgreements,
    ListBanks,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
from contract.errors import Unavailable
from contract.identity import ConsentMissing
from contract.rights import ConsentKind, GiveConsent, PersonNamed
from services.gateway.domain.agreements import CONSENT_VERSION, consent_standing, stands
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.usecases.ports import Ports


def give_consent(person_id: str, version: str, ports: Ports) -> None:
    """Agree to the text about bank accounts. Raises ConsentMissing for any version but the present one."""
    ports.peers.call(rights.give_consent, GiveConsent(person_id, ConsentKind.BANK_ACCOUNT, version))


def has_consented(person_id: str, ports: Ports) -> bool:
    """Whether the present text was agreed to."""
    return consent_standing(ports.peers.call(rights.list_consents, PersonNamed(person_id)).consents)


def list_banks(ports: Ports) -> tuple[Bank, ...]:
    """Who takes agreements online."""
    return ports.peers.call(agreement.list_banks, ListBanks()).banks


def prepare_agreement(payer: LoggedInPayer, bank_code: str, account_number: str, ports: Ports) -> Prepared:
    """Check the account, which must be the payer's own, and find the authority. Raises ConsentMissing, and what
    prepare_agreement raises."""
    _require_consent(payer, ports)
    asked = PrepareAgreement(payer.person_id, payer.person, bank_code, account_number)
    return ports.peers.call(agreement.prepare_agreement, asked)


def sign_agreement(
    payer: LoggedInPayer, draft: str, authority_code: str, key: str, ports: Ports
) -> AgreementView:
    """Sign what was prepared, once per key. Raises ConsentMissing, and what sign_agreement raises."""
    _require_consent(payer, ports)
    asked = SignAgreement(payer.person_id, draft, authority_code, CONSENT_VERSION, key)
    return ports.peers.call(agreement.sign_agreement, asked)


def follow_agreement(named: AgreementOfPerson, ports: Ports) -> AgreementView:
    """The agreement after a look at how far it is; as it was known last while the tax core cannot be asked. Raises
    AgreementNotFound."""
    known = ports.peers.call(agreement.get_agreement, named)
    if not stands(known):
        return known
    try:
        return ports.peers.call(agreement.check_agreement, named)
    except Unavailable:
        return known  # the page asks again, and contribution asks by itself


def cancel_agreement(payer: LoggedInPayer, agreement_id: str, ports: Ports) -> AgreementView:
    """Ask for the end of an agreement, once however often. Raises AgreementNotFound, AgreementNotActive."""
    asked = CancelAgreement(payer.person_id, payer.person, agreement_id)
    return ports.peers.call(agreement.cancel_agreement, asked)


def standing_agreement(person_id: str, ports: Ports) -> AgreementView | None:
    """One agreement that is in force or under way; None where there is none."""
    listed = ports.peers.call(agreement.list_agreements, ListAgreements(person_id)).agreements
    return next((one for one in listed if stands(one)), None)


def _require_consent(payer: LoggedInPayer, ports: Ports) -> None:
    if not has_consented(payer.person_id, ports):
        raise ConsentMissing(f"请先阅读并勾选同意{ConsentKind.BANK_ACCOUNT.label}。", field="consent")
