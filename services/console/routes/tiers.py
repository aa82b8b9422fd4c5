"""缴费标准 (3.2.1.9): a file is previewed, submitted, and approved by another."""

from __future__ import annotations

import base64

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, InvalidInput, NotFound
from contract.insurance import InsuranceType, PayerKind
from contract.pooling import MakeTierTemplate, make_tier_template
from contract.tiers import (
    FILE_LIMIT,
    ApproveTiers,
    GetTierImport,
    ImportState,
    ListTierHistory,
    ListTierImports,
    Operator,
    PreviewTiers,
    RejectTiers,
    SubmitTiers,
    approve_tiers,
    get_tier_import,
    list_tier_history,
    list_tier_imports,
    preview_tiers,
    reject_tiers,
    submit_tiers,
)
from kit.http import Access, http
from services.console.browser import attachment
from services.console.domain.sessions import Session
from services.console.routes.home import HomeRoutes

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_UPLOAD = FILE_LIMIT + 64 * 1024


class TierRoutes(HomeRoutes):
    """An authority's tables."""

    @http("GET", "/tiers", access=Access.STAFF)
    def show_tiers(self, request: Request, session: Session) -> Response:
        return self._tiers(request, session)

    @http("GET", "/tiers/template", access=Access.STAFF)
    def download_template(self, request: Request, session: Session) -> Response:
        made = self.ask(session, make_tier_template, MakeTierTemplate())
        file = attachment(base64.b64decode(made.content), XLSX, "缴费标准模板.xlsx", "template.xlsx")
        return self.browser.protect(file)

    @http("POST", "/tiers/preview", access=Access.STAFF, max_body=_MAX_UPLOAD)
    def preview(self, request: Request, session: Session) -> Response:
        file = request.files.get("file")
        content = file.read() if file else b""
        try:
            if not content:
                raise InvalidInput("请先选择填好的表格文件。", field="file")
            asked = PreviewTiers(_operator(session), base64.b64encode(content).decode())
            preview = self.ask(session, preview_tiers, asked)
        except ContractError as error:
            return self._tiers(request, session, error)
        if preview.draft is not None:
            return self.to(f"/tiers/{preview.draft.import_id}")
        return self.show("tier_faults.html", request, session, preview=preview)

    @http("GET", "/tiers/history", access=Access.STAFF)
    def show_history(self, request: Request, session: Session) -> Response:
        code = request.args.get("code", session.account.pooling_code)
        try:
            kind = PayerKind(request.args.get("kind", next(iter(PayerKind)).value))
            insurance = InsuranceType(request.args.get("type", next(iter(InsuranceType)).value))
        except ValueError:
            raise NotFound from None
        versions, problem = (), None
        try:
            asked = ListTierHistory(_operator(session), code, kind, insurance)
            versions = self.ask(session, list_tier_history, asked).versions
        except ContractError as error:
            problem = error
        return self.show(
            "tier_history.html", request, session, problem, versions=versions, code=code, kind=kind,
            insurance=insurance, kinds=PayerKind, types=InsuranceType, names=self.level_names(session),
        )  # fmt: skip

    @http("GET", "/tiers/<import_id>", access=Access.STAFF)
    def show_import(self, request: Request, session: Session, import_id: str) -> Response:
        return self._import(request, session, import_id)

    @http("POST", "/tiers/<import_id>/<act>", access=Access.STAFF)
    def act_on_import(self, request: Request, session: Session, import_id: str, act: str) -> Response:
        """submit, approve or reject; whether it may be is contribution's to say."""
        operator, reason = _operator(session), request.form.get("reason", "")
        try:
            if act == "submit":
                self.ask(session, submit_tiers, SubmitTiers(operator, import_id, reason))
                return self.to(f"/tiers/{import_id}", "submitted")
            if act == "approve":
                self.ask(session, approve_tiers, ApproveTiers(operator, import_id))
                return self.to(f"/tiers/{import_id}", "approved")
            if act == "reject":
                self.ask(session, reject_tiers, RejectTiers(operator, import_id, reason))
                return self.to(f"/tiers/{import_id}", "rejected")
        except ContractError as error:
            return self._import(request, session, import_id, error)
        raise NotFound

    def _tiers(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        imports = self.ask(session, list_tier_imports, ListTierImports(_operator(session))).imports
        return self.show("tiers.html", request, session, problem, imports=imports)

    def _import(
        self, request: Request, session: Session, import_id: str, problem: ContractError | None = None
    ) -> Response:
        found = self.ask(session, get_tier_import, GetTierImport(_operator(session), import_id))
        own = any(
            act.operator_id == session.account.account for act in found.acts if act.act.value == "submitted"
        )
        return self.show(
            "tier_import.html", request, session, problem, found=found, own=own, states=ImportState
        )


def _operator(session: Session) -> Operator:
    """Who it is; contribution believes the seal of the call, not this."""
    account = session.account
    return Operator(account.account, account.name, account.pooling_code)
