"""学校缴费证明, for operators a tax authority has authorised, and the link each student follows."""

from __future__ import annotations

import base64

from werkzeug.wrappers import Request, Response

from contract import schools
from contract.errors import InvalidInput
from contract.schools import (
    ROLL_LIMIT,
    Batches,
    BatchItems,
    BatchOfSchool,
    BatchView,
    FindSchools,
    ListBatches,
    ListBatchItems,
    MakeSchoolLink,
    ReadSchoolLink,
    RollUnreadable,
    SchoolLink,
    Schools,
)
from kit.http import Access
from services.gateway.api.operations import operation
from services.gateway.api.payloads import schools as payloads
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.schools import SchoolRoutes
from services.gateway.usecases import schools as schooling

_ONCE = "同一名单、同一所属期再次提交，就是同一批：接着上次办，谁也不会重复开具。"


class SchoolsApi(SchoolRoutes):
    """What the pages under 学校缴费证明 show and do."""

    @operation("GET", "/schools", "我经办的学校", access=Access.PAYER, answer=Schools, errors=(LoginNeeded,))
    def list_schools_by_api(self, request: Request, session: Session, body: None) -> Schools:
        return self.rpc.call(schools.find_schools, FindSchools(self.payer(session).person))

    @operation(
        "POST", "/schools/<school_id>/rolls", "提交学生名单，为名单上的人开具缴费证明", access=Access.PAYER,
        body=payloads.RollWanted, answer=BatchView, status=201, repeated=_ONCE,
        errors=(LoginNeeded, *schools.submit_roll.errors), max_body=ROLL_LIMIT * 4 // 3 + 1024,
    )  # fmt: skip
    def submit_roll_by_api(
        self, request: Request, session: Session, body: payloads.RollWanted, school_id: str
    ) -> BatchView:
        try:
            content = base64.b64decode(body.content, validate=True)
        except ValueError:
            raise RollUnreadable(field="content") from None
        period = body.period_from, body.period_to
        return schooling.submit_roll(self.payer(session), school_id, period, content, self.ports)

    @operation(
        "POST", "/schools/<school_id>/links", "生成发给学生的链接：打开后所属期已经填好", access=Access.PAYER,
        body=payloads.LinkWanted, answer=payloads.LinkMade, status=201,
        errors=(LoginNeeded, *schools.make_school_link.errors),
        repeated="每次得到一个新链接，旧的照常可用。",
    )  # fmt: skip
    def make_school_link_by_api(
        self, request: Request, session: Session, body: payloads.LinkWanted, school_id: str
    ) -> payloads.LinkMade:
        asked = MakeSchoolLink(self.payer(session).person, school_id, body.period_from, body.period_to)
        made = self.rpc.call(schools.make_school_link, asked)
        url = self.link_of(made)
        return payloads.LinkMade(url, made.token, made.school_name, made.period_from, made.period_to)

    @operation(
        "GET", "/school-links/<token>", "学校发给学生的链接：哪所学校、哪个所属期", access=Access.PAYER,
        answer=SchoolLink, errors=(LoginNeeded, *schools.read_school_link.errors),
    )  # fmt: skip
    def read_school_link_by_api(
        self, request: Request, session: Session, body: None, token: str
    ) -> SchoolLink:
        return self.rpc.call(schools.read_school_link, ReadSchoolLink(token))

    @operation(
        "GET",
        "/school-batches",
        "提交过的学生名单",
        access=Access.PAYER,
        answer=Batches,
        errors=(LoginNeeded,),
    )
    def list_school_batches_by_api(self, request: Request, session: Session, body: None) -> Batches:
        return self.rpc.call(schools.list_batches, ListBatches(self.payer(session).person))

    @operation(
        "GET", "/school-batches/<batch_id>", "一份名单办到哪里", access=Access.PAYER, answer=BatchView,
        errors=(LoginNeeded, *schools.get_batch.errors),
    )  # fmt: skip
    def get_school_batch_by_api(
        self, request: Request, session: Session, body: None, batch_id: str
    ) -> BatchView:
        return self.rpc.call(schools.get_batch, BatchOfSchool(self.payer(session).person, batch_id))

    @operation(
        "GET", "/school-batches/<batch_id>/students", f"名单上的学生和各自的结果，每次{schools.PAGE}人",
        access=Access.PAYER, answer=BatchItems, optional={"first": "从第几个学生开始，不填是1"},
        errors=(LoginNeeded, InvalidInput, *schools.list_batch_items.errors),
    )  # fmt: skip
    def list_school_students_by_api(
        self, request: Request, session: Session, body: None, batch_id: str
    ) -> BatchItems:
        first = request.args.get("first", "1")
        if not (first.isascii() and first.isdecimal() and 1 <= int(first) <= schools.MOST_STUDENTS):
            raise InvalidInput(f"first 应为1至{schools.MOST_STUDENTS}的整数。", field="first")
        asked = ListBatchItems(self.payer(session).person, batch_id, int(first))
        return self.rpc.call(schools.list_batch_items, asked)

    @operation(
        "GET", "/school-batches/<batch_id>/archive", "已经开具的证明打成一个 ZIP", access=Access.PAYER,
        media=("application/zip",), errors=(LoginNeeded, *schools.get_batch.errors),
    )  # fmt: skip
    def download_school_batch_by_api(
        self, request: Request, session: Session, body: None, batch_id: str
    ) -> Response:
        return self.archive_of(session, batch_id)
