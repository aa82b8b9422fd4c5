"""三方协议 (3.2.1.11): the person's own, signing one in four pages, and cancelling one."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract import agreement
from contract.agreement import (
    AgreementNotActive,
    AgreementOfPerson,
    AgreementState,
    AuthorityUnknown,
    BankUnknown,
    DraftOfPerson,
    InvalidAccount,
    ListAgreements,
    Prepared,
)
from contract.errors import ContractError
from contract.identity import ConsentMissing
from contract.rights import ConsentKind
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain.agreements import CONSENT_VERSION, LOOKS, AccountForm, draft_key
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import agreements

_CONSENT, _ACCOUNT = "/agreements/new", "/agreements/new/account"


class AgreementRoutes(Routes):
    """An account number is typed once, travels sealed, and is never in an address."""

    @http("GET", "/agreements", access=Access.PAYER)
    def show_agreements(self, request: Request, session: Session) -> Response:
        asked = ListAgreements(self.payer(session).person_id)
        found = self.rpc.call(agreement.list_agreements, asked).agreements
        return self.show("agreements.html", request, session, agreements=found)

    @http("GET", _CONSENT, access=Access.PAYER)
    def show_account_consent(self, request: Request, session: Session) -> Response:
        """Whoever has agreed to the present text is not asked again."""
        if agreements.has_consented(self.payer(session).person_id, self.ports):
            return self.browser.protect(go(_ACCOUNT))
        return self._consent_page(request, session)

    @http("POST", _CONSENT, access=Access.PAYER)
    def give_account_consent(self, request: Request, session: Session) -> Response:
        version = request.form.get("consent", "")
        try:
            agreements.give_consent(self.payer(session).person_id, version, self.ports)
        except ConsentMissing as error:
            return self._consent_page(request, session, error)
        return self.browser.protect(go(_ACCOUNT))

    @http("GET", _ACCOUNT, access=Access.PAYER)
    def show_account_form(self, request: Request, session: Session) -> Response:
        if not agreements.has_consented(self.payer(session).person_id, self.ports):
            return self.browser.protect(go(_CONSENT))
        return self._account_form(request, session)

    @http("POST", _ACCOUNT, access=Access.PAYER)
    def prepare_agreement(self, request: Request, session: Session) -> Response:
        form = request.form
        bank_code, number = form.get("bank_code", ""), form.get("account_number", "")
        try:
            prepared = agreements.prepare_agreement(self.payer(session), bank_code, number, self.ports)
        except ConsentMissing:
            return self.browser.protect(go(_CONSENT))
        except (BankUnknown, InvalidAccount) as error:
            return self._account_form(request, session, error)
        return self._agreement_page(request, session, prepared)

    @http("POST", "/agreements/new/authority", access=Access.PAYER)
    def choose_authority(self, request: Request, session: Session) -> Response:
        """One tap on the agencies of who is enrolled at several."""
        return self._agreement_page(request, session, self._prepared(request, session))

    @http("POST", "/agreements", access=Access.PAYER)
    def sign_agreement(self, request: Request, session: Session) -> Response:
        """确认签订: one agreement however often it is pressed."""
        form = request.form
        draft, code = form.get("draft", ""), form.get("authority_code", "")
        key = draft_key(draft)
        try:
            signed = agreements.sign_agreement(self.payer(session), draft, code, key, self.ports)
        except ConsentMissing:
            return self.browser.protect(go(_CONSENT))
        except AuthorityUnknown:
            return self._agreement_page(request, session, self._prepared(request, session))
        return self._to_agreement(signed.agreement_id)

    @http("GET", "/agreements/<agreement_id>", access=Access.PAYER)
    def show_agreement(self, request: Request, session: Session, agreement_id: str) -> Response:
        found = agreements.follow_agreement(self._own(session, agreement_id), self.ports)
        looks = request.args.get("looks", 1, int)
        waiting = not found.state.settled and looks <= LOOKS
        template = "agreement_waiting.html" if waiting else "agreement.html"
        return self.show(template, request, session, agreement=found, looks=looks)

    @http("GET", "/agreements/<agreement_id>/cancellation", access=Access.PAYER)
    def show_cancellation(self, request: Request, session: Session, agreement_id: str) -> Response:
        found = self.rpc.call(agreement.get_agreement, self._own(session, agreement_id))
        if found.state is not AgreementState.ACTIVE:
            return self._to_agreement(agreement_id)
        return self.show("agreement_cancellation.html", request, session, agreement=found)

    @http("POST", "/agreements/<agreement_id>/cancellation", access=Access.PAYER)
    def cancel_agreement(self, request: Request, session: Session, agreement_id: str) -> Response:
        try:
            agreements.cancel_agreement(self.payer(session), agreement_id, self.ports)
        except AgreementNotActive:
            return self._to_agreement(agreement_id)
        return self._to_agreement(agreement_id)

    def _consent_page(
        self, request: Request, session: Session, error: ContractError | None = None
    ) -> Response:
        return self.show(
            "agreement_consent.html", request, session, error.status if error else 200,
            kind=ConsentKind.BANK_ACCOUNT, version=CONSENT_VERSION,
            errors={"consent": error.message} if error else {},
        )  # fmt: skip

    def _account_form(
        self, request: Request, session: Session, error: ContractError | None = None
    ) -> Response:
        typed = {name: request.form.get(name, "") for name in ("bank_code", "account_number")}
        return self.show(
            "agreement_account.html", request, session, error.status if error else 200,
            form=AccountForm(agreements.list_banks(self.ports), **typed),
            errors={error.detail["field"]: error.message} if error else {},
        )  # fmt: skip

    def _agreement_page(self, request: Request, session: Session, prepared: Prepared) -> Response:
        """The check page; of several authorities one is chosen first."""
        offered, code = prepared.authorities, request.form.get("authority_code", "")
        chosen = next((one for one in offered if one.code == code or len(offered) == 1), None)
        if chosen is None:
            return self.show("agreement_authority.html", request, session, prepared=prepared)
        return self.show("agreement_check.html", request, session, prepared=prepared, authority=chosen)

    def _prepared(self, request: Request, session: Session) -> Prepared:
        asked = DraftOfPerson(self.payer(session).person_id, request.form.get("draft", ""))
        return self.rpc.call(agreement.read_draft, asked)

    def _own(self, session: Session, agreement_id: str) -> AgreementOfPerson:
        return AgreementOfPerson(self.payer(session).person_id, agreement_id)

    def _to_agreement(self, agreement_id: str) -> Response:
        return self.browser.protect(go(f"/agreements/{agreement_id}"))
