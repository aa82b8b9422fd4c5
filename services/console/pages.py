"""Renders pages: the Jinja environment and what every page gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError
from contract.insurance import years_text
from contract.money import percent_text, yuan_text
from contract.staff import Role
from kit.assets import Assets
from kit.clock import china_text, date_text
from services.console.domain.menu import may, menu_of
from services.console.domain.sessions import Session

ASSETS = Assets(Path(__file__).parent / "static")

NOTICES = {
    "loggedout": "您已安全退出工作台。",
    "expired": "登录已失效或长时间没有操作，请重新登录。",
    "password": "新密码已经生效，其他设备上的登录已经退出。",
    "submitted": "已提交，等另一位经办审核。现在还没有生效。",
    "approved": "已审核通过，从现在起按新标准核对缴费。",
    "rejected": "已驳回，没有改动任何标准。",
    "run": "已发起对账，稍后刷新查看结果。",
    "assigned": "已分派。",
    "resolved": "已处理，处理结果见下方经过。",
    "closed": "已关闭。",
    "refund": "退费已登记，系统会向银联提交。",
    "retried": "已重新提交，系统会先向银联核对再退费。",
    "replayed": "已重新处理，系统会在几秒内再试一次。",
    "discarded": "已丢弃，不会再处理。丢弃人和原因已经记录。",
    "resent": "已重新排队发送。",
    "voided": "证明已作废。",
    "reissued": "已作废原证明并重新开具，下面是新证明。",
    "authorised": "已授权，经办人登录后在“缴费证明”里可以看到“学校缴费证明”。",
    "ended": "授权已终止。",
    "released": "已解除锁定。",
    "disabled": "账号已停用，登录已全部退出。",
    "enabled": "账号已恢复。",
    "moved": "岗位已变更，该账号需要重新登录。",
}
"""Sentences a redirect may bring along by their key, so that no text of others gets onto our pages."""


class Pages:
    """The templates of the console."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters |= {
            "yuan": _amount, "percent": percent_text, "moment": china_text, "day": date_text, "years": years_text,
            "meaning": lambda code: ContractError.of(code, "", {}).message,
        }  # fmt: skip
        self._environment.globals |= {"asset": ASSETS.url, "roles": Role}

    def render(
        self, template: str, request: Request, session: Session | None, status: int = 200, **context: Any
    ) -> Response:
        """A page. `problem` in the context is what went wrong with what was just sent."""
        role = session.account.role if session else None
        shared: dict[str, Any] = {
            "session": session, "path": request.path, "problem": None, "levels": {}, "sent": request.form,
            "notice": NOTICES.get(request.args.get("notice", "")),
            "menu": menu_of(role) if role else (), "may": lambda method: may(role, method),
        }  # fmt: skip
        html = self._environment.get_template(template).render(shared | context)
        return Response(html, status=status, content_type="text/html; charset=utf-8")


def _amount(fen: int | None) -> str:
    """Yuan with thousands apart; a dash where there is nothing."""
    if fen is None:
        return "—"
    whole, part = yuan_text(fen).split(".")
    return f"{int(whole):,}.{part}"
