"""账号管理: made, reset, released, stopped and moved by an administrator; seen by who audits."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, NotFound
from contract.staff import PROVINCE, Role
from kit.http import Access, http
from services.console.domain.sessions import Session
from services.console.errors import AccountUnfit
from services.console.routes.home import HomeRoutes
from services.console.usecases import accounts


class AccountRoutes(HomeRoutes):
    """Who may come in, and as what."""

    @http("GET", "/accounts", access=Access.STAFF)
    def show_accounts(self, request: Request, session: Session) -> Response:
        return self._accounts(request, session)

    @http("POST", "/accounts", access=Access.STAFF)
    def create_account(self, request: Request, session: Session) -> Response:
        form, by = request.form, session.account.staff
        account, name = form.get("account", ""), form.get("name", "")
        try:
            role, code = _place(form.get("role", ""), form.get("pooling_code", ""))
            password = accounts.create_account(by, account, name, role, code, self.wiring)
        except ContractError as error:
            return self._accounts(request, session, error)
        return self.show(
            "one_time_password.html", request, session, account=account.strip().lower(), password=password
        )

    @http("POST", "/accounts/<account>/<act>", access=Access.STAFF)
    def act_on_account(self, request: Request, session: Session, account: str, act: str) -> Response:
        """reset, release, disable, enable or move."""
        by, wiring = session.account.staff, self.wiring
        try:
            if act == "reset":
                password = accounts.reset_account(by, account, wiring)
                return self.show(
                    "one_time_password.html", request, session, account=account, password=password
                )
            if act == "move":
                role, code = _place(request.form.get("role", ""), request.form.get("pooling_code", ""))
                accounts.move_account(by, account, role, code, wiring)
                return self.to("/accounts", "moved")
            acts = {
                "release": (accounts.release_account, "released"), "disable": (accounts.disable_account, "disabled"),
                "enable": (accounts.enable_account, "enabled"),
            }  # fmt: skip
            if act not in acts:
                raise NotFound
            change, said = acts[act]
            change(by, account, wiring)
        except ContractError as error:
            return self._accounts(request, session, error)
        return self.to("/accounts", said)

    def _accounts(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        found = accounts.list_accounts(session.account.staff, self.wiring)
        return self.show(
            "accounts.html", request, session, problem, accounts=found, now=self.clock.now(), all_roles=Role,
            names=self.level_names(session), administrator=session.account.role is Role.ADMINISTRATOR,
        )  # fmt: skip


def _place(role: str, pooling_code: str) -> tuple[Role, str]:
    if role not in set(Role):
        raise AccountUnfit("请选择岗位。", field="role")
    return Role(role), pooling_code.strip() or PROVINCE
