"""退费 (3.2.1.12(3)): listed, begun, tried again."""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, NotFound
from contract.insurance import InsuranceType
from contract.refunds import (
    ListRefunds,
    Operator,
    RefundNamed,
    RefundPart,
    RefundState,
    RequestRefund,
    RetryRefund,
    get_refund,
    list_refunds,
    request_refund,
    retry_refund,
)
from kit.http import Access, http
from services.console.domain.guidance import REFUNDS
from services.console.domain.sessions import Session
from services.console.routes.base import Routes


class RefundRoutes(Routes):
    """Money that goes back."""

    @http("GET", "/refunds", access=Access.STAFF)
    def show_refunds(self, request: Request, session: Session) -> Response:
        state = request.args.get("state", "")
        wanted = ListRefunds(
            request.args.get("order") or None, RefundState(state) if state in set(RefundState) else None, 100
        )
        found = self.ask(session, list_refunds, wanted).refunds
        return self.show("refunds.html", request, session, refunds=found, wanted=wanted, states=RefundState)

    @http("GET", "/refunds/new", access=Access.STAFF)
    def show_new_refund(self, request: Request, session: Session) -> Response:
        self.check_right(session, request_refund)
        return self._new(request, session, request.args.get("order", ""), str(uuid.uuid4()))

    @http("POST", "/refunds", access=Access.STAFF)
    def begin_refund(self, request: Request, session: Session) -> Response:
        form = request.form
        order_id, key = form.get("order", "").strip(), form.get("key", "")
        try:
            asked = RequestRefund(_operator(session), order_id, form.get("reason", ""), key, _parts(form))
            begun = self.ask(session, request_refund, asked)
        except ContractError as error:
            return self._new(request, session, order_id, key, error)
        return self.to(f"/refunds/{begun.refund_id}", "refund")

    @http("GET", "/refunds/<refund_id>", access=Access.STAFF)
    def show_refund(self, request: Request, session: Session, refund_id: str) -> Response:
        return self._refund(request, session, refund_id)

    @http("POST", "/refunds/<refund_id>/retry", access=Access.STAFF)
    def retry(self, request: Request, session: Session, refund_id: str) -> Response:
        try:
            self.ask(session, retry_refund, RetryRefund(_operator(session), refund_id))
        except ContractError as error:
            return self._refund(request, session, refund_id, error)
        return self.to(f"/refunds/{refund_id}", "retried")

    def _new(
        self,
        request: Request,
        session: Session,
        order_id: str,
        key: str,
        problem: ContractError | None = None,
    ) -> Response:
        return self.show(
            "refund_new.html", request, session, problem, order_id=order_id, key=key, types=InsuranceType
        )

    def _refund(
        self, request: Request, session: Session, refund_id: str, problem: ContractError | None = None
    ) -> Response:
        found = self.ask(session, get_refund, RefundNamed(refund_id))
        return self.show(
            "refund.html", request, session, problem, refund=found, failed=RefundState.FAILED,
            guide=REFUNDS[found.state],
        )  # fmt: skip


def _parts(form: object) -> tuple[RefundPart, ...]:
    """The one part a form may name; without a 社保编号 it is the whole order. Raises NotFound for a type or year that
    no form of ours sends."""
    get = form.get  # type: ignore[attr-defined]
    number, years = get("person_number", "").strip(), get("years", "").replace("，", ",").replace("、", ",")
    if not number:
        return ()
    try:
        wanted = tuple(int(year) for year in years.split(",") if year.strip())
        return (RefundPart(number, InsuranceType(get("insurance_type", "")), wanted),)
    except ValueError:
        raise NotFound("请核对险种和年度，年度用逗号隔开，例如 2024,2025。没有提交退费。") from None


def _operator(session: Session) -> Operator:
    """Who it is; payment believes the seal of the call, not this."""
    return Operator(session.account.account, session.account.name)
