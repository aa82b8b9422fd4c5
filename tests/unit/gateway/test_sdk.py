"""Pages signed for WeChat's JS-SDK: one ticket for all, and a page without its camera while there is none."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from contract.errors import NotFound
from kit.clock import SetClock
from services.gateway.browser import Browser
from services.gateway.domain.sdk import PageSignature, in_wechat
from services.gateway.domain.sessions import Session
from services.gateway.pages import Pages
from services.gateway.usecases.sdk import sign_page
from tests.fakes.gateway_storage import FakeTransactions
from tests.fakes.gateway_wechat import FakeOfficialAccount, FakeTickets
from tests.unit.gateway.conftest import NOW, PAYER
from tests.unit.gateway.test_browser import settings

URL = "https://sb.example/cards/login"


class Desk:
    """Signs pages as the routes do."""

    def __init__(self, clock: SetClock) -> None:
        self.clock, self.wechat, self.tickets = clock, FakeOfficialAccount(), FakeTickets()

    def sign(self) -> str | None:
        signed = sign_page(URL, self.wechat, self.tickets, FakeTransactions(), self.clock)
        return signed and signed.signature


@pytest.fixture
def desk(clock: SetClock) -> Desk:
    return Desk(clock)


def test_one_ticket_signs_all_pages_until_just_before_it_ends(desk: Desk) -> None:
    assert [desk.sign(), desk.sign()] == [f"ticket-1 for {URL}"] * 2
    desk.clock.advance(hours=1, minutes=56)
    assert [desk.sign(), desk.sign()] == [f"ticket-2 for {URL}"] * 2
    assert desk.wechat.fetched == 2


def test_while_wechat_is_away_the_old_ticket_serves_to_its_end_and_few_ask(desk: Desk) -> None:
    desk.sign()
    desk.wechat.down = True
    desk.clock.advance(hours=1, minutes=56)
    assert [desk.sign(), desk.sign()] == [f"ticket-1 for {URL}"] * 2
    desk.clock.advance(minutes=4)
    assert [desk.sign(), desk.sign()] == [None, None]
    assert desk.wechat.fetched == 3, "once a minute, whoever comes"
    desk.wechat.down = False
    desk.clock.advance(minutes=1)
    assert desk.sign() == f"ticket-4 for {URL}"


def _page(template: str, signed: PageSignature | None, **context: Any) -> str:
    request = Request(EnvironBuilder(path="/account/export").get_environ())
    session = Session(b"", "openid", "csrf", NOW, NOW, payer=PAYER)
    shown = Pages(settings()).render(template, request, session, sdk=signed, error=NotFound(), **context)
    return shown.get_data(as_text=True)


def test_only_a_signed_page_asks_wechat_for_the_script() -> None:
    signed = PageSignature("wx1", 1414587457, "nonce-1", "0f9d")
    page = _page("export.html", signed)
    assert 'src="https://res.wx.qq.com/open/js/jweixin-1.6.0.js" defer' in page
    assert (
        'data-app-id="wx1" data-timestamp="1414587457" data-nonce-str="nonce-1" data-signature="0f9d"' in page
    )
    assert "res.wx.qq.com" not in _page("export.html", None)


def test_only_its_answer_allows_the_script_and_nothing_inline() -> None:
    browser = Browser(settings())
    allowed = browser.protect(browser.allow_sdk(Response())).headers["Content-Security-Policy"]
    assert "script-src 'self' https://res.wx.qq.com/open/js/jweixin-1.6.0.js;" in allowed
    assert "unsafe" not in allowed
    assert "res.wx.qq.com" not in browser.protect(Response()).headers["Content-Security-Policy"]


def test_personal_pages_hide_wechats_menu_but_for_those_that_say_how_to_use_it() -> None:
    assert '<body data-menu="kept">' in _page("export.html", None)
    assert '<body data-menu="hidden">' in _page(
        "problem.html", None, heading="没有找到", money="", way_on=None
    )


def test_wechats_browser_is_known_by_its_name() -> None:
    assert in_wechat("Mozilla/5.0 (Linux; Android 13) MicroMessenger/8.0.49 NetType/WIFI")
    assert not in_wechat("Mozilla/5.0 (Linux; Android 13) Chrome/116.0.0.0 Mobile Safari/537.36")
