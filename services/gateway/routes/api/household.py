"""家庭成员, the pick-list of 代他人缴费, and places."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract import household, places
from contract.household import (
    AddMember,
    EditMember,
    ListMembers,
    Member,
    MemberOfOwner,
    Pick,
    RemoveRelation,
    TypedPerson,
)
from contract.places import Divisions, ListDivisions
from contract.rights import CONSENT_VERSIONS, ConsentKind
from kit.http import Access
from kit.masking import mask_name, mask_number, mask_phone
from services.gateway.api.operations import operation
from services.gateway.api.payloads import household as payloads
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.base import Routes
from services.gateway.usecases import insured


class HouseholdApi(Routes):
    """What the pages 家庭成员 and 代他人缴费 show and do."""

    @operation(
        "GET", "/household", "家庭成员", access=Access.PAYER, answer=payloads.Household, errors=(LoginNeeded,)
    )
    def list_members_by_api(self, request: Request, session: Session, body: None) -> payloads.Household:
        found = self.rpc.call(household.list_members, ListMembers(self.payer(session).person_id))
        return payloads.Household(
            tuple(_shown(member) for member in found.members), CONSENT_VERSIONS[ConsentKind.HOUSEHOLD],
            CONSENT_VERSIONS[ConsentKind.GUARDIAN],
        )  # fmt: skip

    @operation(
        "POST", "/household", "添加家庭成员", access=Access.PAYER, body=payloads.MemberWanted,
        answer=payloads.MemberShown, status=201, errors=(LoginNeeded, *household.add_member.errors),
        repeated="同一个人不会加第二次，答复 member_exists。",
    )  # fmt: skip
    def add_member_by_api(
        self, request: Request, session: Session, body: payloads.MemberWanted
    ) -> payloads.MemberShown:
        typed = TypedPerson(body.document_type, body.document_number, body.name, body.phone, body.place)
        asked = AddMember(
            self.payer(session).person_id, typed, body.kinship, body.consent_version,
            body.guardian_consent_version,
        )  # fmt: skip
        return _shown(self.rpc.call(household.add_member, asked))

    @operation(
        "GET", "/household/<member_id>", "一位家庭成员", access=Access.PAYER, answer=payloads.MemberShown,
        errors=(LoginNeeded, *household.get_member.errors),
    )  # fmt: skip
    def get_member_by_api(
        self, request: Request, session: Session, body: None, member_id: str
    ) -> payloads.MemberShown:
        return _shown(self._member_of_owner(session, member_id))

    @operation(
        "PUT", "/household/<member_id>", "修改家庭成员", access=Access.PAYER, body=payloads.MemberEdited,
        answer=payloads.MemberShown, errors=(LoginNeeded, *household.edit_member.errors),
    )  # fmt: skip
    def edit_member_by_api(
        self, request: Request, session: Session, body: payloads.MemberEdited, member_id: str
    ) -> payloads.MemberShown:
        phone = self._member_of_owner(session, member_id).phone if body.phone is None else body.phone
        typed = TypedPerson(body.document_type, body.document_number, body.name, phone, body.place)
        asked = EditMember(
            self.payer(session).person_id, member_id, typed, body.kinship, body.guardian_consent_version
        )
        return _shown(self.rpc.call(household.edit_member, asked))

    @operation(
        "DELETE", "/household/<member_id>", "删除家庭成员", access=Access.PAYER, status=204,
        errors=(LoginNeeded, *household.remove_member.errors),
    )  # fmt: skip
    def remove_member_by_api(self, request: Request, session: Session, body: None, member_id: str) -> None:
        self.rpc.call(household.remove_member, self._of_owner(session, member_id))

    @operation(
        "GET", "/insured", "可以选择的被缴费人", access=Access.PAYER, answer=payloads.PickList,
        errors=(LoginNeeded,),
    )  # fmt: skip
    def list_insured_by_api(self, request: Request, session: Session, body: None) -> payloads.PickList:
        picks = insured.list_picks(self.payer(session).person_id, self.ports)
        return payloads.PickList(tuple(_pick(pick) for pick in picks))

    @operation(
        "DELETE", "/insured/<relation_id>", "移除缴过费的人", access=Access.PAYER, status=204,
        errors=(LoginNeeded,),
    )  # fmt: skip
    def remove_relation_by_api(
        self, request: Request, session: Session, body: None, relation_id: str
    ) -> None:
        asked = RemoveRelation(self.payer(session).person_id, relation_id)
        self.rpc.call(household.remove_relation, asked)

    @operation(
        "GET", "/divisions", "下一级行政区划", access=Access.PAYER, answer=Divisions, errors=(LoginNeeded,),
        query={"parent": "上一级的代码，45是广西"},
    )  # fmt: skip
    def list_divisions_by_api(self, request: Request, session: Session, body: None) -> Divisions:
        return self.rpc.call(places.list_divisions, ListDivisions(request.args["parent"]))

    def _member_of_owner(self, session: Session, member_id: str) -> Member:
        return self.rpc.call(household.get_member, self._of_owner(session, member_id))

    def _of_owner(self, session: Session, member_id: str) -> MemberOfOwner:
        return MemberOfOwner(self.payer(session).person_id, member_id)


def _shown(member: Member) -> payloads.MemberShown:
    person = member.person
    return payloads.MemberShown(
        member.member_id, mask_name(person.name), person.document_type, mask_number(person.document_number),
        member.kinship, mask_phone(member.phone), member.place, member.minor,
    )  # fmt: skip


def _pick(pick: Pick) -> payloads.PickShown:
    person = pick.person
    return payloads.PickShown(
        pick.pick_id, mask_name(person.name), person.document_type, mask_number(person.document_number),
        mask_phone(pick.phone), pick.kinship, pick.relation_id, pick.paid_at,
    )  # fmt: skip
