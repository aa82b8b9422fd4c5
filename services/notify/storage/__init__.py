"""The only code that queries the notify database."""

from __future__ import annotations

from services.notify.storage.attempts import AttemptRows
from services.notify.storage.codes import CodeRows
from services.notify.storage.messages import MessageRows
from services.notify.storage.providers import ProviderRows
from services.notify.storage.views import ViewRows
from services.notify.storage.wechat import WechatRows

__all__ = ["NotifyStorage"]


class NotifyStorage(MessageRows, CodeRows, AttemptRows, ProviderRows, WechatRows, ViewRows):
    """Reminders, codes and what became of them; every method works inside the caller's transaction."""
