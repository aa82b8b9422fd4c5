"""WeChat official account: web authorisation and the two cached tickets (protocols section 5)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.world import the_world, upstream

blueprint = Blueprint("wechat", __name__)

CODE_LIFE_SECONDS = 300
TOKEN_LIFE_SECONDS = 7200
NEXT_USER = "wechat_user"
"""Cookie that says, once, whose phone this browser is: set by the links of the tour."""

SNAPSHOT_OPENID = "oSnapshotVisitor000000000000"
USERS = {
    "oSandboxWeiXiulan00000000001": "韦秀兰的手机",
    "oSandboxHuangLihua0000000002": "黄丽华的手机",
    "oSandboxQinZhiqiang000000003": "覃志强的手机",
    "oSandboxChenGuodong000000004": "陈国栋的手机",
    "oRealname-id_ends_in_x": "唐小凤的手机（已在移动办税实名）",
    SNAPSHOT_OPENID: "快照页访客（虚拟账号）",
}


@blueprint.get("/connect/oauth2/authorize")
@upstream("wechat", "authorize")
def authorize() -> ResponseReturnValue:
    """Ask the developer who he is, unless ``as=<openid>``, a link of the tour or the setting wechat_auto says so."""
    world, wanted = the_world(), request.args
    target = urlsplit(wanted.get("redirect_uri", ""))
    if wanted.get("appid") != world.settings["WECHAT_APPID"]:
        return render_template("refused.html", code="40013", message="公众号 appid 不正确"), 400
    if target.scheme not in ("http", "https") or not target.netloc or wanted.get("response_type") != "code":
        return render_template(
            "refused.html", code="10003", message="redirect_uri 或 response_type 参数错误"
        ), 400
    if wanted.get("scope") not in ("snsapi_base", "snsapi_userinfo"):
        return render_template("refused.html", code="10005", message="scope 参数错误或没有权限"), 400
    openid = wanted.get("as") or request.cookies.get(NEXT_USER) or world.faults.effective()["wechat_auto"]
    if not openid:
        kept = [(name, value) for name, value in wanted.items() if name != "as"]
        return render_template("authorize.html", users=USERS, kept=kept)
    code = _new_code(openid, wanted["scope"])
    query = [
        *parse_qsl(target.query, keep_blank_values=True),
        ("code", code),
        ("state", wanted.get("state", "")),
    ]
    answer = redirect(urlunsplit(target._replace(query=urlencode(query))), 302)
    answer.delete_cookie(NEXT_USER)
    return answer


def _new_code(openid: str, scope: str) -> str:
    world, code = the_world(), secrets.token_hex(16)
    now = world.clock.now()
    with world.store.transaction() as connection:
        connection.execute("DELETE FROM oauth_codes WHERE expires_at < ?", (now - 86_400,))
        connection.execute(
            "INSERT INTO oauth_codes VALUES (?, ?, ?, ?, NULL)",
            (code, openid, scope, now + CODE_LIFE_SECONDS),
        )
    return code


def _error(code: int, message: str) -> dict[str, Any]:
    """WeChat answers HTTP 200 with an errcode."""
    return {"errcode": code, "errmsg": f"{message}, rid: {secrets.token_hex(8)}"}


def _application_error(asked: Mapping[str, Any]) -> dict[str, Any] | None:
    settings = the_world().settings
    if asked.get("appid") != settings["WECHAT_APPID"]:
        return _error(40013, "invalid appid")
    if asked.get("secret") != settings["WECHAT_SECRET"]:
        return _error(40125, "invalid appsecret")
    return None


@blueprint.get("/sns/oauth2/access_token")
@upstream("wechat", "access_token")
def access_token() -> ResponseReturnValue:
    """Trade a code for an openid. A code works once, for five minutes."""
    wrong = _application_error(request.args)
    if wrong:
        return wrong
    if request.args.get("grant_type") != "authorization_code":
        return _error(40002, "invalid grant_type")
    world, code = the_world(), request.args.get("code", "")
    now = world.clock.now()
    with world.store.transaction() as connection:
        row = connection.execute("SELECT * FROM oauth_codes WHERE code = ?", (code,)).fetchone()
        fresh = row is not None and row["used_at"] is None and row["expires_at"] > now
        if fresh:
            connection.execute("UPDATE oauth_codes SET used_at = ? WHERE code = ?", (now, code))
    if row is None:
        return _error(40029, "invalid code")
    if not fresh:
        return _error(40163, "code been used") if row["used_at"] else _error(42003, "code expired")
    answer: dict[str, Any] = {
        "access_token": secrets.token_urlsafe(48),
        "expires_in": TOKEN_LIFE_SECONDS,
        "refresh_token": secrets.token_urlsafe(48),
        "openid": row["openid"],
        "scope": row["scope"],
    }
    return answer | ({"is_snapshotuser": 1} if row["openid"] == SNAPSHOT_OPENID else {})


@blueprint.get("/cgi-bin/token")
@upstream("wechat", "token")
def token() -> ResponseReturnValue:
    """The account's own access_token. It names its moment of death, so no store is needed to check it."""
    return _token(request.args)


