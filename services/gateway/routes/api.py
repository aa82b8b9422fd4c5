"""The JSON API /api/v1 for mini programs and other clients: the whole journey, with bearer tokens and no cookies."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TypeVar

from werkzeug.wrappers import Request, Response

from contract import contribution, identity, payment
from contract.errors import InvalidInput, NotFound, Refused
from contract.payment import ListOrders, OrderOfPayer, OrderPlaced, Orders, OrderView, Payer, PlaceOrder
from contract.rpc import Method
from kit.clock import china
from kit.http import Access, http
from kit.masking import mask_name, mask_number
from services.gateway.api import payloads
from services.gateway.api.openapi import document
from services.gateway.api.operations import OPERATIONS, PREFIX, operation
from services.gateway.domain import drafts
from services.gateway.domain.drafts import Journey, Selection
from services.gateway.domain.sessions import CONSENT_VERSION, Session
from services.gateway.errors import LoginNeeded, SnapshotVisitor, StalePage, WechatRefused, WechatUnavailable
from services.gateway.routes.base import Routes
from services.gateway.usecases import journeys, login
from services.gateway.usecases.login import Applicant

Answer = TypeVar("Answer")

_KEY = re.compile(r"[\w-]{8,64}", re.ASCII)


class ApiRoutes(Routes):
    """Thin: every action is the same use case or RPC the pages use."""

    @http("GET", f"{PREFIX}/openapi.json", access=Access.PUBLIC)
    def show_openapi(self, request: Request, caller: None) -> Response:
        text = json.dumps(document(OPERATIONS, self.settings.public_url), ensure_ascii=False)
        return self.browser.protect(Response(text, content_type="application/json"))

    @operation(
        "POST", "/wechat-sessions", "微信授权码换访客会话", access=Access.PUBLIC, body=payloads.WechatCode,
        answer=payloads.SessionOpened, status=201, errors=(WechatRefused, SnapshotVisitor, WechatUnavailable),
    )  # fmt: skip
    def open_visitor_session(
        self, request: Request, session: None, body: payloads.WechatCode
    ) -> payloads.SessionOpened:
        token = login.enter(self.wechat.openid_of(body.code), self.ports)
        return payloads.SessionOpened(token, self.settings.session_idle_seconds, CONSENT_VERSION)

    @operation(
        "POST", "/login-codes", "获取登录验证码", access=Access.VISITOR, body=payloads.LoginCodeWanted,
        answer=payloads.CodeOnItsWay, status=201, errors=(LoginNeeded, *identity.request_login_code.errors),
    )  # fmt: skip
    def request_login_code(
        self, request: Request, session: Session, body: payloads.LoginCodeWanted
    ) -> payloads.CodeOnItsWay:
        who = self._who(request, body)
        sent = login.request_login_code(session, who, body.consent_version, self.ports)
        return payloads.CodeOnItsWay(sent.resend_after, sent.valid_for, sent.notice)

    @operation(
        "POST", "/sessions", "登录：旧会话失效，返回新会话", access=Access.VISITOR, body=payloads.Login,
        answer=payloads.SessionOpened, status=201, errors=(LoginNeeded, *identity.log_in.errors),
    )  # fmt: skip
    def open_session(
        self, request: Request, session: Session, body: payloads.Login
    ) -> payloads.SessionOpened:
        token, opened = login.log_in(session, self._who(request, body), body.code, self.ports)
        person = self.payer(opened).person
        return payloads.SessionOpened(
            token, self.settings.session_idle_seconds, CONSENT_VERSION,
            mask_name(person.name), mask_number(person.document_number),
        )  # fmt: skip

    @operation(
        "DELETE", "/sessions/current", "退出登录", access=Access.VISITOR, status=204, errors=(LoginNeeded,)
    )
    def close_session(self, request: Request, session: Session, body: None) -> None:
        login.log_out(session, self.ports)

    @operation(
        "POST", "/enrolments", "开始自主缴费并查询参保信息", access=Access.PAYER, body=payloads.Empty,
        answer=payloads.EnrolmentFound, errors=(LoginNeeded, *contribution.find_enrolment.errors),
    )  # fmt: skip
    def find_own_enrolment(
        self, request: Request, session: Session, body: payloads.Empty
    ) -> payloads.EnrolmentFound:
        started = journeys.start_journey(self.payer(session), self.settings.journey_life, self.ports)
        return self._enrolment(journeys.find_enrolment(started, self.ports))

    @operation(
        "GET", "/tiers", "缴费档次", access=Access.PAYER, answer=contribution.Tiers,
        errors=(LoginNeeded, InvalidInput, NotFound),
        query={"journey_id": "查询参保信息时得到", "entry_id": "所选参保信息", "year": "缴费年度"},
    )  # fmt: skip
    def list_tiers(self, request: Request, session: Session, body: None) -> contribution.Tiers:
        journey = self._open_journey(session, request.args["journey_id"])
        year = request.args.get("year", 0, int)
        draft = self._selected(journey, request.args["entry_id"], year)
        return contribution.Tiers(journeys.list_options(draft, self.ports).tiers or ())

    @operation(
        "POST", "/quotes", "查询待缴费记录并锁定金额", access=Access.PAYER, body=payloads.QuoteWanted,
        answer=payloads.QuoteGiven, status=201,
        errors=(LoginNeeded, NotFound, StalePage, *contribution.quote_payable.errors),
    )  # fmt: skip
    def quote_payable(
        self, request: Request, session: Session, body: payloads.QuoteWanted
    ) -> payloads.QuoteGiven:
        journey = self._open_journey(session, body.journey_id)
        wanted = self._selected(journey, body.entry_id, body.year).selection
        journey, options = journeys.select(journey, _with(wanted, body), self.ports)
        drafts.check_selection(journey.draft.selection, options)
        journey = journeys.quote_payable(journey, self.ports)
        quoted = journey.draft.quoted
        assert quoted is not None
        return payloads.QuoteGiven(
            quoted.quote, quoted.entry.insurance_type, drafts.agency_name(journey.draft), quoted.year,
            quoted.tier_label, quoted.amount, quoted.expires_in,
        )  # fmt: skip

    @operation(
        "POST", "/orders", "下单，返回银联商务支付页地址", access=Access.PAYER, body=payloads.OrderWanted,
        answer=OrderPlaced, status=201, errors=(LoginNeeded, InvalidInput, *payment.place_order.errors),
        headers={"Idempotency-Key": "8至64位字母、数字、- 或 _；重试用同一个"},
    )  # fmt: skip
    def place_order_by_api(
        self, request: Request, session: Session, body: payloads.OrderWanted
    ) -> OrderPlaced:
        """The hot path: the session's select and this call, nothing else."""
        key = request.headers["Idempotency-Key"]
        if not _KEY.fullmatch(key):
            raise InvalidInput("Idempotency-Key 应为8至64位字母、数字、- 或 _。", field="Idempotency-Key")
        payer = self.payer(session)
        phone = payer.phone if body.reminder_phone is None else drafts.reminder_phone(body.reminder_phone)
        operator = Payer(payer.person_id, payer.person.name, phone or "")
        return self.rpc.call(payment.place_order, PlaceOrder(operator, body.quote, key))

    @operation("GET", "/orders", "最近的缴费", access=Access.PAYER, answer=Orders, errors=(LoginNeeded,))
    def list_orders_by_api(self, request: Request, session: Session, body: None) -> Orders:
        return self.rpc.call(payment.list_orders, ListOrders(self.payer(session).person_id))

    @operation(
        "GET", "/orders/<order_id>", "一笔缴费", access=Access.PAYER, answer=OrderView,
        errors=(LoginNeeded, *payment.get_order.errors),
    )  # fmt: skip
    def get_order_by_api(self, request: Request, session: Session, body: None, order_id: str) -> OrderView:
        return self._order(payment.get_order, session, order_id)

    @operation(
        "POST", "/orders/<order_id>/payment", "继续支付", access=Access.PAYER, answer=OrderPlaced,
        errors=(LoginNeeded, *payment.resume_payment.errors),
    )  # fmt: skip
    def resume_payment_by_api(
        self, request: Request, session: Session, body: None, order_id: str
    ) -> OrderPlaced:
        return self._order(payment.resume_payment, session, order_id)

    @operation(
        "POST", "/orders/<order_id>/check", "向银联商务确认支付结果", access=Access.PAYER, answer=OrderView,
        errors=(LoginNeeded, *payment.check_order.errors),
    )  # fmt: skip
    def check_order_by_api(self, request: Request, session: Session, body: None, order_id: str) -> OrderView:
        return self._order(payment.check_order, session, order_id)

    @operation(
        "POST", "/orders/<order_id>/close", "放弃缴费", access=Access.PAYER, answer=OrderView,
        errors=(LoginNeeded, *payment.close_order.errors),
    )  # fmt: skip
    def close_order_by_api(self, request: Request, session: Session, body: None, order_id: str) -> OrderView:
        return self._order(payment.close_order, session, order_id)

    def _order(self, method: Method[OrderOfPayer, Answer], session: Session, order_id: str) -> Answer:
        return self.rpc.call(method, OrderOfPayer(self.payer(session).person_id, order_id))

    def _who(self, request: Request, typed: payloads.LoginCodeWanted | payloads.Login) -> Applicant:
        return Applicant(typed.name, typed.document_number, typed.phone, self.browser.client_ip(request))

    def _open_journey(self, session: Session, journey_id: str) -> Journey:
        journey = self.journey(session, journey_id)
        if journey.draft.enrolment is None:
            raise Refused("请先查询参保信息。")
        return journey

    def _selected(self, journey: Journey, entry_id: str, year: int) -> drafts.Draft:
        """The draft as if this entry and year were chosen. Raises InvalidInput for what is not offered."""
        return drafts.choose_entry(journey.draft, entry_id, year, china(self.clock.now()).date())

    def _enrolment(self, journey: Journey) -> payloads.EnrolmentFound:
        draft, today = journey.draft, china(self.clock.now()).date()
        enrolment = draft.enrolment
        entries = tuple(
            payloads.EnrolmentChoice(
                entry.entry_id, entry.insurance_type, entry.agency_code, entry.agency_name, entry.person_number,
                drafts.years_of(entry.insurance_type, today),
            )
            for entry in (enrolment.entries if enrolment else ())
        )  # fmt: skip
        return payloads.EnrolmentFound(
            journey.journey_id, "found" if enrolment else "asking", mask_name(draft.insured.name),
            mask_number(draft.insured.document_number), enrolment.payer_kind if enrolment else None, entries,
        )  # fmt: skip


def _with(selection: Selection, body: payloads.QuoteWanted) -> Selection:
    return replace(selection, tier_code=body.tier_code or None, agency_code=body.agency_code)
