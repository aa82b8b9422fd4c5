"""What an operator reads of why a reminder has not arrived."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from services.console.domain.deliveries import PROVIDERS, why
from services.notify.adapters import aliyun, gateway, tencent, wechat
from tests.architecture.sources import files, tree

_NAMES = {"Rejected", "Unclear", "Ambiguous", "NotSent", "_give_up", "_await_receipt", "_ask_again", "Step"}
_CODES = re.compile(r"^\w+(\.\w+)+$|^[A-Z]+(_[A-Z]+)+$|^[A-Z]\w+$")


def _said() -> Iterator[str]:
    """Every reason notify writes itself, and every code by which its adapters decide."""
    for path in files("services/notify"):
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) in _NAMES
            ):
                yield from (
                    one.value for given in (*node.args, *(k.value for k in node.keywords)) for one in ast.walk(given)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value.strip()
                )  # fmt: skip
    for module in (aliyun, tencent):
        for codes in (module._GIVE_UP, module._RETRY, module._HOPELESS):
            yield from filter(_CODES.match, codes)
    yield from (f"errcode {code}" for code in wechat._UNWISHED)


@pytest.mark.parametrize("reason", sorted(set(_said())))
def test_everything_notify_says_itself_has_words(reason: str) -> None:
    assert re.search("[\u4e00-\u9fff]", why(reason))
    assert not why(reason).startswith("服务商的答复："), "nobody has thought of words for it"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("MOBILE_OFF", "手机关机或者不在服务区（代码 MOBILE_OFF）"),
        ("isv.BUSINESS_LIMIT_CONTROL", "这个手机号收得太多，服务商限制发送（代码 isv.BUSINESS_LIMIT_CONTROL）"),
        ("Throttling.User", "发送太快，稍后再发（代码 Throttling.User）"),
        ("fate unknown: HTTP 503", "是否送达不明：服务商没有答复（HTTP 503）"),
        ("ReadTimeout", "服务商没有答复（ReadTimeout）"),
        ("空号", "空号"),
        ("MK:0042", "服务商的答复：MK:0042"),
    ],
)  # fmt: skip
def test_codes_are_told_in_words_and_kept_for_whoever_asks_the_provider(reason: str, told: str) -> None:
    assert why(reason) == told


def test_every_provider_has_a_name() -> None:
    assert {tencent.NAME, aliyun.NAME, gateway.NAME, wechat.NAME} == set(PROVIDERS)
