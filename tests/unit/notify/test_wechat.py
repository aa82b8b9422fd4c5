"""WeChat's subscribe message: what its answers mean, and one token for all."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from kit.config import read
from services.notify.adapters.base import Ambiguous
from services.notify.adapters.wechat import Account, WechatMessages
from services.notify.adapters.wire import NotSent
from services.notify.config import Config
from services.notify.domain.messages import Found, Rejected, Remedy, Sms
from services.notify.templates import Kind
from services.notify.wording import success_variables
from tests.fakes.notify_events import succeeded
from tests.unit.notify.test_wording import ENVIRONMENT

NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
SMS = Sms("m-1", Kind.PAYMENT_SUCCEEDED, "13800138000", success_variables(succeeded()), "openid-1")


class Tokens:
    """The one token, and who may fetch the next."""

    def __init__(self) -> None:
        self.token: tuple[str, dt.datetime] | None = None
        self.free = True

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    read = transaction

    def find_token(self, tx: Any, appid: str) -> tuple[str, dt.datetime] | None:
        return self.token

    def may_fetch_token(self, tx: Any, appid: str, now: dt.datetime, seconds: int) -> bool:
        return self.free

    def keep_token(self, tx: Any, appid: str, token: str, expires_at: dt.datetime) -> None:
        self.token = token, expires_at

    def spoil_token(self, tx: Any, appid: str, token: str, now: dt.datetime) -> None:
        self.token = None


class Answers:
    """What WeChat says, and what it was asked."""

    def __init__(self) -> None:
        self.says: Any = {"errcode": 0, "errmsg": "ok", "msgid": 7}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def ask(self, method: str, url: str, **request: Any) -> Any:
        self.asked.append((url.rpartition("/")[2], request))
        if url.endswith("/token"):
            return {"access_token": f"token-{len(self.asked)}", "expires_in": 7200}
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def close(self) -> None:
        """Holds nothing open."""

    @property
    def fetched(self) -> int:
        return sum(what == "token" for what, _ in self.asked)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def wechat(tokens: Tokens, answers: Answers) -> WechatMessages:
    account = Account("http://wechat", "wx1", "secret", "https://tax/account/reminders")
    adapter = WechatMessages(account, read(Config, ENVIRONMENT).catalogue(), tokens, tokens)
    adapter._wire = answers  # type: ignore[assignment]
    return adapter


def test_what_wechat_took_has_arrived(wechat: WechatMessages, answers: Answers) -> None:
    assert wechat.send(SMS, NOW) == Found("7", delivered=True)
    body = answers.asked[-1][1]["json"]
    assert (body["touser"], body["template_id"]) == ("openid-1", "demo-payment-succeeded")
    assert body["data"]["thing1"] == {"value": "医疗保险"}
    assert all(len(one["value"]) <= 20 for name, one in body["data"].items() if name.startswith("thing"))


@pytest.mark.parametrize(("code", "unwished"), [(43101, True), (40003, True), (45009, False), (-1, False)])
def test_a_refusal_leads_to_the_sms(
    wechat: WechatMessages, answers: Answers, code: int, unwished: bool
) -> None:
    answers.says = {"errcode": code, "errmsg": "no"}
    assert wechat.send(SMS, NOW) == Rejected(f"errcode {code}", Remedy.SWITCH, unwished)


@pytest.mark.parametrize("says", [Ambiguous("ReadTimeout"), {}, {"errcode": "x"}, []])
def test_no_answer_is_a_doubt_that_nobody_clears_up(
    wechat: WechatMessages, answers: Answers, says: Any
) -> None:
    answers.says = says
    with pytest.raises(Ambiguous):
        wechat.send(SMS, NOW)
    with pytest.raises(Ambiguous):
        wechat.find("m-1", "13800138000", NOW, NOW)


def test_what_never_reached_wechat_leads_to_the_sms(wechat: WechatMessages, answers: Answers) -> None:
    answers.says = NotSent("ConnectTimeout")
    assert wechat.send(SMS, NOW) == Rejected("ConnectTimeout", Remedy.SWITCH)


def test_one_token_serves_until_shortly_before_its_end(wechat: WechatMessages, answers: Answers) -> None:
    for minutes in (0, 60, 114):
        wechat.send(SMS, NOW + dt.timedelta(minutes=minutes))
    assert answers.fetched == 1
    wechat.send(SMS, NOW + dt.timedelta(minutes=116))
    assert answers.fetched == 2


def test_while_another_replica_fetches_the_old_token_serves(
    wechat: WechatMessages, answers: Answers, tokens: Tokens
) -> None:
    tokens.free, tokens.token = False, ("old", NOW + dt.timedelta(minutes=1))
    assert isinstance(wechat.send(SMS, NOW), Found)
    tokens.token = ("old", NOW)
    assert wechat.send(SMS, NOW) == Rejected("no access token", Remedy.SWITCH)
    assert answers.fetched == 0


def test_a_token_wechat_does_not_know_is_not_used_again(
    wechat: WechatMessages, answers: Answers, tokens: Tokens
) -> None:
    wechat.send(SMS, NOW)
    answers.says = {"errcode": 40001}
    assert isinstance(wechat.send(SMS, NOW), Rejected)
    assert tokens.token is None


def test_who_is_told_is_not_printed() -> None:
    assert "openid-1" not in repr(SMS)
