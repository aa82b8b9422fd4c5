"""一次为多人缴费 (3.2.1.7): who is paid for, and for what. After that everybody is asked about; see batch_check.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, InvalidInput, NotFound, Unavailable
from contract.household import Pick
from contract.insurance import InsuranceType
from kit.clock import china
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain import drafts, others, typed_lists
from services.gateway.domain.batches import MOST, Batch, BatchState, PersonWanted, Sheet
from services.gateway.domain.places import typed_place
from services.gateway.domain.sessions import Session
from services.gateway.domain.typed_lists import TypedLine
from services.gateway.errors import AlreadyListed, StalePage
from services.gateway.routes.base import BATCHES, Routes
from services.gateway.routes.household import SHOW
from services.gateway.usecases import batch_questions, batches, insured
from services.gateway.usecases.foreign import journal_foreign
from services.gateway.usecases.places import pick_place

OWN = "own"
"""The payer among those to tick."""


class BatchPages(Routes):
    """What the pages of a batch share."""

    def batch(self, session: Session, batch_id: str) -> Batch:
        """The payer's own batch. Raises NotFound for any other."""
        with self.database.read() as tx:
            batch = BATCHES.find(tx, self.payer(session).person_id, batch_id)
        if batch is None:
            payer_id = self.payer(session).person_id
            journal_foreign(payer_id, "batch", batch_id, BATCHES, self.journal, self.ports)
            raise NotFound("没有找到这次缴费的名单，可能已经过期，请从首页重新开始。")
        return batch

    def _over(self, batch: Batch) -> Response | None:
        """Where a batch that is over leads: its order, or the menu."""
        if batch.order_id is not None:
            return self.browser.protect(go(f"/orders/{batch.order_id}"))
        if batch.state is BatchState.LEFT:
            return self.browser.protect(go("/menu", notice="stale"))
        return None

    def _to_batch(self, batch: Batch, page: str, notice: str = "") -> Response:
        """To a page of a batch, by the last part of its address."""
        return self.browser.protect(go(f"/batches/{batch.batch_id}/{page}", notice=notice))

    def _ask(self, batch: Batch) -> Response:
        """To the check page when everybody is asked about, which for a household takes a moment; else to wait."""
        progress = batch_questions.ask(batch, self.ports)
        return self._to_batch(batch, "asking" if progress.waiting else "check")


