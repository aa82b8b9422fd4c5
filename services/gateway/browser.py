"""What passes between us and a browser besides pages: cookies, redirects and headers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from kit.http import ON_HTTPS
from services.gateway.config import Config
from services.gateway.domain.paths import local_path
from services.gateway.errors import UnsafeRedirect

LARGE_TEXT = "large_text"
"""Cookie of 大字版; readable by the page's script, which switches without a reload."""

_ENTRY_SECONDS = 600


class Entry(NamedTuple):
    """What the browser keeps while it is away at WeChat: a secret, and where to go afterwards."""

    secret: str
    return_path: str
    notice: str

    @property
    def state(self) -> str:
        """What WeChat carries for us: it fits this browser only, and tells nothing about its cookie."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


class Browser:
    """Cookies and redirects as the settings want them."""

    def __init__(self, settings: Config) -> None:
        self._https = settings.https
        self._hosts = settings.allowed_hosts
        self._proxies = settings.trusted_proxies
        self._sdk_url = settings.wechat_sdk_url
        self._headers = _security_headers(settings)

    def session_token(self, request: Request) -> str | None:
        return request.cookies.get(self._name("session"))

    def keep_session(self, response: Response, token: str) -> Response:
        self._set(response, "session", token)
        return response

    def drop_session(self, response: Response) -> Response:
        self._set(response, "session", "", max_age=0)
        return response

    def new_entry(self, return_path: str | None, notice: str) -> Entry:
        return Entry(
            secrets.token_urlsafe(24), local_path(return_path) or "", notice if notice.isalpha() else ""
        )

    def keep_entry(self, response: Response, entry: Entry) -> Response:
        self._set(response, "entry", "|".join(entry), max_age=_ENTRY_SECONDS)
        return response

    def entry(self, request: Request) -> Entry | None:
        """The entry this browser began, if the state that came back belongs to it."""
        secret, _, rest = request.cookies.get(self._name("entry"), "").partition("|")
        return_path, _, notice = rest.partition("|")
        entry = Entry(secret, local_path(return_path) or "", notice if notice.isalpha() else "")
        fits = hmac.compare_digest(entry.state.encode(), request.args.get("state", "").encode())
        return entry if secret and fits else None

    def drop_entry(self, response: Response) -> Response:
        self._set(response, "entry", "", max_age=0)
        return response

    def keep_large_text(self, response: Response, wanted: bool) -> Response:
        response.set_cookie(
            LARGE_TEXT, "1" if wanted else "0", max_age=31_536_000, samesite="Lax", secure=self._https
        )
        return response

    def send_away(self, url: str) -> Response:
        """To a listed outside party. Raises UnsafeRedirect for any other host (security.md 7)."""
        target = urlsplit(url)
        if target.scheme not in ("http", "https") or target.netloc not in self._hosts:
            raise UnsafeRedirect
        if self._https and target.scheme != "https":
            raise UnsafeRedirect
        return _see_other(url)

    def client_ip(self, request: Request) -> str:
        """The address in front of our own proxies; what a client writes into the header itself is not believed."""
        route = request.access_route
        if self._proxies and len(route) >= self._proxies:
            return route[-self._proxies]
        return request.remote_addr or ""

    def allow_sdk(self, response: Response) -> Response:
        """This page alone may run WeChat's JS-SDK."""
        policy = self._headers["Content-Security-Policy"]
        allowed = policy.replace("script-src 'self'", f"script-src 'self' {self._sdk_url}")
        response.headers["Content-Security-Policy"] = allowed
        return response

    def protect(self, response: Response) -> Response:
        """Security headers on every answer; nothing personal is cached."""
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self._https else name

    def _set(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=max_age,
            path="/",
            secure=self._https,
            httponly=True,
            samesite="Lax",
        )


def masked(token: str) -> str:
    """A CSRF token as a page carries it, different each time: pages are compressed, and how well must tell nothing of
    what stays the same in them (BREACH)."""
    plain = token.encode()
    salt = secrets.token_bytes(len(plain))
    return (salt + _xor(salt, plain)).hex()


def is_masked(sent: str, token: str) -> bool:
    """Whether a form sent what a page of this session carried."""
    try:
        both = bytes.fromhex(sent)
    except ValueError:
        return False
    half, odd = divmod(len(both), 2)
    return not odd and hmac.compare_digest(_xor(both[:half], both[half:]), token.encode())


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def go(path: str, **query: str) -> Response:
    """To another page of ours."""
    asked = {name: value for name, value in query.items() if value}
    return _see_other(f"{path}?{urlencode(asked)}" if asked else path)


def _see_other(url: str) -> Response:
    return Response(status=303, headers={"Location": url})


def _security_headers(settings: Config) -> dict[str, str]:
    scheme = "https" if settings.https else "http"
    # Browsers apply form-action to the redirects that follow a form, so the payment page's host is named too.
    targets = " ".join(f"{scheme}://{host}" for host in sorted(settings.allowed_hosts))
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            f"form-action 'self' {targets}; frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.https:
        headers |= ON_HTTPS
    return headers
