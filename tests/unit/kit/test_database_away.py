"""A database that is away is an expected condition: said plainly, never a crash."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, DeadlineExceeded, Unavailable
from contract.health import HEALTH
from contract.rpc import Method
from kit.database import present, refused
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


class _FromServer(Exception):
    """What the driver raises when PostgreSQL answered: with PostgreSQL's code."""

    pgcode = "40P01"


@pytest.mark.parametrize(
    ("error", "refusal", "there"),
    [
        (OperationalError("UPDATE", {}, _FromServer()), True, True),
        (IntegrityError("INSERT", {}, Exception("a row like it exists")), True, True),
        (OperationalError("COMMIT", {}, _FromServer(), connection_invalidated=True), False, False),
        (LOST, False, False),
        (PoolTimeout(), False, False),
        (ValueError("a handler's own"), False, True),
    ],
    ids=["deadlock", "constraint", "shut down meanwhile", "lost", "too busy", "a handler's fault"],
)
def test_who_is_at_fault_decides_whether_each_is_tried_alone(
    error: Exception, refusal: bool, there: bool
) -> None:
    assert refused(error) is refusal
    assert present(error) is there