class BatchRoutes(BatchPages):
    """Before anybody is asked about; every page shows the batch as it is now."""

    @http("POST", "/batches", access=Access.PAYER)
    def start_batch(self, request: Request, session: Session) -> Response:
        anew = bool(request.form.get("anew"))
        batch = batches.start_batch(self.payer(session), self.settings.journey_life, self.ports, anew=anew)
        return self._to_batch(batch, "people")

    @http("POST", "/orders/<order_id>/batch", access=Access.PAYER)
    def start_batch_again(self, request: Request, session: Session, order_id: str) -> Response:
        """重新缴费, after an order for several people that was not paid."""
        life = self.settings.journey_life
        return self._to_batch(batches.start_again(self.payer(session), order_id, life, self.ports), "people")

    @http("GET", "/batches/<batch_id>", access=Access.PAYER)
    def resume_batch(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        if over := self._over(batch):
            return over
        progress = batch_questions.find_progress(batch, self.ports)
        page = "asking" if progress.waiting else "check"
        ready = batch.ready and progress.total
        return self._to_batch(batch, page if ready else "people", request.args.get("notice", ""))

    @http("GET", "/batches/<batch_id>/people", access=Access.PAYER)
    def show_batch_people(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        return self._over(batch) or self._people(request, session, batch)

    @http("POST", "/batches/<batch_id>/people", access=Access.PAYER)
    def add_people(self, request: Request, session: Session, batch_id: str) -> Response:
        """Everybody ticked and everybody typed; lines that are wrong come back alone, with what is wrong."""
        batch, form = self.batch(session, batch_id), request.form
        ticked = [PersonWanted(pick_id="" if one == OWN else one) for one in form.getlist("pick_id")]
        typed = list(typed_lists.read(form.get("typed", "")))
        wanted = [*ticked, *(PersonWanted(typed=line.typed) for line in typed)]
        refused = batches.add_people(self.payer(session), batch, wanted, self.ports)
        wrong = [(line, refused[at]) for at, line in enumerate(typed, len(ticked)) if at in refused]
        errors = _picks_refused(refused[at] for at in range(len(ticked)) if at in refused)
        if wrong:
            errors["typed"] = f"有 {len(wrong)} 行没有加入名单，请改正后再提交；其他人已经加入。"
        if not errors and not self._sheet(batch).lines:
            errors["form"] = "请选择或者填写要为谁缴费。"
        if errors:
            return self._people(request, session, batch, 422, errors=errors, wrong=wrong)
        return self._to_batch(batch, "people" if form.get("then") == "more" else "terms")

    @http("GET", "/batches/<batch_id>/people/new", access=Access.PAYER)
    def show_new_person(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        return self._over(batch) or self._new_person(request, session, batch, {})

    @http("POST", "/batches/<batch_id>/people/new", access=Access.PAYER)
    def add_person(self, request: Request, session: Session, batch_id: str) -> Response:
        """One person with every field of 代他人缴费: for other documents, and for those with a place."""
        batch, form = self.batch(session, batch_id), request.form
        if form.get("then") == SHOW:
            return self._new_person(request, session, batch, form)
        typed = others.typed_person(form)
        if empty := others.missing(typed):
            return self._new_person(request, session, batch, form, 422, errors=empty)
        refused = batches.add_people(self.payer(session), batch, [PersonWanted(typed=typed)], self.ports)
        if not refused:
            return self._to_batch(batch, "people")
        error = refused[0]
        if error.status >= 500:
            raise error
        errors = {others.field_of(error) or "form": error.message}
        return self._new_person(request, session, batch, form, error.status, errors=errors)

    @http("POST", "/batches/<batch_id>/lines/<line_id>/removal", access=Access.PAYER)
    def remove_line(self, request: Request, session: Session, batch_id: str, line_id: str) -> Response:
        batch = self.batch(session, batch_id)
        batches.remove_line(batch, line_id, self.ports)
        page = "people" if request.form.get("back") == "people" or not self._sheet(batch).lines else "check"
        return self._to_batch(batch, page, "lineremoved")

    @http("GET", "/batches/<batch_id>/terms", access=Access.PAYER)
    def show_terms(self, request: Request, session: Session, batch_id: str) -> Response:
        batch = self.batch(session, batch_id)
        return self._over(batch) or self._terms(request, session, batch)

    @http("POST", "/batches/<batch_id>/terms", access=Access.PAYER)
    def choose_terms(self, request: Request, session: Session, batch_id: str) -> Response:
        """【下一步】: the insurance type and year of everybody, who are asked about from here on."""
        batch = self.batch(session, batch_id)
        name, _, year = request.form.get("terms", "").partition("-")
        kind = {kind.value: kind for kind in InsuranceType}.get(name)
        try:
            batch = batches.choose_terms(batch, kind, int(year) if year.isdecimal() else None, self.ports)
        except InvalidInput as error:
            return self._terms(request, session, batch, error.status, errors={"terms": error.message})
        return self._ask(batch)

    def _sheet(self, batch: Batch) -> Sheet:
        return batches.read_sheet(batch, self.ports)

    def _people(
        self, request: Request, session: Session, batch: Batch, status: int = 200,
        wrong: Sequence[tuple[TypedLine, ContractError]] = (), **context: Any,
    ) -> Response:  # fmt: skip
        sheet = self._sheet(batch)
        payer = self.payer(session)
        try:
            picks: tuple[Pick, ...] | None = insured.list_picks(payer.person_id, self.ports)
        except Unavailable:
            picks = None
        free = None if picks is None else [pick for pick in picks if not sheet.holds(pick.person)]
        return self.show(
            "batch_people.html", request, session, status, sheet=sheet, picks=free, most=MOST, wrong=wrong,
            own_free=not sheet.holds(payer.person), **context,
        )  # fmt: skip

    def _new_person(
        self, request: Request, session: Session, batch: Batch, form: Mapping[str, str], status: int = 200,
        **context: Any,
    ) -> Response:  # fmt: skip
        place = pick_place(typed_place(form), self.ports)
        return self.show(
            "batch_person.html",
            request,
            session,
            status,
            batch=batch,
            form=others.kept(form, place),
            **context,
        )

    def _terms(
        self, request: Request, session: Session, batch: Batch, status: int = 200, **context: Any
    ) -> Response:
        if batch.state is not BatchState.OPEN:
            raise StalePage
        today = china(self.clock.now()).date()
        kinds = (InsuranceType.MEDICAL, InsuranceType.PENSION)
        offered = [(kind, year) for kind in kinds for year in drafts.years_of(kind, today)]
        chosen = (batch.terms.insurance_type, batch.terms.year)
        return self.show(
            "batch_terms.html", request, session, status, batch=batch, offered=offered,
            chosen=chosen if batch.ready else offered[0], people=len(self._sheet(batch).lines),
            this_year=today.year, **context,
        )  # fmt: skip


def _picks_refused(errors: Any) -> dict[str, str]:
    """What is said of people ticked who were not added; who is in the list already needs no words."""
    said = [error.message for error in errors if not isinstance(error, AlreadyListed)]
    return {"picks": f"有 {len(said)} 人没有加入名单：{said[0]}"} if said else {}
