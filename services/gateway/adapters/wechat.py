"""WeChat's web authorisation for official accounts, and the JS-SDK of their pages (protocols.md §5)."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from typing import Any
from urllib.parse import urlencode

import requests

from kit import tracing
from services.gateway.config import Config
from services.gateway.domain.sdk import PageSignature
from services.gateway.errors import SnapshotVisitor, WechatRefused, WechatUnavailable

_TIMEOUT = (3.0, 5.0)
_REFUSED = {40029, 40163, 42003}
"""invalid code · code been used · code expired: the browser must be authorised again."""

_log = logging.getLogger(__name__)


class Wechat:
    """Speaks to WeChat with the account's own credentials."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._http = requests.Session()

    def authorize_url(self, return_url: str, state: str) -> str:
        query = urlencode({
            "appid": self._settings.wechat_appid, "redirect_uri": return_url, "response_type": "code",
            "scope": "snsapi_base", "state": state,
        })  # fmt: skip
        return f"{self._settings.wechat_authorize_url}?{query}#wechat_redirect"

    def openid_of(self, code: str) -> str:
        wanted = {**self._account, "code": code, "grant_type": "authorization_code"}
        return _openid(self._ask("GET", "/sns/oauth2/access_token", params=wanted))

    def fetch_ticket(self) -> tuple[str, dt.timedelta]:
        # The stable token is the same for whoever asks; a new one of /cgi-bin/token would end that of notify.
        wanted = {**self._account, "grant_type": "client_credential"}
        token = self._ask("POST", "/cgi-bin/stable_token", json=wanted).get("access_token")
        asked = {"access_token": str(token), "type": "jsapi"}
        answer = self._ask("GET", "/cgi-bin/ticket/getticket", params=asked)
        ticket, seconds = answer.get("ticket"), answer.get("expires_in")
        if not isinstance(ticket, str) or not ticket or not isinstance(seconds, int):
            _log.error("WeChat gave no ticket", extra={"errcode": answer.get("errcode")})
            raise WechatUnavailable
        return ticket, dt.timedelta(seconds=seconds)

    def sign_page(self, url: str, ticket: str, nonce: str, timestamp: int) -> PageSignature:
        shown = url.partition("#")[0]
        text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={shown}"
        signature = hashlib.sha1(text.encode()).hexdigest()
        return PageSignature(self._settings.wechat_appid, timestamp, nonce, signature)

    @property
    def _account(self) -> dict[str, str]:
        return {"appid": self._settings.wechat_appid, "secret": self._settings.wechat_secret}

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """WeChat's answer, whatever it says; empty when it is no object. Raises WechatUnavailable."""
        try:
            url = f"{self._settings.wechat_api_url}{path}"
            with tracing.asking(f"wechat.{path.rpartition('/')[2]}"):
                response = self._http.request(method, url, timeout=_TIMEOUT, allow_redirects=False, **more)
            response.raise_for_status()
            answer = response.json()
        except (requests.RequestException, ValueError) as error:
            # The exception's text holds the URL, and the URL holds the secret.
            _log.warning("WeChat did not answer: %s", type(error).__name__)
            raise WechatUnavailable from None
        return answer if isinstance(answer, dict) else {}


def _openid(answer: dict[str, object]) -> str:
    code = answer.get("errcode") or 0
    if code in _REFUSED:
        raise WechatRefused
    openid = answer.get("openid")
    if code or not isinstance(openid, str) or not openid:
        _log.error("WeChat refused the account's request", extra={"errcode": code})
        raise WechatUnavailable
    if answer.get("is_snapshotuser") == 1:
        raise SnapshotVisitor
    return openid
