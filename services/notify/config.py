"""Settings of the notify service."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kit.config import LEAST_KEPT_DAYS, ServiceConfig, needed, outside, own, own_secret, secret
from services.notify.adapters import aliyun, gateway, tencent
from services.notify.domain.messages import Patience
from services.notify.domain.routing import Provider
from services.notify.templates import BadTemplates, Catalogue, catalogue

_TEMPLATES = Path(__file__).parent / "templates.json"
_KNOWN = (tencent.NAME, aliyun.NAME, gateway.NAME)
_USUAL_RATE = 200.0


def _names(provider: str) -> Callable[[tuple[str, ...]], bool]:
    return lambda given: any(one.partition(":")[0] == provider for one in given)


_TENCENT = ("sms_providers", _names(tencent.NAME))
_ALIYUN = ("sms_providers", _names(aliyun.NAME))
_GATEWAY = ("sms_providers", _names(gateway.NAME))
_WECHAT = ("wechat_messages", True)


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """The providers' accounts, the texts they approved, and how to send."""

    service: ClassVar[str] = "notify"

    staff_keys: str = own_secret()
    sms_providers: tuple[str, ...] = ("tencent:100",)
    """name:weight or name:weight:rate, rate in messages a second."""
    sms_sign_name: str = "广西税务"
    sms_templates: Path = _TEMPLATES
    sms_receipt_token: str = secret()
    """The last part of the address providers send receipts to: they sign nothing, so only they may know it."""

    tencent_sms_url: str = outside(default="https://sms.tencentcloudapi.com")
    tencent_sms_region: str = "ap-guangzhou"
    tencent_secret_id: str = secret(when=_TENCENT)
    tencent_secret_key: str = secret(when=_TENCENT)
    tencent_sms_app_id: str = needed(when=_TENCENT)
    aliyun_sms_url: str = outside(default="https://dysmsapi.aliyuncs.com")
    aliyun_sms_region: str = "cn-hangzhou"
    aliyun_access_key_id: str = secret(when=_ALIYUN)
    aliyun_access_key_secret: str = secret(when=_ALIYUN)
    sms_gateway_url: str = outside(when=_GATEWAY)
    sms_gateway_user: str = needed(when=_GATEWAY)
    sms_gateway_key: str = secret(when=_GATEWAY)
    sms_gateway_shape: Path = gateway.SHAPE

    wechat_messages: bool = False
    wechat_api_url: str = outside(default="https://api.weixin.qq.com")
    wechat_appid: str = needed(when=_WECHAT)
    wechat_secret: str = secret(when=_WECHAT)
    wechat_message_page: str = ""
    """Where a tap on a message in WeChat leads."""

    senders: int = own(default=16)
    """Messages on their way to providers at the same time, per process."""
    lookup_grace_seconds: int = own(default=120)
    """How long a provider may take to know a message it took."""
    receipt_wait_seconds: int = own(default=300)
    """How long a carrier may take to report, before the provider is asked."""
    quiet_hours: str = own(default="22-7")
    """From and to which hour (China) reminders wait for the morning; `off` for never. Codes never wait."""
    reminders_per_day: int = own(default=100)
    """Reminders a phone is sent in a day at most; one order may pay for fifty people."""
    kept_days: int = own(default=730)
    """How long reminders and sends are kept: the contribution's year and the next, in which people still ask."""

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The SMS providers. Raises ValueError."""
        return tuple(_provider(text) for text in self.sms_providers)

    @property
    def patience(self) -> Patience:
        return Patience(
            dt.timedelta(seconds=self.lookup_grace_seconds), dt.timedelta(seconds=self.receipt_wait_seconds)
        )

    @property
    def kept(self) -> dt.timedelta:
        return dt.timedelta(days=self.kept_days)

    @property
    def quiet(self) -> tuple[int, int]:
        """From and to, equal for never. Raises ValueError."""
        if self.quiet_hours == "off":
            return 0, 0
        begin, end = map(int, self.quiet_hours.split("-"))
        if not (0 <= begin <= 23 and 0 <= end <= 23):
            raise ValueError(self.quiet_hours)
        return begin, end

    def catalogue(self) -> Catalogue:
        """The templates. Raises BadTemplates."""
        try:
            data = json.loads(self.sms_templates.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadTemplates([f"cannot read {self.sms_templates}: {type(error).__name__}"]) from None
        return catalogue(data, self.sms_sign_name)

    def problems(self) -> list[str]:
        """Also refuses to start with templates that do not say what they must, or providers nobody knows."""
        found = super().problems() + self._provider_problems()
        try:
            texts = self.catalogue()
        except BadTemplates as error:
            found += [f"SMS_TEMPLATES: {problem}" for problem in error.problems]
        else:
            found += [f"SMS_TEMPLATES: {problem}" for problem in self._number_problems(texts)]
        for name in ("senders", "lookup_grace_seconds", "receipt_wait_seconds", "reminders_per_day"):
            if getattr(self, name) < 1:
                found.append(f"NOTIFY_{name.upper()} must be at least 1")
        if self.kept_days < LEAST_KEPT_DAYS:
            found.append(
                f"NOTIFY_KEPT_DAYS must be at least {LEAST_KEPT_DAYS}: who was told what is a log, too"
            )
        try:
            _ = self.quiet
        except ValueError:
            found.append("NOTIFY_QUIET_HOURS: expected two hours like 22-7, or off")
        return found

    def _provider_problems(self) -> list[str]:
        try:
            names = [provider.name for provider in self.providers]
        except ValueError:
            return ["SMS_PROVIDERS: expected name:weight or name:weight:rate, positive"]
        found = [
            f"SMS_PROVIDERS: {name} is none of {', '.join(_KNOWN)}" for name in names if name not in _KNOWN
        ]
        if not names or len(set(names)) < len(names):
            found.append("SMS_PROVIDERS: name each provider once")
        if gateway.NAME in names:
            try:
                gateway.shape(self.sms_gateway_shape)
            except gateway.BadShape as error:
                found.append(f"SMS_GATEWAY_SHAPE: {error}")
        return found

    def _number_problems(self, texts: Catalogue) -> list[str]:
        """The bureau's gateway takes whole texts; the clouds want the number they approved one under."""
        return [
            f"{kind}: {name} has no number for it"
            for name in (tencent.NAME, aliyun.NAME)
            for kind, template in texts.templates.items()
            if _names(name)(self.sms_providers) and name not in template.ids
        ]


def _provider(text: str) -> Provider:
    name, weight, *rate = text.split(":")
    provider = Provider(name, int(weight), float(rate[0]) if rate else _USUAL_RATE)
    if len(rate) > 1 or provider.weight < 1 or not provider.rate > 0:
        raise ValueError(text)
    return provider
