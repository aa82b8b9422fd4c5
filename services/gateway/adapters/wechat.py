"""WeChat's web authorisation for official accounts (protocols.md §5)."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import requests

from services.gateway.config import Config
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
        try:
            response = self._http.get(
                f"{self._settings.wechat_api_url}/sns/oauth2/access_token",
                params={
                    "appid": self._settings.wechat_appid, "secret": self._settings.wechat_secret,
                    "code": code, "grant_type": "authorization_code",
                },
                timeout=_TIMEOUT, allow_redirects=False,
            )  # fmt: skip
            response.raise_for_status()
            answer = response.json()
        except (requests.RequestException, ValueError) as error:
            # The exception's text holds the URL, and the URL holds the secret.
            _log.warning("WeChat did not answer: %s", type(error).__name__)
            raise WechatUnavailable from None
        return _openid(answer if isinstance(answer, dict) else {})


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
