"""短信提醒: what a payer reads of their reminders, and the wish to be told in WeChat."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract import notify
from contract.notify import Reminder, Reminders, ReminderState, WechatWished, WishWechat
from services.gateway.domain.sessions import Session
from services.gateway.pages import Pages
from services.gateway.usecases.ports import Ports
from services.gateway.usecases.reminders import wish_wechat
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import NOW, PAYER

SESSION = Session(b"hash", "openid-1", "csrf", NOW, NOW, PAYER)
SENT = Reminder(
    "缴费成功提醒", "【广西税务】您好，社会保险费缴费成功。", "138****8000", False, ReminderState.DELIVERED,
    dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC),
)  # fmt: skip


def page(found: Reminders) -> str:
    request = Request(EnvironBuilder(path="/account/reminders").get_environ())
    return Pages().render("reminders.html", request, SESSION, found=found).get_data(as_text=True)


def test_a_reminder_is_shown_with_where_it_went_and_what_became_of_it() -> None:
    html = page(Reminders((SENT, replace(SENT, in_wechat=True, state=ReminderState.SENT)), False, False))
    for words in (
        "缴费成功提醒",
        "138****8000",
        "2026年11月23日 08时05分",
        "已送达",
        "已发送，等待送达",
        SENT.text,
    ):
        assert words in html
    assert "改用微信提醒" not in html
    assert "不影响缴费" not in html


def test_what_did_not_arrive_says_that_the_payment_is_another_matter() -> None:
    html = page(Reminders((replace(SENT, state=ReminderState.UNDELIVERED),), False, False))
    assert "没有送达" in html
    assert "不影响缴费" in html


@pytest.mark.parametrize(
    ("wished", "button", "value"), [(False, "改用微信提醒", 1), (True, "改用短信提醒", 0)]
)
def test_the_button_says_what_it_changes_to(wished: bool, button: str, value: int) -> None:
    html = page(Reminders((), wished, True))
    assert button in html
    assert f'name="wechat" value="{value}"' in html
    assert "还没有提醒" in html


@pytest.mark.parametrize(("wished", "openid"), [(True, "openid-1"), (False, None)])
def test_notify_hears_the_openid_with_the_wish_only(
    ports: Ports, peers: FakePeers, wished: bool, openid: str | None
) -> None:
    peers.answer(notify.wish_wechat, WechatWished(wished))
    assert wish_wechat(SESSION, wished, ports).wechat is wished
    assert peers.asked["wish_wechat"] == [WishWechat("person-1", openid)]
