"""代他人缴费 (3.2.1.7): pick somebody or type them; after that it is the same journey as 自主缴费."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from contract import household
from contract.errors import ContractError, Unavailable
from contract.household import OwnDocument, Pick, RemoveRelation
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain import others
from services.gateway.domain.drafts import Journey
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.routes.household import SHOW
from services.gateway.usecases import insured
from services.gateway.usecases.places import pick_place


class InsuredRoutes(Routes):
    """The pick-list first, because most people pay for the same people every year."""

    @http("GET", "/insured", access=Access.PAYER)
    def show_insured(self, request: Request, session: Session) -> Response:
        return self._insured_page(request, session, {})

    @http("POST", "/insured", access=Access.PAYER)
    def pay_for_typed(self, request: Request, session: Session) -> Response:
        """【下一步】: not empty, then identity's judgement of the number, then a journey."""
        form = request.form
        typed = others.typed_person(form)
        if form.get("then") == SHOW:
            return self._insured_page(request, session, form)
        if empty := others.missing(typed):
            return self._insured_page(request, session, form, 422, errors=empty)
        try:
            journey = insured.pay_for_typed(
                self.payer(session), typed, self.settings.journey_life, self.ports
            )
        except ContractError as error:
            field = others.field_of(error)
            if field is None:
                raise
            return self._insured_page(
                request, session, form, error.status, errors={field: error.message},
                own_document=isinstance(error, OwnDocument),
            )  # fmt: skip
        return self._begin(journey)

    @http("POST", "/insured/picked", access=Access.PAYER)
    def pay_for_picked(self, request: Request, session: Session) -> Response:
        """One tap on the pick-list."""
        pick_id, life = request.form.get("pick_id", ""), self.settings.journey_life
        return self._begin(insured.pay_for_picked(self.payer(session), pick_id, life, self.ports))

    @http("GET", "/insured/<relation_id>/removal", access=Access.PAYER)
    def show_relation_removal(self, request: Request, session: Session, relation_id: str) -> Response:
        pick = insured.find_related(self.payer(session).person_id, relation_id, self.ports)
        stays = (
            "移除后，不再显示为他（她）缴过费；他（她）还是您的家庭成员，仍然可以选择。"
            if pick.kinship
            else "移除后，名单里不再列出他（她），以后为他（她）缴费需要重新填写。"
        )
        return self.show(
            "removal.html", request, session, person=pick.person, heading="移除被缴费人", button="确认移除",
            back="/insured", meaning=f"{stays}已经缴费的记录不受影响。",
        )  # fmt: skip

    @http("POST", "/insured/<relation_id>/removal", access=Access.PAYER)
    def remove_relation(self, request: Request, session: Session, relation_id: str) -> Response:
        asked = RemoveRelation(self.payer(session).person_id, relation_id)
        self.rpc.call(household.remove_relation, asked)
        return self.browser.protect(go("/insured", notice="relationremoved"))

    def _insured_page(
        self, request: Request, session: Session, form: Mapping[str, str], status: int = 200,
        errors: dict[str, str] | None = None, own_document: bool = False,
    ) -> Response:  # fmt: skip
        place = pick_place(others.typed_place(form), self.ports)
        return self.show(
            "insured.html", request, session, status, form=others.kept(form, place), errors=errors or {},
            picks=self._picks_or_none(session), own_document=own_document,
        )  # fmt: skip

    def _picks_or_none(self, session: Session) -> tuple[Pick, ...] | None:
        """None while identity does not answer: somebody may be typed all the same."""
        try:
            return insured.list_picks(self.payer(session).person_id, self.ports)
        except Unavailable:
            return None

    def _begin(self, journey: Journey) -> Response:
        return self.browser.protect(go(f"/journeys/{journey.journey_id}/payer"))
