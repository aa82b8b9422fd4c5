"""UnionPay's open platform, official-account payment (protocols.md §1).

An answer's errCode SUCCESS says that the call was accepted; only `status` says what became of the order.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests

from contract.insurance import PaymentKind, years_text
from contract.money import yuan_text
from kit.clock import CHINA, Clock, china
from kit.open_platform import OpenPlatformKey
from services.payment.adapters.base import ForgedNotify
from services.payment.config import Config
from services.payment.domain import Order, Report, Trigger

_log = logging.getLogger(__name__)

_TRIGGERS = {
    "NEW_ORDER": Trigger.AWAITED,
    "WAIT_BUYER_PAY": Trigger.AWAITED,
    "TRADE_SUCCESS": Trigger.SUCCEEDED,
    "TRADE_CLOSED": Trigger.SHUT,
    "UNKNOWN": Trigger.UNANSWERED,
}
# closeReason is not in the published text [A]: without it, or with another value, the cause stays open.
_CLOSE_REASONS = {
    "expired": "expired",
    "buyer": "closed_by_buyer",
    "declined": "declined",
}


class OpenPlatform:
    """Speaks to the open platform, or to the sandbox: the wire is the same."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock: Clock = config.clock
        self._key = OpenPlatformKey(config.unionpay_app_id, config.unionpay_app_key)
        self._url = config.unionpay_url.rstrip("/") + "/v1/netpay"
        self._http = requests.Session()

    def payment_page(self, order: Order) -> str:
        """See UnionPay."""
        now = self._clock.now()
        content = json.dumps(
            self._merchant(now) | {
                "merOrderId": order.mer_order_id,
                "totalAmount": order.amount,
                "orderDesc": _description(order),
                "attachedData": _insured_lines(order),
                "expireTime": _wire_time(order.expires_at),
                "notifyUrl": self._config.unionpay_notify_url,
                "returnUrl": self._config.unionpay_return_url + order.order_id,
                "signType": "SHA256",
            },
            ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip
        return f"{self._url}/webpay/pay?{urlencode(self._key.form_parameters(content, now))}"

    def query(self, order: Order) -> Report | None:
        """See UnionPay."""
        return self._about(order, "query")

    def close(self, order: Order) -> Report | None:
        """See UnionPay. A refused close says what the order is instead: paid, or closed already."""
        return self._about(order, "close")

    def read_notify(self, fields: dict[str, str]) -> str:
        """See UnionPay. Any of the communication keys may have signed: they are rotated with an overlap."""
        sign, algorithm = fields.get("sign", ""), fields.get("signType", "MD5").lower()
        if algorithm not in ("md5", "sha256"):
            raise ForgedNotify()
        for key in self._config.unionpay_communication_keys:
            expected = communication_signature(fields, key, algorithm)
            if hmac.compare_digest(expected.encode(), sign.lower().encode()):
                return fields.get("merOrderId", "")
        raise ForgedNotify()

    def report_of(self, fields: Mapping[str, Any], order: Order) -> Report:
        """See UnionPay."""
        source = "notify" if "sign" in fields else "query"
        trigger = _TRIGGERS.get(str(fields.get("status")), Trigger.UNANSWERED)
        if trigger is not Trigger.SUCCEEDED:
            return Report(
                trigger, source, failure_code=_CLOSE_REASONS.get(str(fields.get("closeReason")), "closed")
            )
        transaction_id = str(fields.get("targetOrderId") or "")
        try:
            amount = int(fields["totalAmount"])
            paid_at = dt.datetime.strptime(fields["payTime"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        except (KeyError, ValueError, TypeError):
            return Report(Trigger.UNANSWERED, source)
        if not transaction_id:
            return Report(Trigger.UNANSWERED, source)  # a second payment could not be told from the first
        ours = (fields.get("mid"), fields.get("tid"), fields.get("merOrderId"), amount) == (
            self._config.unionpay_mid, self._config.unionpay_tid, order.mer_order_id, order.amount,
        )  # fmt: skip
        if not ours:
            return Report(Trigger.MISPAID, source, transaction_id, paid_at, amount, failure_code="mispaid")
        return Report(trigger, source, transaction_id, paid_at, amount)

    def _about(self, order: Order, call: str) -> Report | None:
        now = self._clock.now()
        body = json.dumps(self._merchant(now) | {"merOrderId": order.mer_order_id}).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._key.authorization(body, now)}
        try:
            timeout = (2, self._config.unionpay_timeout)
            answer = self._http.post(
                f"{self._url}/{call}", data=body, headers=headers, timeout=timeout
            ).json()
        except (requests.RequestException, ValueError) as error:
            _log.warning("UnionPay gave no answer", extra={"call": call, "error": type(error).__name__})
            return Report(Trigger.UNANSWERED, call)
        code = answer.get("errCode") if isinstance(answer, dict) else None
        if code == "NO_ORDER":
            return None
        if code not in ("SUCCESS", "OPERATION_NOT_ALLOWED"):
            _log.error("UnionPay refused", extra={"call": call, "code": code})
            return Report(Trigger.UNANSWERED, call)
        return self.report_of(answer, order)

    def _merchant(self, now: dt.datetime) -> dict[str, Any]:
        config = self._config
        return {
            "mid": config.unionpay_mid, "tid": config.unionpay_tid, "instMid": config.unionpay_inst_mid,
            "requestTimestamp": _wire_time(now),
        }  # fmt: skip


def communication_signature(fields: Mapping[str, str], key: str, algorithm: str) -> str:
    """What the communication key signs with md5 or sha256, in lower-case hex: the fields by name, raw, and the key
    with no separator; only `sign` itself is left out."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign")
    return hashlib.new(algorithm, (text + key).encode()).hexdigest()


def _wire_time(moment: dt.datetime) -> str:
    return china(moment).strftime("%Y-%m-%d %H:%M:%S")


def _description(order: Order) -> str:
    """What the payer's bill says: 255 bytes at most, and nobody's name."""
    if len(order.items) > 1:
        return f"社会保险费，共{len(order.items)}项"
    (item,) = order.items
    back = item.kind.label if item.kind is PaymentKind.BACK else ""
    return f"{back}{years_text(item.years)}年度{item.payer_kind.label}{item.insurance_type.label}费"


def _insured_lines(order: Order) -> str:
    """What the tax side posts once the order is paid: djxh, rybm, xzlx, jfnd and je of every line; the wrapped
    subsystem reads it from attachedData [A]. It travels in the address of UnionPay's page, so it is short."""
    lines = [
        # A 征收品目 begins with its 征收项目.
        f"{item.registration_number} {item.person_number} {item.product_code[:5]} {line.year} {yuan_text(line.amount)}"
        for item in order.items
        for line in item.lines
    ]
    return json.dumps({"lines": lines}, separators=(",", ":"))
