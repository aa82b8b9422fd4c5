"""What passes between us and a browser besides pages: the cookie, redirects and headers."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from services.console.config import Config

_HEADERS = {
    # No script at all: every page works without, and none can be smuggled in.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Browser:
    """The cookie and the headers as the settings want them."""

    def __init__(self, settings: Config) -> None:
        self._https, self._proxies = settings.https, settings.trusted_proxies
        self._host = urlsplit(settings.url).netloc
        self._cookie = "__Host-staff" if settings.https else "staff"

    def session_token(self, request: Request) -> str:
        return request.cookies.get(self._cookie, "")

    def keep_session(self, response: Response, token: str, max_age: int | None = None) -> Response:
        """A cookie for this site alone, which no page of another can make a browser send."""
        response.set_cookie(
            self._cookie,
            token,
            max_age=max_age,
            path="/",
            secure=self._https,
            httponly=True,
            samesite="Strict",
        )
        return response

    def drop_session(self, response: Response) -> Response:
        return self.keep_session(response, "", 0)

    def from_elsewhere(self, request: Request) -> bool:
        """Whether a form was sent by a page of somebody else's."""
        origin = request.headers.get("Origin", "")
        return bool(origin) and origin != "null" and urlsplit(origin).netloc not in (self._host, request.host)

    def address(self, request: Request) -> str:
        """The address in front of our own proxies; what a client writes into the header itself is not believed."""
        route = request.access_route
        if self._proxies and len(route) >= self._proxies:
            return route[-self._proxies][:45]
        return (request.remote_addr or "")[:45]

    def protect(self, response: Response) -> Response:
        """Security headers on every answer; nothing is cached."""
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if self._https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


def go(path: str, **query: str) -> Response:
    """To another page of ours."""
    asked = {name: value for name, value in query.items() if value}
    return Response(status=303, headers={"Location": f"{path}?{urlencode(asked)}" if asked else path})


def attachment(content: bytes, media: str, name: str, plain: str) -> Response:
    """A file with a Chinese name, and one for programs that do not know RFC 6266."""
    response = Response(content, content_type=media)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    )
    return response
