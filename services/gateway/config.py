"""Settings of the gateway."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from kit.config import ServiceConfig, outside, own, own_secret, secret
from services.gateway.domain.clients import is_listing


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """`redirect_hosts` are the host[:port]s, besides WeChat's, that a browser may be sent to (security.md 7).

    `trusted_proxies` is how many reverse proxies append to X-Forwarded-For in front of us. `inner_url` is where the
    other services reach this replica, if not at its own name. `ocr_api_keys` are programs that may have cards read,
    each `name:SHA-256 of its key`. `refund_arrival` is what pages say of how long a refund takes, e.g.
    一般1至3个工作日到账; empty: nothing. `ip_per_minute` is high because thousands share an address of a mobile
    network; `openid_per_minute` and `person_per_minute` are what one pair of hands, or a patient program, stays below.
    """

    service: ClassVar[str] = "gateway"

    staff_keys: str = own_secret()
    public_url: str
    wechat_appid: str
    wechat_secret: str = secret()
    wechat_authorize_url: str = outside(default="https://open.weixin.qq.com/connect/oauth2/authorize")
    wechat_api_url: str = outside(default="https://api.weixin.qq.com")
    wechat_sdk_url: str = outside(default="https://res.wx.qq.com/open/js/jweixin-1.6.0.js")
    redirect_hosts: tuple[str, ...] = ("api-mop.chinaums.com", "qr.chinaums.com")
    session_idle_seconds: int = own(default=1800)
    session_absolute_seconds: int = own(default=8 * 3600)
    journey_seconds: int = own(default=24 * 3600)
    trusted_proxies: int = own(default=0)
    inner_url: str = own(default="")
    ocr_api_keys: tuple[str, ...] = ()
    ocr_per_minute: int = 10
    ocr_key_per_minute: int = 120
    refund_arrival: str = ""
    ip_per_minute: int = own(default=6000)
    openid_per_minute: int = own(default=240)
    person_per_minute: int = own(default=240)

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def session_idle(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.session_idle_seconds)

    @property
    def session_absolute(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.session_absolute_seconds)

    @property
    def journey_life(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.journey_seconds)

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Every host[:port] a redirect may name: the listed ones, WeChat's and our own."""
        known = (self.wechat_authorize_url, self.public_url)
        return frozenset({*self.redirect_hosts, *(urlsplit(url).netloc for url in known)})

    def problems(self) -> list[str]:
        problems = super().problems()
        address = urlsplit(self.public_url)
        if address.scheme not in ("http", "https") or not address.netloc or address.path.rstrip("/"):
            problems.append("PUBLIC_URL: expected http(s)://host[:port]")
        elif self.production and not self.https:
            problems.append("PUBLIC_URL: production needs https")
        if not all(is_listing(entry) for entry in self.ocr_api_keys):
            problems.append("OCR_API_KEYS: expected name:sha256, the SHA-256 in hexadecimal")
        if min(self.ip_per_minute, self.openid_per_minute, self.person_per_minute) < 10:
            problems.append(
                "GATEWAY_IP_PER_MINUTE, …_OPENID_PER_MINUTE, …_PERSON_PER_MINUTE: must be at least 10"
            )
        if min(self.ocr_per_minute, self.ocr_key_per_minute) < 1:
            problems.append("OCR_PER_MINUTE, OCR_KEY_PER_MINUTE: must be at least 1")
        if not 0 < self.session_idle_seconds <= self.session_absolute_seconds:
            problems.append("GATEWAY_SESSION_IDLE_SECONDS: must lie between 1 and the absolute limit")
        return problems
