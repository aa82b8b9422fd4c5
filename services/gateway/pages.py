"""Renders pages: the Jinja environment and what every page gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from werkzeug.wrappers import Request, Response

from contract.insurance import years_text
from contract.money import percent_text, yuan_text
from kit.clock import china_text
from kit.masking import mask_name, mask_number, mask_phone
from services.gateway.assets import asset_url, compressed
from services.gateway.browser import LARGE_TEXT, masked
from services.gateway.domain.sessions import PRIVACY_VERSION, Session
from services.gateway.errors import LineBlocked, SessionNeeded, StalePage

NOTICES = {
    "expired": f"{SessionNeeded.text}登录后会回到刚才的页面。",
    "login": "请先登录。登录后会回到您要的页面。",
    "stale": StalePage.text,
    "unanswered": "刚才的查询没有完成，没有扣款，填写的内容都在。请再点一次“下一步”。",
    "loggedout": "您已安全退出。",
    "ended": "这台设备已经退出登录。",
    "others": "其他设备都已经退出登录。",
    "kept": "注销申请已撤销，您的信息照常保留。",
    "memberkept": "家庭成员已保存。",
    "memberremoved": "家庭成员已删除，关于他（她）的授权同时撤回。",
    "relationremoved": "已经移除。",
    "voidunsure": "刚才的作废没有得到答复。下面是申报现在的状态，请看清后再决定。",
    "lineremoved": "已从这次的名单移除。",
    "lineblocked": LineBlocked.text,
    "closed": "这笔缴费已放弃，没有扣款。",
    "inwechat": "以后在微信里提醒您。微信发不出去的，仍然发短信。",
    "bysms": "以后用短信提醒您。",
}
"""Sentences a redirect may bring along by their key, so that no text of others gets onto our pages."""


class Pages:
    """The templates of this service."""

    def __init__(self, settings: Any = None) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters |= {
            "yuan": yuan_text, "percent": percent_text, "moment": china_text, "years": years_text,
            "once": masked, "masked_name": mask_name, "masked_number": mask_number, "masked_phone": mask_phone,
        }  # fmt: skip
        self._environment.globals |= {
            "asset": asset_url, "consent_version": PRIVACY_VERSION,
            "refund_arrival": settings.refund_arrival if settings else "",
            "sdk_url": settings.wechat_sdk_url if settings else "",
        }  # fmt: skip

    def render(
        self, template: str, request: Request, session: Session | None, status: int = 200, **context: Any
    ) -> Response:
        """A page. `errors` in the context maps fields to what is wrong with them."""
        shared: dict[str, Any] = {
            "session": session,
            "page": template.removesuffix(".html"),
            "path": request.path,
            "large_text": request.cookies.get(LARGE_TEXT) == "1",
            "notice": NOTICES.get(request.args.get("notice", "")),
            "errors": {},
            "sdk": None,
        }
        html = self.text(template, **(shared | context))
        return compressed(request, Response(html, status=status, content_type="text/html; charset=utf-8"))

    def text(self, template: str, **context: Any) -> str:
        """What a template says that needs nothing of a request."""
        return self._environment.get_template(template).render(context)

    def paragraphs(self, template: str, version: str) -> tuple[str, ...]:
        """A text of templates/consents/, for clients that are no browsers."""
        html = self.text(template, version=version)
        return tuple(_plain(part) for part in re.findall(r"<p>(.*?)</p>", html, re.DOTALL))


def _plain(html: str) -> str:
    """The text of a piece of our own template."""
    return Markup(html).striptags()  # noqa: S704 - nobody else's words are in it
