"""What every route shares: who is calling, how other services are asked for them, and how an error becomes a page."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import Any, TypeVar, cast

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, InvalidInput, NotFound
from contract.rpc import Method
from contract.staff import roles_for
from kit.http import Access
from kit.rpc import Caller, RpcCaller
from kit.service import Made, Service
from kit.staff import seal_for
from kit.telemetry import originate
from services.console.adapters.argon import ArgonOfItsOwn
from services.console.browser import Browser, go
from services.console.config import Config
from services.console.domain.sessions import Session, Stage, hash_of
from services.console.errors import FactorNeeded, LoginNeeded, NotForThisRole, PageExpired, PasswordNeeded
from services.console.pages import Pages
from services.console.storage.accounts import Accounts
from services.console.storage.sessions import Refusals, Sessions
from services.console.usecases.wiring import Wiring

SESSIONS, ACCOUNTS, REFUSALS = Sessions(), Accounts(), Refusals()
_SAFE = {"GET", "HEAD"}
_TOUCH = dt.timedelta(seconds=30)
Wanted = TypeVar("Wanted")
Answer = TypeVar("Answer")


class Routes(Service):
    """Base of the route classes; together they are the ConsoleService."""

    name = "console"

    rpc: Caller = cast(Caller, RpcCaller())
    hasher: ArgonOfItsOwn = cast(ArgonOfItsOwn, Made(lambda _: ArgonOfItsOwn()))
    pages: Pages = cast(Pages, Made(lambda _: Pages()))
    browser: Browser = cast(Browser, Made(Browser))
    rings: Any = Made(Config.staff_rings)
    levels: dict[str, str] = cast(dict[str, str], Made(lambda _: {}))
    """Full names of the pooling levels by their codes, once somebody has asked (HomeRoutes.level_names): they change
    with a release alone."""

    @property
    def wiring(self) -> Wiring:
        settings: Config = self.settings
        return Wiring(
            self.database, ACCOUNTS, SESSIONS, REFUSALS, self.hasher, self.journal, self.clock,
            settings.sessions_each, settings.refusals_per_hour,
        )  # fmt: skip

    def admit(self, request: Request, access: Access) -> Any:
        """The caller's session. Raises LoginNeeded, FactorNeeded, PasswordNeeded, and PageExpired for a form that is
        not this session's."""
        originate(self.browser.address(request))
        if request.method not in _SAFE and self.browser.from_elsewhere(request):
            raise PageExpired
        if access is Access.PUBLIC:
            return None
        session = self.find_session(request)
        if session is None:
            raise LoginNeeded
        if access is Access.STAFF and session.stage is not Stage.FULL:
            raise FactorNeeded
        if access is Access.STAFF and session.account.must_change:
            raise PasswordNeeded
        if request.method not in _SAFE:
            sent = request.form.get("csrf", "")
            if not hmac.compare_digest(sent.encode(), session.csrf_token.encode()):
                raise PageExpired
        now = self.clock.now()
        if now - session.last_seen_at > _TOUCH:
            with self.database.transaction() as tx:
                SESSIONS.touch(tx, session.token_hash, now)
        return session

    def find_session(self, request: Request) -> Session | None:
        """The live session of a request."""
        token = self.browser.session_token(request)
        if not token:
            return None
        with self.database.read() as connection:
            session = SESSIONS.find(connection, hash_of(token))
        limits = self.settings.session_idle, self.settings.session_absolute
        return session if session and session.alive(self.clock.now(), *limits) else None

    def ask(self, session: Session, method: Method[Wanted, Answer], request: Wanted) -> Answer:
        """What another service answers to this member of staff. It checks the right itself; we do so first, because it
        is kinder to hear it from the page."""
        self.check_right(session, method)
        return self.rpc.call(
            method, request, seal_for(session.account.staff, self.rings[method.service], self.clock)
        )

    def check_right(self, session: Session, method: Method[Any, Any]) -> None:
        """For a page that asks nothing yet: a form is for who may send it. Raises NotForThisRole."""
        if session.account.role not in roles_for(method.service, method.name):
            raise NotForThisRole

    def show(
        self,
        template: str,
        request: Request,
        session: Session | None,
        problem: ContractError | None = None,
        **context: Any,
    ) -> Response:
        """A page, or the same page again with what went wrong."""
        status = problem.status if problem else 200
        page = self.pages.render(
            template, request, session, status, problem=problem, levels=self.levels, **context
        )
        return self.browser.protect(page)

    def to(self, path: str, notice: str = "", **query: str) -> Response:
        """To another page of ours."""
        return self.browser.protect(go(path, notice=notice, **query))

    def render_error(self, request: Request, error: ContractError | HTTPException) -> Response:
        """An error as this caller reads it: the step of the login that is missing, or a page that says it."""
        if isinstance(error, FactorNeeded):
            return self.to("/login/code")
        if isinstance(error, PasswordNeeded):
            return self.to("/password")
        if isinstance(error, LoginNeeded):
            return self.to("/login", "expired" if self.browser.session_token(request) else "")
        if isinstance(error, HTTPException):
            error = NotFound("没有找到这个页面。") if error.code in (404, 405) else _unreadable(error)
        return self.show("problem.html", request, self.find_session(request), error)


def _unreadable(error: HTTPException) -> ContractError:
    if error.code == 413:
        return InvalidInput("文件太大，没有提交。")
    return InvalidInput("提交的内容无法处理，请返回重新填写。")
