"""Tencent Cloud SMS as its documentation describes it (protocols section 6), and the inbox."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.settings import Settings
from tests.contract.sandbox.caller import Caller

PHONE = "13800138000"


def message(**changed: Any) -> dict[str, Any]:
    return {
        "PhoneNumberSet": [f"+86{PHONE}"],
        "SmsSdkAppId": "1400006666",
        "TemplateId": "1001",
        "SignName": "广西税务",
        "TemplateParamSet": ["123456", "5"],
        "SessionContext": "attempt-1",
    } | changed


def inbox(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    return list((client.get("/sandbox/api/sms", query_string=query).json or {})["messages"])


def test_a_message_is_rendered_and_lands_in_the_inbox(caller: Caller, client: FlaskClient) -> None:
    (status,) = caller.tencent("SendSms", message())["SendStatusSet"]
    assert (status["Code"], status["Fee"], status["PhoneNumber"]) == ("Ok", 1, f"+86{PHONE}")
    assert status["SessionContext"] == "attempt-1"
    (got,) = inbox(client, phone=PHONE)
    assert got["text"] == "【广西税务】验证码123456，5分钟内有效。"
    assert got["serial_no"] == status["SerialNo"]
    assert got["text"] in client.get(f"/sms?phone={PHONE}").text


def test_several_numbers_get_one_status_each(caller: Caller, client: FlaskClient) -> None:
    phones = ["+8613800138001", "13800138002", "12345"]
    statuses = caller.tencent("SendSms", message(PhoneNumberSet=phones))["SendStatusSet"]
    assert [s["Code"] for s in statuses] == ["Ok", "Ok", "InvalidParameterValue.IncorrectPhoneNumber"]
    assert len(inbox(client)) == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"TemplateId": "9999"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": ["1"]}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        ({"TemplateParamSet": []}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        ({"SignName": "别人"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
    ],
)
def test_a_refused_message_is_told_per_number(
    caller: Caller, client: FlaskClient, changed: dict[str, Any], code: str
) -> None:
    (status,) = caller.tencent("SendSms", message(**changed))["SendStatusSet"]
    assert (status["Code"], status["SerialNo"], status["Fee"]) == (code, "", 0)
    assert inbox(client) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"SmsSdkAppId": "1"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"PhoneNumberSet": []}, "LimitExceeded.PhoneNumberCountLimit"),
        ({"PhoneNumberSet": "13800138000"}, "InvalidParameter"),
        ({"TemplateParamSet": [5]}, "InvalidParameter"),
        ({"SessionContext": "x" * 512}, "InvalidParameterValue.SessionContextLength"),
    ],
)
def test_a_bad_call_is_an_error(caller: Caller, changed: dict[str, Any], code: str) -> None:
    assert caller.tencent("SendSms", message(**changed))["Error"]["Code"] == code


def test_signatures_are_checked(caller: Caller) -> None:
    answer = caller.tencent("SendSms", message(), key="wrong")
    assert answer["Error"]["Code"] == "AuthFailure.SignatureFailure"
    answer = caller.tencent("SendSms", message(), age=301)
    assert answer["Error"]["Code"] == "AuthFailure.SignatureExpire"


def test_an_unknown_action_is_refused(caller: Caller) -> None:
    assert caller.tencent("SendFax", message())["Error"]["Code"] == "InvalidAction"


def test_an_unsigned_call_is_refused(client: FlaskClient) -> None:
    headers = {"X-TC-Action": "SendSms", "X-TC-Version": "2021-01-11"}
    answer = client.post("/", json=message(), headers=headers).json
    assert (answer or {})["Response"]["Error"]["Code"] == "AuthFailure.InvalidAuthorization"


def pull(caller: Caller, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    body = {
        "SmsSdkAppId": "1400006666",
        "PhoneNumber": f"+86{PHONE}",
        "BeginTime": now - 60,
        "EndTime": now + 60,
        "Offset": 0,
        "Limit": 10,
    }
    return caller.tencent("PullSmsSendStatusByPhoneNumber", body | changed)


def test_after_an_ambiguous_timeout_the_provider_knows(caller: Caller, client: FlaskClient) -> None:
    client.put(
        "/sandbox/api/settings", json={"sms": {"accept_then_timeout_rate": 1.0, "timeout_seconds": 0.01}}
    )
    assert caller.tencent_call("SendSms", message(SessionContext="lost")).status_code == 504
    client.put("/sandbox/api/settings", json={"sms": {"accept_then_timeout_rate": 0.0}})
    (status,) = pull(caller)["PullSmsSendStatusSet"]
    assert (status["SessionContext"], status["ReportStatus"]) == ("lost", "SUCCESS")
    assert status["SubscriberNumber"] == PHONE


def test_a_timeout_that_did_nothing_is_not_found(caller: Caller, client: FlaskClient) -> None:
    client.put("/sandbox/api/settings", json={"sms": {"timeout_rate": 1.0, "timeout_seconds": 0.01}})
    assert caller.tencent_call("SendSms", message()).status_code == 504
    client.put("/sandbox/api/settings", json={"sms": {"timeout_rate": 0.0}})
    assert pull(caller)["PullSmsSendStatusSet"] == []


def test_pull_checks_its_arguments(caller: Caller) -> None:
    wrong = "InvalidParameterValue.IncorrectPhoneNumber"
    assert pull(caller, PhoneNumber="1")["Error"]["Code"] == wrong
    assert pull(caller, BeginTime="today")["Error"]["Code"] == "InvalidParameter"


def test_the_inbox_api_narrows_by_time_and_id(caller: Caller, client: FlaskClient) -> None:
    caller.tencent("SendSms", message())
    (first,) = inbox(client)
    caller.tencent("SendSms", message())
    assert len(inbox(client)) == 2
    assert [m["id"] for m in inbox(client, after=first["id"])] == [first["id"] + 1]
    assert inbox(client, since=time.time() + 60) == []
    assert inbox(client, phone="13900000000") == []


def test_templates_are_read_again_when_the_file_changes(caller: Caller, settings: Settings) -> None:
    new = {"templates": [{"id": "2001", "text": "{1}您好"}]}
    time.sleep(0.01)
    settings.sms_templates.write_text(json.dumps(new, ensure_ascii=False))
    (status,) = caller.tencent("SendSms", message(TemplateId="2001", TemplateParamSet=["韦"]))[
        "SendStatusSet"
    ]
    assert status["Code"] == "Ok"


def test_no_template_file_approves_nothing(caller: Caller, settings: Settings) -> None:
    settings.sms_templates.unlink()
    (status,) = caller.tencent("SendSms", message())["SendStatusSet"]
    assert status["Code"] == "FailedOperation.TemplateIncorrectOrUnapproved"
