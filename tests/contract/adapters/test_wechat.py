"""Our adapter of the official account against the sandbox, and against nonsense."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from sandbox.settings import DEMO_CREDENTIALS
from services.gateway.adapters.wechat import Wechat
from services.gateway.errors import WechatUnavailable
from tests.contract.adapters.sandbox_process import RunningSandbox, answering
from tests.unit.gateway.test_browser import settings


def adapter(url: str, secret: str = DEMO_CREDENTIALS["WECHAT_SECRET"]) -> Wechat:
    account = {"wechat_appid": DEMO_CREDENTIALS["WECHAT_APPID"], "wechat_secret": secret}
    return Wechat(settings(wechat_api_url=url, **account))


@pytest.fixture
def wechat(sandbox: RunningSandbox) -> Iterator[Wechat]:
    wechat = adapter(sandbox.url)
    yield wechat
    wechat._http.close()


def test_the_published_example_is_signed_as_published() -> None:
    """protocols.md §5."""
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    for shown in ("http://mp.weixin.qq.com?params=value", "http://mp.weixin.qq.com?params=value#top"):
        signed = adapter("http://unused").sign_page(shown, ticket, "Wm3WZYTPz0wzccnW", 1414587457)
        assert signed.signature == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_a_ticket_is_fetched_with_the_token_that_ends_no_other(wechat: Wechat) -> None:
    ticket, life = wechat.fetch_ticket()
    assert len(ticket) > 40
    assert life == dt.timedelta(seconds=7200)


def test_a_wrong_secret_is_unavailable_and_nothing_is_told_of_it(
    sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    wechat = adapter(sandbox.url, secret="0123wrong")
    with pytest.raises(WechatUnavailable):
        wechat.fetch_ticket()
    wechat._http.close()
    assert "0123wrong" not in caplog.text


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"access_token": 1}', '{"ticket": "t", "expires_in": "x"}']
)
def test_nonsense_is_unavailable(body: str) -> None:
    with answering(body) as url:
        wechat = adapter(url)
        with pytest.raises(WechatUnavailable):
            wechat.fetch_ticket()
        wechat._http.close()
