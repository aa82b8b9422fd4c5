"""Calls the sandbox and signs as the real adapters must."""

from __future__ import annotations

import json
import secrets
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox import tencent
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

    def open_body_headers(self, raw: bytes, party: str, key: str | None = None) -> dict[str, str]:
        """OPEN-BODY-SIG for that body; ``party`` is UNIONPAY, TAXBANK or REALNAME."""
        app_id, key = self.settings[f"{party}_APP_ID"], key or self.settings[f"{party}_APP_KEY"]
        timestamp, nonce = f"{datetime.now(SHANGHAI):%Y%m%d%H%M%S}", secrets.token_hex(16)
        signature = open_body_signature(key, app_id, timestamp, nonce, raw)
        given = {"AppId": app_id, "Timestamp": timestamp, "Nonce": nonce, "Signature": signature}
        header = "OPEN-BODY-SIG " + ", ".join(f'{name}="{value}"' for name, value in given.items())
        return {"Authorization": header, "Content-Type": "application/json; charset=utf-8"}

    def signed_post(self, path: str, body: Any, party: str, key: str | None = None) -> TestResponse:
        raw = json.dumps(body, ensure_ascii=False).encode()
        return self.client.post(path, data=raw, headers=self.open_body_headers(raw, party, key))

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

    def webpay_path(self, fields: dict[str, Any], key: str | None = None) -> str:
        """The address to which the phone is sent, signed with OPEN-FORM-PARAM."""
        content = json.dumps(fields, ensure_ascii=False)
        app_id, key = self.settings["UNIONPAY_APP_ID"], key or self.settings["UNIONPAY_APP_KEY"]
        timestamp, nonce = f"{datetime.now(SHANGHAI):%Y%m%d%H%M%S}", secrets.token_hex(16)
        query = {
            "authorization": "OPEN-FORM-PARAM",
            "appId": app_id,
            "timestamp": timestamp,
            "nonce": nonce,
            "content": content,
            "signature": open_body_signature(key, app_id, timestamp, nonce, content.encode()),
        }
        return f"/v1/netpay/webpay/pay?{urlencode(query)}"

    def open_cashier(self, fields: dict[str, Any], key: str | None = None) -> TestResponse:
        return self.client.get(self.webpay_path(fields, key))

    def signed_call(self, name: str, mer_order_id: str, **more: Any) -> tuple[str, dict[str, str], bytes]:
        """Path, headers and body of query, close, refund or refund-query about one order."""
        fields = self.order_fields(merOrderId=mer_order_id)
        kept = {name: fields[name] for name in ("requestTimestamp", "merOrderId", "mid", "tid", "instMid")}
        raw = json.dumps(kept | more, ensure_ascii=False).encode()
        return f"/v1/netpay/{name}", self.open_body_headers(raw, "UNIONPAY"), raw

    def unionpay(self, name: str, mer_order_id: str, **more: Any) -> TestResponse:
        path, headers, raw = self.signed_call(name, mer_order_id, **more)
        return self.client.post(path, data=raw, headers=headers)

    def placed(self, **changed: Any) -> str:
        """The merOrderId of an order whose cashier page was reached."""
        fields = self.order_fields(**changed)
        assert self.open_cashier(fields).status_code == 302
        return str(fields["merOrderId"])

    def act(self, mer_order_id: str, action: str) -> dict[str, Any]:
        answer = self.client.post(f"/sandbox/api/orders/{mer_order_id}/{action}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def tencent_call(
        self, action: str, body: dict[str, Any], key: str | None = None, age: int = 0
    ) -> TestResponse:
        """Tencent Cloud API 3.0 call, signed ``age`` seconds ago."""
        raw, timestamp = json.dumps(body).encode(), str(int(time.time()) - age)
        date = time.strftime("%Y-%m-%d", time.gmtime(int(timestamp)))
        headers = {"content-type": "application/json; charset=utf-8", "host": "localhost"}
        key = key or self.settings["TENCENT_SECRET_KEY"]
        signature = tencent.signature(key, date, timestamp, "content-type;host", headers, raw)
        headers["authorization"] = (
            f"TC3-HMAC-SHA256 Credential={self.settings['TENCENT_SECRET_ID']}/{date}/sms/tc3_request, "
            f"SignedHeaders=content-type;host, Signature={signature}"
        )
        headers |= {"x-tc-action": action, "x-tc-version": "2021-01-11", "x-tc-timestamp": timestamp}
        return self.client.post("/", data=raw, headers=headers)

    def tencent(
        self, action: str, body: dict[str, Any], key: str | None = None, age: int = 0
    ) -> dict[str, Any]:
        """The ``Response`` object of such a call."""
        return dict((self.tencent_call(action, body, key, age).json or {})["Response"])


def world(client: FlaskClient) -> World:
    found: World = client.application.extensions[EXTENSION]
    return found
