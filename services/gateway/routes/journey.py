"""自主缴费 by the improved flow: 缴费人信息 → 缴费信息选择 → 缴费信息确认 → 选择缴款方式, or for 补缴 缴费人信息 →
补缴明细确认 → 选择缴款方式 (3.2.1.5, 3.2.1.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Request, Response

from contract.contribution import AgencyChoiceNeeded
from contract.errors import InvalidInput
from contract.insurance import InsuranceType, PaymentKind
from kit.clock import china
from kit.http import Access, http
from services.gateway.domain import drafts
from services.gateway.domain.drafts import Journey, JourneyState, Options, Selection
from services.gateway.domain.sessions import Session
from services.gateway.errors import StalePage
from services.gateway.routes.base import Routes
from services.gateway.routes.waiting import asked_page
from services.gateway.usecases import journeys

LINES = 5
"""How many years 补缴明细确认 shows at first, and how many more 加载更多... adds (3.2.1.6)."""


class JourneyRoutes(Routes):
    """One page per decision; every page shows the journey as it is now."""

    @http("POST", "/journeys", access=Access.PAYER)
    def start_journey(self, request: Request, session: Session) -> Response:
        journey = journeys.start_journey(self.payer(session), self.settings.journey_life, self.ports)
        return self._to(journey, "payer")

    @http("GET", "/journeys/<journey_id>", access=Access.PAYER)
    def resume_journey(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self.journey(session, journey_id)
        page = asked_page(journey, self.clock.now()) or journey.step
        return self._settled(journey) or self._to(journey, page, request.args.get("notice", ""))

    @http("GET", "/journeys/<journey_id>/payer", access=Access.PAYER)
    def show_payer(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self.journey(session, journey_id)
        return self._settled(journey) or self.show("payer.html", request, session, journey=journey)

    @http("POST", "/journeys/<journey_id>/payer", access=Access.PAYER)
    def find_enrolment(self, request: Request, session: Session, journey_id: str) -> Response:
        """【下一步】: the enrolment, once; 补缴 goes on to its lines, 正常缴费 to what can be chosen."""
        journey = self.journey(session, journey_id)
        if settled := self._settled(journey):
            return settled
        journey = journeys.choose_kind(journey, _kind(request, journey), self.ports)
        journey = journeys.find_enrolment(journey, self.ports)
        return self._to(journey, asked_page(journey, self.clock.now()) or journey.first_page)

    @http("POST", "/journeys/<journey_id>/kind", access=Access.PAYER)
    def choose_kind(self, request: Request, session: Session, journey_id: str) -> Response:
        """From 缴费信息选择 to 补缴明细确认, or 【上一步】 back to this year's pension."""
        journey = self._with_enrolment(session, journey_id)
        pension = Selection(InsuranceType.PENSION)
        journey = journeys.choose_kind(journey, _kind(request, journey), self.ports, pension)
        return self._to(journey, journey.first_page)

    @http("GET", "/journeys/<journey_id>/choice", access=Access.PAYER)
    def show_choice(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self.journey(session, journey_id)
        if settled := self._settled(journey):
            return settled
        if journey.draft.enrolment is None:
            return self._to(journey, "enrolment")
        if journey.draft.kind is PaymentKind.BACK:
            raise StalePage
        return self._choice(request, session, journey, journeys.list_options(journey.draft, self.ports))

    @http("POST", "/journeys/<journey_id>/selection", access=Access.PAYER)
    def keep_selection(self, request: Request, session: Session, journey_id: str) -> Response:
        """A tap on 缴费信息选择: keep it and show what it changes."""
        journey, _ = self._select(request, session, journey_id)
        return self._to(journey, "agency" if request.form.get("then") == "agency" else "choice")

    @http("POST", "/journeys/<journey_id>/choice", access=Access.PAYER)
    def check_choice(self, request: Request, session: Session, journey_id: str) -> Response:
        """【下一步】: the checks in their order, then the sole agency's confirmation, then the quote."""
        try:
            journey, options = self._select(request, session, journey_id)
        except (
            StalePage
        ):  # the tap before was still on its way: the form holds it too, and counts as it is now
            journey, options = self._select(request, session, journey_id)
        selection = journey.draft.selection
        try:
            drafts.check_selection(selection, options)
        except InvalidInput as error:
            errors = {error.detail["field"]: error.message}
            return self._choice(request, session, journey, options, status=error.status, errors=errors)
        if drafts.needs_confirmation(selection, options):
            return self._to(journey, "confirmation")
        return self._quote(journey)

    @http("GET", "/journeys/<journey_id>/agency", access=Access.PAYER)
    def show_agencies(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self._with_enrolment(session, journey_id)
        today = china(self.clock.now()).date()
        options = drafts.options_for(journey.draft, journey.draft.selection, today)
        if len(options.entries) < 2 and not journey.draft.agencies:
            return self._to(journey, journey.step)
        return self.show("agency.html", request, session, journey=journey, options=options)

    @http("POST", "/journeys/<journey_id>/agency", access=Access.PAYER)
    def choose_agency(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self._with_enrolment(session, journey_id)
        draft = drafts.choose_agency(journey.draft, request.form.get("agency_code", ""))
        journey = journeys.keep_draft(journey, draft, self.ports)
        if draft.kind is PaymentKind.NORMAL:
            journey, _ = journeys.select(journey, draft.selection, self.ports)
        return self._to(journey, journey.first_page)

    @http("GET", "/journeys/<journey_id>/confirmation", access=Access.PAYER)
    def show_confirmation(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self._choosing(session, journey_id)
        if journey.draft.selection.entry_id is None:
            return self._to(journey, "choice")
        place = drafts.place_of(drafts.agency_name(journey.draft))
        return self.show("confirmation.html", request, session, journey=journey, place=place)

    @http("POST", "/journeys/<journey_id>/confirmation", access=Access.PAYER)
    def confirm_agency(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self._choosing(session, journey_id)
        selection = journey.draft.selection
        if selection.entry_id is None or request.form.get("confirmed") != selection.to_confirm:
            raise StalePage
        return self._quote(journeys.confirm_agency(journey, self.ports))

    @http("GET", "/journeys/<journey_id>/check", access=Access.PAYER)
    def show_check(self, request: Request, session: Session, journey_id: str) -> Response:
        """缴费信息确认, or 补缴明细确认, which asks here for what is owed: nothing was chosen before it."""
        journey = self.journey(session, journey_id)
        if settled := self._settled(journey):
            return settled
        if journey.draft.enrolment is None:
            return self._to(journey, "enrolment")
        if journey.draft.kind is PaymentKind.BACK:
            try:
                journey = journeys.quote_payable(journey, self.ports)
            except AgencyChoiceNeeded:
                return self._to(journey, "agency")
            if page := asked_page(journey, self.clock.now()):
                return self._to(journey, page)
        elif journey.draft.quoted is None:
            raise StalePage
        return self._check(request, session, journey)

    @http("POST", "/journeys/<journey_id>/check", access=Access.PAYER)
    def keep_reminder_phone(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self._with_quote(session, journey_id)
        typed = request.form.get("reminder_phone", "")
        try:
            draft = replace(journey.draft, reminder_phone=drafts.reminder_phone(typed))
        except InvalidInput as error:
            errors = {"reminder_phone": error.message}
            return self._check(request, session, journey, error.status, typed=typed, errors=errors)
        return self._to(journeys.keep_draft(journey, draft, self.ports), "payment")

    @http("GET", "/journeys/<journey_id>/payment", access=Access.PAYER)
    def show_payment(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self._with_quote(session, journey_id)
        return self._settled(journey) or self.show(
            "payment.html", request, session, journey=journey, quoted=journey.draft.quoted
        )

    @http("POST", "/journeys/<journey_id>/payment", access=Access.PAYER)
    def place_order(self, request: Request, session: Session, journey_id: str) -> Response:
        """确认缴费: one order however often it is pressed, then UnionPay's page."""
        journey = self.journey(session, journey_id)
        key = request.form.get("idempotency_key", "")
        placed = journeys.place_order(self.payer(session), journey, key, self.ports)
        return self.browser.protect(self.browser.send_away(placed.payment_url))

    def _quote(self, journey: Journey) -> Response:
        try:
            quoted = journeys.quote_payable(journey, self.ports)
        except AgencyChoiceNeeded:
            return self._to(journey, "agency")
        return self._to(quoted, asked_page(quoted, self.clock.now()) or "check")

    def _choice(
        self, request: Request, session: Session, journey: Journey, options: Options, status: int = 200,
        **context: Any,
    ) -> Response:  # fmt: skip
        selection = drafts.with_tier(journey.draft.selection, options.tiers or ())
        return self.show(
            "choice.html", request, session, status, journey=journey, selection=selection, options=options,
            agency_name=drafts.agency_name(journey.draft), tier=options.tier(selection.tier_code), **context,
        )  # fmt: skip

    def _check(
        self, request: Request, session: Session, journey: Journey, status: int = 200,
        typed: str | None = None, **context: Any,
    ) -> Response:  # fmt: skip
        draft = journey.draft
        phone = draft.reminder_phone or "" if typed is None else typed
        shared = {"journey": journey, "quoted": draft.quoted, "reminder_phone": phone}
        if draft.kind is PaymentKind.BACK:
            shown = max(LINES, request.values.get("shown", LINES, int))
            context |= {"shown": shown, "at_once": LINES}
            return self.show("back_payment.html", request, session, status, **shared, **context)
        return self.show("check.html", request, session, status, **shared, **context)

    def _with_enrolment(self, session: Session, journey_id: str) -> Journey:
        """Raises StalePage, which leads to the step the journey is at."""
        journey = self.journey(session, journey_id)
        if journey.state is not JourneyState.OPEN or journey.draft.enrolment is None:
            raise StalePage
        return journey

    def _select(self, request: Request, session: Session, journey_id: str) -> tuple[Journey, Options]:
        """Keep what the form says. Raises StalePage."""
        journey = self._choosing(session, journey_id)
        return journeys.select(journey, _selection(request, journey), self.ports)

    def _choosing(self, session: Session, journey_id: str) -> Journey:
        """A journey that is at 缴费信息选择. Raises StalePage, also for 补缴."""
        journey = self._with_enrolment(session, journey_id)
        if journey.draft.kind is PaymentKind.BACK:
            raise StalePage
        return journey

    def _with_quote(self, session: Session, journey_id: str) -> Journey:
        journey = self.journey(session, journey_id)
        if journey.state is JourneyState.OPEN and journey.draft.quoted is None:
            raise StalePage
        return journey


def _kind(request: Request, journey: Journey) -> PaymentKind:
    """The 缴费类型 the form says, or the present one."""
    kinds = {kind.value: kind for kind in PaymentKind}
    return kinds.get(request.form.get("kind", ""), journey.draft.kind)


def _selection(request: Request, journey: Journey) -> Selection:
    """What the form says; what cannot be is dropped when it is settled."""
    form, before = request.form, journey.draft.selection
    kinds = {kind.value: kind for kind in InsuranceType}
    year = form.get("year", "")
    return replace(
        before, insurance_type=kinds.get(form.get("insurance_type", "")),
        year=int(year) if len(year) == 4 and year.isdecimal() else None, tier_code=form.get("tier_code"),
    )  # fmt: skip
