"""Every SMS provider's adapter against the sandbox, through one suite (protocols.md §6)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.settings import DEMO_CREDENTIALS
from services.notify import templates
from services.notify.adapters import gateway, wire
from services.notify.adapters.aliyun import Account as AliyunAccount
from services.notify.adapters.aliyun import AliyunSms
from services.notify.adapters.base import Ambiguous, SmsProvider
from services.notify.adapters.tencent import Account as TencentAccount
from services.notify.adapters.tencent import TencentSms
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Remedy, Sms
from services.notify.templates import Catalogue, Kind
from tests.contract.adapters.sandbox_process import RunningSandbox

FILE = Path(templates.__file__).with_name("templates.json")
PARTIES = {"tencent": "sms", "aliyun": "aliyun", "gateway": "smsgateway"}


def catalogue(sign_name: str = "广西税务") -> Catalogue:
    return templates.catalogue(json.loads(FILE.read_text(encoding="utf-8")), sign_name)


def adapter(name: str, url: str, texts: Catalogue) -> SmsProvider:
    known = DEMO_CREDENTIALS
    if name == "tencent":
        account = TencentAccount(
            url,
            known["TENCENT_SECRET_ID"],
            known["TENCENT_SECRET_KEY"],
            known["TENCENT_SMS_APP_ID"],
            "ap-guangzhou",
        )
        return TencentSms(account, texts)
    if name == "aliyun":
        key_id, secret = known["ALIYUN_ACCESS_KEY_ID"], known["ALIYUN_ACCESS_KEY_SECRET"]
        return AliyunSms(AliyunAccount(f"{url}/aliyun/", key_id, secret, "cn-hangzhou"), texts)
    own = gateway.Account(f"{url}/gateway", known["SMS_GATEWAY_USER"], known["SMS_GATEWAY_KEY"])
    return gateway.GatewaySms(own, gateway.shape(gateway.SHAPE), texts)


@pytest.fixture(params=sorted(PARTIES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sms(name: str, sandbox: RunningSandbox) -> Iterator[SmsProvider]:
    sandbox.api("POST", "/reset")
    made = adapter(name, sandbox.url, catalogue())
    yield made
    made.close()


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def code(message_id: str = "m-1", phone: str = "13800138000") -> Sms:
    return Sms(message_id, Kind.LOGIN_CODE, phone, {"code": "042042", "minutes": "5"})


def test_a_message_arrives_in_its_words_and_is_found_by_its_id(
    sms: SmsProvider, sandbox: RunningSandbox
) -> None:
    began = now()
    accepted = sms.send(code(), began)
    assert isinstance(accepted, Accepted)
    (arrived,) = sandbox.api("GET", "/sms")["messages"]
    assert arrived["text"].startswith("【广西税务】您的验证码是042042，5分钟内有效。")
    assert arrived["serial_no"] == accepted.serial
    assert sms.find("m-1", "13800138000", began, now()) == Found(accepted.serial, delivered=True)
    assert sms.find("m-2", "13800138000", began, now()) == NotFound()


def test_what_did_not_arrive_is_found_with_the_reason(sms: SmsProvider, sandbox: RunningSandbox) -> None:
    sandbox.api("PUT", "/settings", {"receipts": {"fail_rate": 1.0}})
    accepted = sms.send(code(), now())
    assert isinstance(accepted, Accepted)
    assert sms.find("m-1", "13800138000", now(), now()) == Found(accepted.serial, "UNDELIV")


def test_what_is_on_its_way_is_found_without_a_fate(sms: SmsProvider, sandbox: RunningSandbox) -> None:
    sandbox.api("PUT", "/settings", {"receipts": {"delay_seconds": [60, 60]}})
    accepted = sms.send(code(), now())
    assert isinstance(accepted, Accepted)
    assert sms.find("m-1", "13800138000", now(), now()) == Found(accepted.serial)


def test_no_phone_is_given_up(sms: SmsProvider) -> None:
    refused = sms.send(code(phone="10000000000"), now())
    assert isinstance(refused, Rejected)
    assert refused.remedy is Remedy.GIVE_UP


def test_a_signature_nobody_approved_is_another_providers_chance(
    name: str, sms: SmsProvider, sandbox: RunningSandbox
) -> None:
    other = adapter(name, sandbox.url, catalogue("别人"))
    refused = other.send(code(), now())
    other.close()
    assert isinstance(refused, Rejected)
    # The bureau's gateway sees a text without its signature, which no other provider would send either.
    assert refused.remedy is (Remedy.GIVE_UP if name == "gateway" else Remedy.SWITCH)


@pytest.mark.parametrize("fault", ["error_rate", "timeout_rate", "accept_then_timeout_rate"])
def test_no_answer_is_a_doubt_a_look_up_clears(
    name: str, sms: SmsProvider, sandbox: RunningSandbox, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TIMEOUT", (1.0, 0.3))
    sandbox.api("PUT", "/settings", {PARTIES[name]: {fault: 1.0, "timeout_seconds": 1.0}})
    began = now()
    with pytest.raises(Ambiguous):
        sms.send(code(), began)
    with pytest.raises(Ambiguous):
        sms.find("m-1", "13800138000", began, now())
    monkeypatch.undo()
    sandbox.api("PUT", "/settings", {PARTIES[name]: {fault: 0.0}})
    found = sms.find("m-1", "13800138000", began, now())
    assert isinstance(found, Found) is (fault == "accept_then_timeout_rate")


def test_a_provider_that_is_away_took_nothing(name: str) -> None:
    away = adapter(name, "http://127.0.0.1:9", catalogue())
    refused = away.send(code(), now())
    assert refused == Rejected("ConnectionError", Remedy.SWITCH)
    with pytest.raises(Ambiguous):
        away.find("m-1", "13800138000", now(), now())
    away.close()