@blueprint.post("/cgi-bin/stable_token")
@upstream("wechat", "stable_token")
def stable_token() -> ResponseReturnValue:
    """The one that does not end others; asked for in a body of JSON."""
    return _token(request.get_json(force=True, silent=True) or {})


def _token(asked: Mapping[str, Any]) -> ResponseReturnValue:
    wrong = _application_error(asked)
    if wrong:
        return wrong
    dies_at = int(the_world().clock.now()) + TOKEN_LIFE_SECONDS
    return {"access_token": f"{dies_at}_{secrets.token_urlsafe(48)}", "expires_in": TOKEN_LIFE_SECONDS}


@blueprint.get("/cgi-bin/ticket/getticket")
@upstream("wechat", "getticket")
def ticket() -> ResponseReturnValue:
    """The jsapi_ticket for JS-SDK signatures."""
    wrong = _token_error()
    if wrong:
        return wrong
    return {
        "errcode": 0,
        "errmsg": "ok",
        "ticket": secrets.token_urlsafe(64),
        "expires_in": TOKEN_LIFE_SECONDS,
    }


def _token_error() -> dict[str, Any] | None:
    dies_at = request.args.get("access_token", "").partition("_")[0]
    if not dies_at.isdigit():
        return _error(40001, "invalid credential, access_token is invalid")
    if int(dies_at) < the_world().clock.now():
        return _error(42001, "access_token expired")
    return None


@blueprint.post("/cgi-bin/message/subscribe/bizsend")
@upstream("wechat", "bizsend")
def bizsend() -> ResponseReturnValue:
    """A subscribe message; the setting ``wechat_refuses`` names who does not take any (``*``: nobody does)."""
    wrong = _token_error()
    if wrong:
        return wrong
    world, body = the_world(), request.get_json(force=True, silent=True) or {}
    openid, data = str(body.get("touser") or ""), body.get("data")
    if not openid:
        return _error(40003, "invalid openid")
    if not body.get("template_id"):
        return _error(40037, "invalid template_id")
    if not isinstance(data, dict) or not all(
        isinstance(one, dict) and one.get("value") for one in data.values()
    ):
        return _error(47003, "argument invalid! data is not what the template wants")
    if any(name.startswith("thing") and len(one["value"]) > 20 for name, one in data.items()):
        return _error(47003, "argument invalid! thing.value is too long")
    if world.faults.effective()["wechat_refuses"] in ("*", openid):
        return _error(43101, "user refuse to accept the msg")
    with world.store.transaction() as connection:
        connection.execute(
            "INSERT INTO wechat_messages (openid, template_id, body, sent_at) VALUES (?, ?, ?, ?)",
            (openid, body["template_id"], json.dumps(data, ensure_ascii=False), world.clock.now()),
        )
    return {"errcode": 0, "errmsg": "ok", "msgid": secrets.randbelow(10**15)}


@blueprint.get("/sandbox/api/wechat-messages")
def wechat_messages() -> ResponseReturnValue:
    """Newest first; ``openid`` narrows them."""
    openid = request.args.get("openid", "")
    rows = the_world().store.all(
        "SELECT * FROM wechat_messages WHERE ? IN ('', openid) ORDER BY id DESC LIMIT 1000", (openid,)
    )
    return {"messages": [dict(row) | {"body": json.loads(row["body"])} for row in rows]}
