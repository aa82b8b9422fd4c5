"""A database that is away is an expected condition: said plainly, never a crash."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, DeadlineExceeded, Unavailable
from contract.health import HEALTH
from contract.rpc import Method
from kit.http import Access, http, problem
from kit.rpc import RpcEntrypoint

LOST = OperationalError("COMMIT", {}, Exception("server closed the connection"))


class Pages:
    """A service whose database is away."""

    def admit(self, request: Request, access: Access) -> None: ...

    def render_error(self, request: Request, error: ContractError) -> Response:
        return problem(error)

    @http("GET,POST", "/page", access=Access.PUBLIC)
    def page(self, request: Request, caller: None) -> Response:
        raise LOST


@pytest.mark.parametrize(("method", "status"), [("GET", 503), ("POST", 504)])
def test_a_page_says_what_may_have_been_done(
    method: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    request = EnvironBuilder(method=method, path="/page").get_request(Request)
    assert Pages().page(request).status_code == status
    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)


@pytest.mark.parametrize(("command", "told"), [(False, Unavailable), (True, DeadlineExceeded)])
def test_a_caller_hears_what_may_have_been_done(command: bool, told: type[ContractError]) -> None:
    health = HEALTH["payment"]
    method = object.__new__(Method)
    method.__dict__.update({**health.__dict__, "command": command})
    assert type(RpcEntrypoint(method)._told(LOST)) is told
