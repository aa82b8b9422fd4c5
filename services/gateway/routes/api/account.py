"""The payer's own data and sessions."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract import payment, rights
from contract.errors import NotFound
from contract.rights import Account, Consents, Deletion
from kit.http import Access
from services.gateway.api.operations import operation
from services.gateway.api.payloads import login as payloads
from services.gateway.domain.account import AccountExport
from services.gateway.domain.sessions import Session
from services.gateway.errors import AgreementStands, LoginNeeded, OrderUnsettled
from services.gateway.routes.base import Routes
from services.gateway.usecases import account, sessions


class AccountApi(Routes):
    """What the pages under 我的 show and do."""

    @operation(
        "GET", "/account", "我的信息", access=Access.PAYER, answer=Account,
        errors=(LoginNeeded, *rights.get_account.errors),
    )  # fmt: skip
    def get_account_by_api(self, request: Request, session: Session, body: None) -> Account:
        return self.rpc.call(rights.get_account, self.person(session))

    @operation(
        "GET", "/account/consents", "授权记录", access=Access.PAYER, answer=Consents, errors=(LoginNeeded,)
    )
    def list_consents_by_api(self, request: Request, session: Session, body: None) -> Consents:
        return self.rpc.call(rights.list_consents, self.person(session))

    @operation(
        "GET", "/account/export", "导出我的信息", access=Access.PAYER, answer=AccountExport,
        errors=(LoginNeeded, *rights.export_person.errors, *payment.list_orders.errors),
    )  # fmt: skip
    def export_account_by_api(self, request: Request, session: Session, body: None) -> AccountExport:
        return account.export_account(self.payer(session).person_id, self.ports)

    @operation(
        "POST", "/account/deletion", "申请注销", access=Access.PAYER, answer=Deletion, status=201,
        errors=(LoginNeeded, OrderUnsettled, AgreementStands, *rights.request_deletion.errors),
        repeated="已经申请过的，答复原来的申请。",
    )  # fmt: skip
    def request_deletion_by_api(self, request: Request, session: Session, body: None) -> Deletion:
        return account.request_deletion(self.payer(session).person_id, self.ports)

    @operation(
        "DELETE", "/account/deletion", "撤销注销申请", access=Access.PAYER, status=204,
        errors=(LoginNeeded, *rights.cancel_deletion.errors),
    )  # fmt: skip
    def cancel_deletion_by_api(self, request: Request, session: Session, body: None) -> None:
        self.rpc.call(rights.cancel_deletion, self.person(session))

    @operation(
        "GET", "/sessions", "登录设备", access=Access.PAYER, answer=payloads.OpenSessions,
        errors=(LoginNeeded,),
    )  # fmt: skip
    def list_sessions_by_api(self, request: Request, session: Session, body: None) -> payloads.OpenSessions:
        return payloads.OpenSessions(
            tuple(
                payloads.OpenSession(
                    one.session_id, one.device or "", one.logged_in_at or one.created_at, one.last_seen_at,
                    one.session_id == session.session_id,
                )
                for one in self.own_sessions(session)
            )
        )  # fmt: skip

    @operation(
        "DELETE", "/sessions/<session_id>", "退出一台设备", access=Access.PAYER, status=204,
        errors=(LoginNeeded, NotFound),
    )  # fmt: skip
    def end_session_by_api(self, request: Request, session: Session, body: None, session_id: str) -> None:
        sessions.end_session(self.payer(session).person_id, session_id, self.ports)

    @operation("DELETE", "/sessions", "退出其他设备", access=Access.PAYER, status=204, errors=(LoginNeeded,))
    def end_other_sessions_by_api(self, request: Request, session: Session, body: None) -> None:
        sessions.end_other_sessions(session, self.payer(session).person_id, self.ports)
