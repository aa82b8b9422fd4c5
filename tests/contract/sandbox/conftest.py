"""A sandbox in the test's own process, and callers who sign as the real adapters must."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox import tencent
from sandbox.app import create_app
from sandbox.clock import SHANGHAI
from sandbox.settings import Settings
from sandbox.signatures import open_body_signature
from sandbox.world import EXTENSION, World

TEMPLATES = {
    "version": 1,
    "templates": [
        {
            "id": "1001",
            "name": "login_code",
            "text": "验证码{1}，{2}分钟内有效。",
            "params": ["code", "minutes"],
        },
        {"id": "1009", "name": "plain", "text": "系统维护中。", "params": []},
    ],
}


class Caller:
    """Calls the sandbox with the credentials of ``settings``."""

    def __init__(self, client: FlaskClient, settings: Settings) -> None:
        self.client, self.settings = client, settings

    def signed_post(
        self, path: str, body: dict[str, Any], party: str, key: str | None = None
    ) -> TestResponse:
        """POST with OPEN-BODY-SIG; ``party`` is UNIONPAY or TAXBANK."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        app_id, key = self.settings[f"{party}_APP_ID"], key or self.settings[f"{party}_APP_KEY"]
        timestamp, nonce = f"{datetime.now(SHANGHAI):%Y%m%d%H%M%S}", secrets.token_hex(16)
        signature = open_body_signature(key, app_id, timestamp, nonce, raw)
        given = {"AppId": app_id, "Timestamp": timestamp, "Nonce": nonce, "Signature": signature}
        header = "OPEN-BODY-SIG " + ", ".join(f'{name}="{value}"' for name, value in given.items())
        return self.client.post(
            path,
            data=raw,
            headers={"Authorization": header, "Content-Type": "application/json; charset=utf-8"},
        )

    def taxbank(self, name: str, **body: str) -> TestResponse:
        return self.signed_post(f"/taxbank/v1/{name}", body, "TAXBANK")

    def order_fields(self, **changed: Any) -> dict[str, Any]:
        number = f"{self.settings['UNIONPAY_SOURCE_NUMBER']}{datetime.now(SHANGHAI):%Y%m%d%H%M%S}"
        return {
            "requestTimestamp": f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "merOrderId": number + secrets.token_hex(4),
            "mid": self.settings["UNIONPAY_MID"],
            "tid": self.settings["UNIONPAY_TID"],
            "instMid": "YUEDANDEFAULT",
            "totalAmount": 40000,
            "orderDesc": "城乡居民基本医疗保险",
            "notifyUrl": "http://127.0.0.1:9/notify/unionpay",
            "returnUrl": "http://127.0.0.1:9/result/1",
            "signType": "SHA256",
        } | changed

    def open_cashier(self, fields: dict[str, Any], key: str | None = None) -> TestResponse:
        """GET webpay/pay with OPEN-FORM-PARAM."""
        content = json.dumps(fields, ensure_ascii=False)
        app_id, key = self.settings["UNIONPAY_APP_ID"], key or self.settings["UNIONPAY_APP_KEY"]
        timestamp, nonce = f"{datetime.now(SHANGHAI):%Y%m%d%H%M%S}", secrets.token_hex(16)
        query = urlencode({
            "authorization": "OPEN-FORM-PARAM", "appId": app_id, "timestamp": timestamp, "nonce": nonce,
            "content": content,
            "signature": open_body_signature(key, app_id, timestamp, nonce, content.encode()),
        })  # fmt: skip
        return self.client.get(f"/v1/netpay/webpay/pay?{query}")

    def unionpay(self, name: str, mer_order_id: str, **more: Any) -> TestResponse:
        """POST query, close, refund or refund-query about one order."""
        fields = self.order_fields(merOrderId=mer_order_id)
        kept = {name: fields[name] for name in ("requestTimestamp", "merOrderId", "mid", "tid", "instMid")}
        return self.signed_post(f"/v1/netpay/{name}", kept | more, "UNIONPAY")

    def placed(self, **changed: Any) -> str:
        """The merOrderId of an order whose cashier page was reached."""
        fields = self.order_fields(**changed)
        assert self.open_cashier(fields).status_code == 302
        return str(fields["merOrderId"])

    def act(self, mer_order_id: str, action: str) -> dict[str, Any]:
        answer = self.client.post(f"/sandbox/api/orders/{mer_order_id}/{action}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def tencent(
        self, action: str, body: dict[str, Any], key: str | None = None, age: int = 0
    ) -> dict[str, Any]:
        """Tencent Cloud API 3.0 call; the ``Response`` object."""
        raw, timestamp = json.dumps(body).encode(), str(int(time.time()) - age)
        date = time.strftime("%Y-%m-%d", time.gmtime(int(timestamp)))
        headers = {"content-type": "application/json; charset=utf-8", "host": "localhost"}
        key = key or self.settings["TENCENT_SECRET_KEY"]
        signature = tencent.signature(key, date, timestamp, "content-type;host", headers, raw)
        authorization = (
            f"TC3-HMAC-SHA256 Credential={self.settings['TENCENT_SECRET_ID']}/{date}/sms/tc3_request, "
            f"SignedHeaders=content-type;host, Signature={signature}"
        )
        answer = self.client.post("/", data=raw, headers=headers | {
            "Authorization": authorization, "X-TC-Action": action, "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": timestamp,
        })  # fmt: skip
        assert answer.json is not None
        return dict(answer.json["Response"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    templates = tmp_path / "templates.json"
    templates.write_text(json.dumps(TEMPLATES, ensure_ascii=False))
    return Settings(database=str(tmp_path / "sandbox.sqlite3"), residents=200, sms_templates=templates)


@pytest.fixture
def caller(settings: Settings) -> Iterator[Caller]:
    app = create_app(settings)
    with app.test_client() as client:
        yield Caller(client, settings)
    world(client).store.close()


@pytest.fixture
def client(caller: Caller) -> FlaskClient:
    return caller.client


def world(client: FlaskClient) -> World:
    found: World = client.application.extensions[EXTENSION]
    return found
