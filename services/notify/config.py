"""Settings of the notify service."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kit.config import ServiceConfig, outside, own, secret
from services.notify.templates import BadTemplates, Catalogue, catalogue

_TEMPLATES = Path(__file__).parent / "templates.json"


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """The SMS provider's account, the texts it approved, and how to send."""

    service: ClassVar[str] = "notify"

    tencent_sms_url: str = outside(default="https://sms.tencentcloudapi.com")
    tencent_sms_region: str = "ap-guangzhou"
    tencent_secret_id: str = secret()
    tencent_secret_key: str = secret()
    tencent_sms_app_id: str
    sms_sign_name: str = "广西税务"
    sms_templates: Path = _TEMPLATES

    senders: int = own(default=16)
    """Messages on their way to the provider at the same time, per process."""
    lookup_grace_seconds: int = own(default=120)
    """How long the provider may take to know a message it took."""

    @property
    def lookup_grace(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.lookup_grace_seconds)

    def catalogue(self) -> Catalogue:
        """The templates. Raises BadTemplates."""
        try:
            data = json.loads(self.sms_templates.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadTemplates([f"cannot read {self.sms_templates}: {type(error).__name__}"]) from None
        return catalogue(data, self.sms_sign_name)

    def problems(self) -> list[str]:
        """Also refuses to start with templates that do not say what they must."""
        found = super().problems()
        try:
            self.catalogue()
        except BadTemplates as error:
            found += [f"SMS_TEMPLATES: {problem}" for problem in error.problems]
        for name in ("senders", "lookup_grace_seconds"):
            if getattr(self, name) < 1:
                found.append(f"NOTIFY_{name.upper()} must be at least 1")
        return found
