"""缴费标准 for programs."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract.errors import InvalidInput
from kit.clock import china
from kit.http import Access
from services.gateway.api.operations import operation
from services.gateway.api.payloads import standards as payloads
from services.gateway.domain.sessions import Session
from services.gateway.domain.standards import asked_for
from services.gateway.errors import LoginNeeded
from services.gateway.routes.base import Routes
from services.gateway.usecases.standards import find_standards


class StandardsApi(Routes):
    """What the page 缴费标准 shows."""

    @operation(
        "GET", "/standards", "缴费标准", access=Access.PAYER, answer=payloads.Standards,
        errors=(LoginNeeded, InvalidInput),
        query={
            "division_code": "行政区划代码，6位，县（市、区）或设区市",
            "payer_kind": "0城乡居民，1灵活就业人员", "year": "本年度或下一年度",
        },
    )  # fmt: skip
    def find_standards_by_api(self, request: Request, session: Session, body: None) -> payloads.Standards:
        wanted = asked_for(request.args, china(self.clock.now()).date())
        return payloads.Standards(
            tuple(
                payloads.StandardShown(one.insurance_type, one.demonstration, one.table)
                for one in find_standards(wanted, self.ports)
            )
        )
