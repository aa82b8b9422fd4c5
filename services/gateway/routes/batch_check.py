"""一次为多人缴费, from the questions to one payment: progress, who can be paid for and who cannot, 选择缴款方式."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Request, Response

from contract.errors import InvalidInput
from contract.payment import OrderNotPayable
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain import drafts
from services.gateway.domain.batches import Batch, BatchState, Line, agencies_of
from services.gateway.domain.sessions import Session
from services.gateway.domain.waiting import look_again
from services.gateway.errors import LineBlocked, StalePage
from services.gateway.routes.batch import BatchPages
from services.gateway.usecases import batch_orders, batch_questions, batches, journeys


class BatchCheckRoutes(BatchPages):
    """Nobody is dropped: who cannot be paid for stays on the page, with the reason and the way on."""

    @http("GET", "/batches/<batch_id>/asking", access=Access.PAYER)
    def show_asking(self, request: Request, session: Session, batch_id: str) -> Response:
        """已查询 7 / 12 人; looking keeps the questions going."""
        batch = self.batch(session, batch_id)
        if over := self._over(batch):
            return over
        if not batch.ready:
            return self._to_batch(batch, "terms")
        progress = batch_questions.ask(batch, self.ports)
        if not progress.waiting:
            return self._to_batch(batch, "check")
        place = journeys.find_place(progress.ticket, self.ports)
        return self.show(
            "batch_asking.html", request, session, batch=batch, progress=progress, place=place,
            seconds=look_again(place),
        )  # fmt: skip

    @http("POST", "/batches/<batch_id>/asking", access=Access.PAYER)
    def ask_again(self, request: Request, session: Session, batch_id: str) -> Response:
        """再查一次: all who were not answered."""
        batch = self.batch(session, batch_id)
        batches.wait_again(batch, self.ports)
        return self._ask(batch)

    @http("GET", "/batches/<batch_id>/check", access=Access.PAYER)
    def show_batch_check(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        return self._over(batch) or self._batch_page(request, session, batch)

    @http("POST", "/batches/<batch_id>/check", access=Access.PAYER)
    def keep_batch_phone(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        typed = request.form.get("reminder_phone", "")
        try:
            phone = drafts.reminder_phone(typed)
        except InvalidInput as error:
            errors = {"reminder_phone": error.message}
            return self._batch_page(request, session, batch, error.status, typed=typed, errors=errors)
        batches.keep(batch, replace(batch.terms, reminder_phone=phone), self.ports)
        return self._to_batch(batch, "payment")

    @http("GET", "/batches/<batch_id>/lines/<line_id>", access=Access.PAYER)
    def show_line(self, request: Request, session: Session, batch_id: str, line_id: str) -> Response:
        batch = self.batch(session, batch_id)
        line = batches.find_line(batch, line_id, self.ports)
        return self._over(batch) or self._line(request, session, batch, line)

    @http("POST", "/batches/<batch_id>/lines/<line_id>", access=Access.PAYER)
    def choose_for_line(self, request: Request, session: Session, batch_id: str, line_id: str) -> Response:
        """Agency, year or tier of one person, who is asked about again; a tier perhaps for all who need one."""
        batch, form = self.batch(session, batch_id), request.form
        line = batches.find_line(batch, line_id, self.ports)
        if batch.state is not BatchState.OPEN or form.get("version") != str(line.version):
            raise StalePage
        try:
            batch = batches.choose(
                batch, line, self.ports, year=form.get("year", type=int), tier_code=form.get("tier_code", ""),
                agency_code=form.get("agency_code", ""), tier_for_all=bool(form.get("for_all")),
            )  # fmt: skip
        except InvalidInput as error:
            errors = {error.detail.get("field", "form"): error.message}
            return self._line(request, session, batch, line, error.status, errors=errors)
        return self._ask(batch)

    @http("GET", "/batches/<batch_id>/payment", access=Access.PAYER)
    def show_batch_payment(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        if over := self._over(batch):
            return over
        sheet = batches.read_sheet(batch, self.ports)
        if sheet.waiting or not sheet.payable:
            raise StalePage
        return self.show("batch_payment.html", request, session, sheet=sheet)

    @http("POST", "/batches/<batch_id>/payment", access=Access.PAYER)
    def place_batch_order(self, request: Request, session: Session, batch_id: str) -> Response:
        """确认缴费: one order for everybody however often it is pressed, then UnionPay's page."""
        batch = self.batch(session, batch_id)
        key = request.form.get("idempotency_key", "")
        try:
            placed = batch_orders.place_order(self.payer(session), batch, key, self.ports)
        except LineBlocked:
            return self.browser.protect(go(f"/batches/{batch.batch_id}", notice="lineblocked"))
        except OrderNotPayable:
            return self.browser.protect(go(f"/orders/{batch.order_id}"))
        return self.browser.protect(self.browser.send_away(placed.payment_url))

    def _batch_page(
        self, request: Request, session: Session, batch: Batch, status: int = 200, typed: str | None = None,
        **context: Any,
    ) -> Response:  # fmt: skip
        """Quotes that ran out are asked for again before anything is shown of them."""
        sheet = batches.read_sheet(batch, self.ports)
        notice = request.args.get("notice", "")
        if not sheet.lines or not batch.ready:
            return self._to_batch(batch, "people" if not sheet.lines else "terms", notice)
        if sheet.waiting or batches.renew_expiring(sheet, self.ports):
            return self._to_batch(batch, "asking", notice)
        if (line := sheet.without_tier()) is not None:
            return self._to_batch(batch, f"lines/{line.line_id}")
        phone = batch.terms.reminder_phone or "" if typed is None else typed
        return self.show(
            "batch_check.html", request, session, status, sheet=sheet, reminder_phone=phone, **context
        )

    def _line(
        self, request: Request, session: Session, batch: Batch, line: Line, status: int = 200, **context: Any
    ) -> Response:
        """What can be chosen for one person: nothing while it is not known where they are enrolled."""
        draft = line.draft
        if draft.enrolment is None or draft.selection.insurance_type not in drafts.types_of(draft.enrolment):
            return self._to_batch(batch, "check")
        sheet = batches.read_sheet(batch, self.ports)
        return self.show(
            "batch_line.html", request, session, status, batch=batch, line=line, agencies=agencies_of(draft),
            options=journeys.list_options(draft, self.ports), agency_name=drafts.agency_name(draft),
            alike=sheet.like(line), back="people" if sheet.without_tier() else "check", **context,
        )  # fmt: skip
