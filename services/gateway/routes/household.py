"""家庭成员 (3.2.1.14): whoever is kept here is picked with one tap the next time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from werkzeug.wrappers import Request, Response

from contract import household
from contract.errors import ContractError
from contract.household import AddMember, EditMember, ListMembers, Member, MemberOfOwner
from contract.rights import CONSENT_VERSIONS, ConsentKind
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain import others
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases.places import pick_place

SHOW = "show"
"""`then` of a button or field that only wants the form anew, with what it changes."""


class HouseholdRoutes(Routes):
    """Personal data is in forms, never in addresses, and masked wherever it is shown again."""

    @http("GET", "/household", access=Access.PAYER)
    def show_household(self, request: Request, session: Session) -> Response:
        members = self.rpc.call(household.list_members, ListMembers(self.payer(session).person_id)).members
        return self.show("household.html", request, session, members=members)

    @http("GET", "/household/new", access=Access.PAYER)
    def show_new_member(self, request: Request, session: Session) -> Response:
        return self._member_form(request, session, {})

    @http("POST", "/household/new", access=Access.PAYER)
    def add_member(self, request: Request, session: Session) -> Response:
        form = request.form
        if form.get("then") == SHOW:
            return self._member_form(request, session, form)
        typed, kinship = others.typed_person(form), others.typed_kinship(form)
        if kinship is None or others.missing(typed):
            errors = {} if kinship else {"kinship": "请选择与本人关系。"}
            return self._member_form(request, session, form, errors=errors | others.missing(typed))
        asked = AddMember(
            self.payer(session).person_id, typed, kinship, form.get("consent", ""),
            form.get("guardian_consent", ""),
        )  # fmt: skip
        try:
            self.rpc.call(household.add_member, asked)
        except ContractError as error:
            return self._refuse_member(request, session, error)
        return self.browser.protect(go("/household", notice="memberkept"))

    @http("GET", "/household/<member_id>", access=Access.PAYER)
    def show_member(self, request: Request, session: Session, member_id: str) -> Response:
        member = self._kept_member(session, member_id)
        known = {"document_type": member.person.document_type.value, "kinship": member.kinship.value}
        return self._member_form(request, session, known, member)

    @http("POST", "/household/<member_id>", access=Access.PAYER)
    def edit_member(self, request: Request, session: Session, member_id: str) -> Response:
        """Name, number and phone are shown masked: left empty, they stay what they were."""
        member, form = self._kept_member(session, member_id), request.form
        if form.get("then") == SHOW:
            return self._member_form(request, session, form, member)
        typed = others.typed_person(form)
        phone = "" if form.get("forget_phone") else typed.phone or member.phone
        asked = EditMember(
            self.payer(session).person_id, member_id, replace(typed, phone=phone),
            others.typed_kinship(form) or member.kinship, form.get("guardian_consent", ""),
        )  # fmt: skip
        try:
            self.rpc.call(household.edit_member, asked)
        except ContractError as error:
            return self._refuse_member(request, session, error, member)
        return self.browser.protect(go("/household", notice="memberkept"))

    @http("GET", "/household/<member_id>/removal", access=Access.PAYER)
    def show_removal(self, request: Request, session: Session, member_id: str) -> Response:
        return self.show(
            "removal.html", request, session, person=self._kept_member(session, member_id).person,
            heading="删除家庭成员", button="确认删除", back="/household",
            meaning="删除后，我们不再保存他（她）的信息，同时撤回关于他（她）的授权。已经缴费的记录不受影响。",
        )  # fmt: skip

    @http("POST", "/household/<member_id>/removal", access=Access.PAYER)
    def remove_member(self, request: Request, session: Session, member_id: str) -> Response:
        self.rpc.call(household.remove_member, self._named_member(session, member_id))
        return self.browser.protect(go("/household", notice="memberremoved"))

    def _kept_member(self, session: Session, member_id: str) -> Member:
        return self.rpc.call(household.get_member, self._named_member(session, member_id))

    def _named_member(self, session: Session, member_id: str) -> MemberOfOwner:
        return MemberOfOwner(self.payer(session).person_id, member_id)

    def _refuse_member(
        self, request: Request, session: Session, error: ContractError, member: Member | None = None
    ) -> Response:
        """What is wrong with the form beside its field; the guardian's consent appears where it is asked for."""
        field = others.field_of(error)
        if field is None:
            raise error
        form = request.form.to_dict() | ({"guardian": "1"} if field == "guardian_consent" else {})
        return self._member_form(request, session, form, member, error.status, {field: error.message})

    def _member_form(
        self, request: Request, session: Session, form: Mapping[str, str], member: Member | None = None,
        status: int = 0, errors: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        fresh = member is not None and request.method == "GET"
        place = member.place if fresh and member else others.typed_place(form)
        return self.show(
            "member.html", request, session, status or (422 if errors else 200), member=member,
            heading="修改家庭成员" if member else "添加家庭成员", errors=errors or {},
            form=others.kept(form, pick_place(place, self.ports)), kinds=ConsentKind, versions=CONSENT_VERSIONS,
        )  # fmt: skip
