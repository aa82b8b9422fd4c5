"""HTTP entrypoints: every route says who may call it, every error becomes an answer, every service has its
/healthz (the process lives), /readyz (it can do its work) and /metrics."""

from __future__ import annotations

import enum
import functools
import io
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.web.handlers import HttpRequestHandler
from nameko.web.server import WebServer, parse_address
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, DeadlineExceeded, Unavailable
from kit import telemetry
from kit.database import AWAY, Database

MAX_BODY = 64 * 1024
"""Bytes a request may carry unless its route allows more; forms and JSON here are small."""

_log = logging.getLogger(__name__)


class Access(enum.Enum):
    """Who may call a route."""

    PUBLIC = "anyone"
    SIGNED = "an outside party whose request carries its own proof"
    VISITOR = "a WeChat user who has not logged in yet, or has"
    CLIENT = "a program with an API key, or a WeChat user"
    PAYER = "a logged-in payer"


class HttpServer(WebServer):
    """Nameko's web server on the service's own address, with limits and the operator's three pages."""

    _starting: bool

    @property
    def bind_addr(self) -> Any:
        return parse_address(self.container.config["settings"].http_address)

    def start(self) -> None:
        # Nameko's own listens with SO_REUSEPORT, and so lets a second process steal requests unnoticed.
        if not self._starting:
            self._starting = True
            self._sock = eventlet.listen(self.bind_addr, reuse_port=False)
            self._sock.settimeout(None)
            self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
            self._gt = self.container.spawn_managed_thread(self.run)

    def get_wsgi_app(self) -> Callable[..., Any]:
        return _App(self)

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, *args: Any, **kwargs: Any) -> Any:
        return wsgi.Server(
            sock, sock.getsockname(), wsgi_app, log=_log, log_output=False, debug=False, keepalive=True,
            socket_timeout=30, url_length_limit=8192,
        )  # fmt: skip

    def answer_operator(self, path: str) -> Response | None:
        """The operator's pages, or None for every other path."""
        if path == "/healthz":
            return Response("ok")
        if path == "/metrics":
            return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
        if path == "/readyz":
            database: Database | None = self.container.config.get("database")
            ready = database is None or database.answers()
            return Response("ready" if ready else "database does not answer", status=200 if ready else 503)
        return None


class MemoryRequest(Request):
    """A request whose uploads stay in memory: Werkzeug's own writes larger ones to temporary files."""

    def _get_file_stream(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO()


class _App:
    """The WSGI application of one service."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._urls = server.make_url_map()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = MemoryRequest(environ)
        request.max_content_length = MAX_BODY
        response = self._server.answer_operator(request.path) or self._route(request, environ)
        return response(environ, start_response)

    def _route(self, request: Request, environ: dict[str, Any]) -> Any:
        try:
            entrypoint, values = self._urls.bind_to_environ(environ).match()
        except HTTPException as error:
            return error
        request.path_values = values  # type: ignore[attr-defined]
        request.max_content_length = entrypoint.max_body
        return entrypoint.handle_request(request)


class HttpEntrypoint(HttpRequestHandler):
    """One route. `access` is read by the service's `admit` and by the test that walks all routes; `max_body` is how
    many bytes a request may carry."""

    server = HttpServer()
    kind = "http"

    def __init__(
        self, method: str, url: str, *, access: Access, max_body: int = MAX_BODY, **kwargs: Any
    ) -> None:
        self.access, self.max_body = access, max_body
        super().__init__(method, url, **kwargs)

    @property
    def traced_as(self) -> str:
        """The route, never the path that was asked for."""
        return f"{self.method} {self.url}"

    def handle_request(self, request: Request) -> Any:
        self.server.context_data_from_headers = _context
        return super().handle_request(request)

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """The wrapper takes any path values; the route itself names them."""


def _context(request: Request) -> dict[str, str | None]:
    return {telemetry.CORRELATION: request.headers.get("X-Request-Id")}


def http(
    method: str, url: str, *, access: Access, max_body: int = MAX_BODY
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Serve a method as `method(self, request, caller, **path_values)`.

    `caller` is what the service's `admit(request, access)` returned; whatever goes wrong goes through its
    `render_error(request, error)`. `max_body` is how many bytes its body may have.
    """

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(handler)
        def run(self: Any, request: Request, **path: Any) -> Any:
            try:
                return handler(self, request, self.admit(request, access), **path)
            except (ContractError, HTTPException) as error:
                return self.render_error(request, error)
            except AWAY as error:
                _log.warning("%s found the database away: %s", handler.__name__, type(error).__name__)
                # What was being written may or may not be committed.
                lost = Unavailable() if request.method in ("GET", "HEAD") else DeadlineExceeded()
                return self.render_error(request, lost)
            except Exception:
                _log.exception("%s %s crashed", request.method, handler.__name__)
                return self.render_error(request, ContractError())

        served: Callable[..., Any] = HttpEntrypoint.decorator(method, url, access=access, max_body=max_body)(
            run
        )
        return served

    return decorate


def problem(error: ContractError | HTTPException) -> Response:
    """An error as application/problem+json (RFC 9457)."""
    if isinstance(error, HTTPException):
        status = error.code or 500
        body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    else:
        status = error.status
        body = {"type": f"urn:gx-tax:{error.code}", "title": error.message, "status": status, **error.detail}
    body["instance"] = f"urn:correlation:{telemetry.correlation_id()}"
    response = Response(
        json.dumps(body, ensure_ascii=False),
        status=status,
        content_type="application/problem+json; charset=utf-8",
    )
    if isinstance(error, ContractError) and "retry_after" in error.detail:
        response.headers["Retry-After"] = str(error.detail["retry_after"])
    return response
