"""我的申报: what is declared and not paid, and 申报作废 (3.2.1.10)."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.declarations import Declaration, DeclarationNotFound, DeclarationState
from contract.errors import DeadlineExceeded, Unavailable
from contract.household import Pick
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain.searches import Subject
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import insured, records


class DeclarationRoutes(Routes):
    """Of the payer and of those in their list; nobody else's declaration can be named."""

    @http("GET", "/declarations", access=Access.PAYER)
    def show_declarations(self, request: Request, session: Session) -> Response:
        subject = self._declarer(session, request.args.get("of", ""))
        found, problem = None, None
        try:
            found = records.list_declarations(self.payer(session), subject, self.ports).declarations
        except Unavailable as error:
            problem = error
        return self.show(
            "declarations.html", request, session, problem.status if problem else 200, subject=subject, found=found,
            problem=problem, picks=self._declarers(session),
        )  # fmt: skip

    @http("GET", "/declarations/<record_id>/void", access=Access.PAYER)
    def show_void(self, request: Request, session: Session, record_id: str) -> Response:
        """Once more in full, before it is taken back."""
        subject = self._declarer(session, request.args.get("of", ""))
        declaration = self._declaration(session, subject, record_id)
        if declaration.state is not DeclarationState.DECLARED:
            return self._to_voiding(record_id, subject)
        return self.show("declaration_void.html", request, session, subject=subject, declaration=declaration)

    @http("POST", "/declarations/<record_id>/void", access=Access.PAYER)
    def void_declaration(self, request: Request, session: Session, record_id: str) -> Response:
        """确认作废. Pressed twice, it is done once; without an answer the list shows what is so now."""
        subject = self._declarer(session, request.form.get("of", ""))
        try:
            records.void_declaration(self.payer(session), subject, record_id, self.ports)
        except DeadlineExceeded:
            return self.browser.protect(go("/declarations", of=subject.of, notice="voidunsure"))
        return self._to_voiding(record_id, subject)

    @http("GET", "/declarations/<record_id>", access=Access.PAYER)
    def show_voiding(self, request: Request, session: Session, record_id: str) -> Response:
        subject = self._declarer(session, request.args.get("of", ""))
        voiding = records.check_voiding(self.payer(session), subject, record_id, self.ports)
        return self.show("voiding.html", request, session, subject=subject, voiding=voiding)

    def _declarer(self, session: Session, of: str) -> Subject:
        return records.pick_subject(self.payer(session), of, self.ports)

    def _declarers(self, session: Session) -> tuple[Pick, ...]:
        """Whose declarations one may look at besides; none while identity does not answer."""
        try:
            return insured.list_picks(self.payer(session).person_id, self.ports)
        except Unavailable:
            return ()

    def _declaration(self, session: Session, subject: Subject, record_id: str) -> Declaration:
        found = records.list_declarations(self.payer(session), subject, self.ports).declarations
        for declaration in found:
            if declaration.record_id == record_id:
                return declaration
        raise DeclarationNotFound

    def _to_voiding(self, record_id: str, subject: Subject) -> Response:
        return self.browser.protect(go(f"/declarations/{record_id}", of=subject.of))
