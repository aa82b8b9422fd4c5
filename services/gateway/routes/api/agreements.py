"""三方协议 of the payer."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract import agreement, rights
from contract.agreement import (
    AgreementOfPerson,
    Agreements,
    AgreementView,
    Banks,
    ListAgreements,
    ListBanks,
    Prepared,
)
from contract.errors import InvalidInput
from contract.identity import ConsentMissing
from kit.http import Access
from services.gateway.api.operations import IDEMPOTENCY_KEY, idempotency_key, operation
from services.gateway.api.payloads import agreements as payloads
from services.gateway.domain.agreements import CONSENT_VERSION
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.base import Routes
from services.gateway.usecases import agreements


class AgreementsApi(Routes):
    """What the pages under 三方协议 show and do."""

    @operation(
        "GET", "/agreement-banks", "可以线上签订三方协议的银行，以及需要同意的授权说明版本", access=Access.PAYER,
        answer=payloads.BanksOffered, errors=(LoginNeeded,),
    )  # fmt: skip
    def list_banks_by_api(self, request: Request, session: Session, body: None) -> payloads.BanksOffered:
        banks: Banks = self.rpc.call(agreement.list_banks, ListBanks())
        person_id = self.payer(session).person_id
        return payloads.BanksOffered(
            banks.banks, CONSENT_VERSION, agreements.has_consented(person_id, self.ports)
        )

    @operation(
        "POST", "/agreement-consent", "同意《银行账户信息授权说明》", access=Access.PAYER,
        body=payloads.AccountConsent, status=204, errors=(LoginNeeded, *rights.give_consent.errors),
        repeated="同意两次等于同意一次。",
    )  # fmt: skip
    def give_account_consent_by_api(
        self, request: Request, session: Session, body: payloads.AccountConsent
    ) -> None:
        agreements.give_consent(self.payer(session).person_id, body.consent_version, self.ports)

    @operation(
        "POST", "/agreement-drafts", "核对银行账号，确定主管税务机关", access=Access.PAYER,
        body=payloads.AccountTyped, answer=Prepared, status=201,
        errors=(LoginNeeded, ConsentMissing, *agreement.prepare_agreement.errors),
        repeated="只核对，不签订；每次得到一份新的密封内容。",
    )  # fmt: skip
    def prepare_agreement_by_api(
        self, request: Request, session: Session, body: payloads.AccountTyped
    ) -> Prepared:
        payer = self.payer(session)
        return agreements.prepare_agreement(payer, body.bank_code, body.account_number, self.ports)

    @operation(
        "POST", "/agreements", "签订三方协议", access=Access.PAYER, body=payloads.AgreementWanted,
        answer=AgreementView, status=201, errors=(LoginNeeded, InvalidInput, *agreement.sign_agreement.errors),
        headers=IDEMPOTENCY_KEY,
    )  # fmt: skip
    def sign_agreement_by_api(
        self, request: Request, session: Session, body: payloads.AgreementWanted
    ) -> AgreementView:
        key = idempotency_key(request)
        return agreements.sign_agreement(
            self.payer(session), body.draft, body.authority_code, key, self.ports
        )

    @operation(
        "GET", "/agreements", "我的三方协议", access=Access.PAYER, answer=Agreements, errors=(LoginNeeded,)
    )
    def list_agreements_by_api(self, request: Request, session: Session, body: None) -> Agreements:
        return self.rpc.call(agreement.list_agreements, ListAgreements(self.payer(session).person_id))

    @operation(
        "GET", "/agreements/<agreement_id>", "一份三方协议的最新状态", access=Access.PAYER, answer=AgreementView,
        errors=(LoginNeeded, *agreement.get_agreement.errors),
    )  # fmt: skip
    def get_agreement_by_api(
        self, request: Request, session: Session, body: None, agreement_id: str
    ) -> AgreementView:
        named = AgreementOfPerson(self.payer(session).person_id, agreement_id)
        return agreements.follow_agreement(named, self.ports)

    @operation(
        "POST", "/agreements/<agreement_id>/cancellation", "撤销三方协议；重复提交没有影响", access=Access.PAYER,
        answer=AgreementView, errors=(LoginNeeded, *agreement.cancel_agreement.errors),
        repeated="只撤销一次，再提交答复现在的状态。",
    )  # fmt: skip
    def cancel_agreement_by_api(
        self, request: Request, session: Session, body: None, agreement_id: str
    ) -> AgreementView:
        return agreements.cancel_agreement(self.payer(session), agreement_id, self.ports)
