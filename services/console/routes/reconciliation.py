"""对账: runs, breaks and what is done about them, and a day's report."""

from __future__ import annotations

import base64
import datetime as dt
import enum
from typing import TypeVar

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, InvalidInput, NotFound
from contract.payment_desk import (
    BreakNamed,
    ReportFormat,
    ReportReconciliation,
    get_break,
    report_reconciliation,
)
from contract.reconciliation import (
    AssignBreak,
    BreakAction,
    BreakKind,
    BreakState,
    CloseBreak,
    ListBreaks,
    ListRuns,
    Party,
    ResolveBreak,
    RunReconciliation,
    assign_break,
    close_break,
    list_breaks,
    list_runs,
    resolve_break,
    run_reconciliation,
)
from contract.staff import PROVINCE
from kit.clock import china
from kit.http import Access, http
from services.console.browser import attachment
from services.console.domain.guidance import BREAKS
from services.console.domain.sessions import Session
from services.console.routes.base import Routes
from services.console.routes.tiers import XLSX

_PAGE = 50
Kind = TypeVar("Kind", bound=enum.StrEnum)


class ReconciliationRoutes(Routes):
    """What differs between the three sides."""

    @http("GET", "/reconciliation", access=Access.STAFF)
    def show_reconciliation(self, request: Request, session: Session) -> Response:
        return self._desk(request, session)

    @http("POST", "/reconciliation/run", access=Access.STAFF)
    def run(self, request: Request, session: Session) -> Response:
        try:
            asked = RunReconciliation(_date(request.form.get("day", "")), session.account.account)
            self.ask(session, run_reconciliation, asked)
        except ContractError as error:
            return self._desk(request, session, error)
        return self.to("/reconciliation", "run")

    @http("GET", "/reconciliation/report.<extension>", access=Access.STAFF)
    def download_report(self, request: Request, session: Session, extension: str) -> Response:
        if extension not in set(ReportFormat):
            raise NotFound
        day, wanted = _date(request.args.get("day", "")), ReportFormat(extension)
        made = self.ask(session, report_reconciliation, ReportReconciliation(day, wanted))
        media = XLSX if wanted is ReportFormat.XLSX else "text/html; charset=utf-8"
        name = f"reconciliation-{day}.{extension}"
        file = attachment(base64.b64decode(made.content), media, f"对账报告-{day}.{extension}", name)
        return self.browser.protect(file)

    @http("GET", "/breaks/<int:break_id>", access=Access.STAFF)
    def show_break(self, request: Request, session: Session, break_id: int) -> Response:
        return self._break(request, session, break_id)

    @http("POST", "/breaks/<int:break_id>/<act>", access=Access.STAFF)
    def act_on_break(self, request: Request, session: Session, break_id: int, act: str) -> Response:
        """assign, resolve or close."""
        form, by = request.form, session.account.account
        try:
            if act == "assign":
                self.ask(session, assign_break, AssignBreak(break_id, by, form.get("owner", "")))
                return self.to(f"/breaks/{break_id}", "assigned")
            if act == "resolve":
                action = _one_of(BreakAction, form.get("action", ""))
                if action is None:
                    raise InvalidInput("请选择处理办法。", field="action")
                self.ask(session, resolve_break, ResolveBreak(break_id, by, action, form.get("note", "")))
                return self.to(f"/breaks/{break_id}", "resolved")
            if act == "close":
                self.ask(session, close_break, CloseBreak(break_id, by, form.get("reason", "")))
                return self.to(f"/breaks/{break_id}", "closed")
        except ContractError as error:
            return self._break(request, session, break_id, error)
        raise NotFound

    def _desk(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        asked = request.args
        wanted = ListBreaks(
            _date(asked["day"]) if asked.get("day") else None, _one_of(BreakKind, asked.get("kind", "")),
            _one_of(Party, asked.get("party", "")), _one_of(BreakState, asked.get("state", "")),
            after=int(asked["after"]) if asked.get("after", "").isdecimal() else 0, limit=_PAGE,
        )  # fmt: skip
        # A day is reconciled for all places at once, which is the province's to see.
        province = session.account.pooling_code == PROVINCE
        runs = self.ask(session, list_runs, ListRuns(10)).runs if province else ()
        found = self.ask(session, list_breaks, wanted)
        yesterday = china(self.clock.now()).date() - dt.timedelta(days=1)
        return self.show(
            "reconciliation.html", request, session, problem, runs=runs, found=found, wanted=wanted, kinds=BreakKind,
            parties=Party, states=BreakState, province=province, yesterday=yesterday, page=_PAGE,
        )  # fmt: skip

    def _break(
        self, request: Request, session: Session, break_id: int, problem: ContractError | None = None
    ) -> Response:
        found = self.ask(session, get_break, BreakNamed(break_id))
        one = found.found
        guide = BREAKS.get((one.party, one.kind), "")
        return self.show("break.html", request, session, problem, one=one, history=found.history, guide=guide)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("请填写日期，例如 2026-11-25。", field="day") from None


def _one_of(kind: type[Kind], text: str) -> Kind | None:
    return kind(text) if text in set(kind) else None
