"""Order fields as they arrive, checked as UnionPay checks them, and the answers it gives about an order."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.clock import moment, read_wire_time, wire_time
from sandbox.settings import Settings
from sandbox.unionpay import ledger
from sandbox.unionpay.ledger import Order, Refused

DEFAULT_LIFE_SECONDS = 30 * 60
INST_MIDS = ("YUEDANDEFAULT", "H5DEFAULT", "MINIDEFAULT", "QRPAYDEFAULT")
_ORDER_NUMBER = re.compile(r"[0-9A-Za-z]{7,27}")


def json_object(raw: bytes) -> dict[str, Any]:
    """The object in a JSON body; raises ``Refused``."""
    try:
        content = json.loads(raw)
    except ValueError:
        raise Refused("BAD_REQUEST", "报文不是 JSON") from None
    if not isinstance(content, dict):
        raise Refused("BAD_REQUEST", "报文不是 JSON 对象")
    return content


def read_order(content: Mapping[str, Any], settings: Settings, channel: str, now: float) -> Order:
    """A new order from the fields of a placing call; raises ``Refused``."""
    check_merchant(content, settings)
    number = order_number(content, "merOrderId", settings)
    description = str(content.get("orderDesc", ""))
    if len(description.encode()) > 255:
        raise Refused("BAD_REQUEST", "orderDesc 超过 255 字节")
    _time(content, "requestTimestamp", required=True)
    sign_type = str(content.get("signType") or "MD5")
    if sign_type not in ("MD5", "SHA256"):
        raise Refused("BAD_REQUEST", "signType 只能是 MD5 或 SHA256")
    return Order(
        mer_order_id=number,
        token=secrets.token_urlsafe(18),
        channel=channel,
        mid=str(content["mid"]),
        tid=str(content["tid"]),
        inst_mid=str(content["instMid"]),
        amount=fen_amount(content, "totalAmount"),
        order_desc=description,
        notify_url=_url(content, "notifyUrl"),
        return_url=_url(content, "returnUrl"),
        sign_type=sign_type,
        src_reserve=str(content.get("srcReserve") or ""),
        attached_data=str(content.get("attachedData") or ""),
        status=ledger.NEW,
        created_at=now,
        expires_at=_time(content, "expireTime") or now + DEFAULT_LIFE_SECONDS,
        seq_id=f"{moment(now):%m%d%H%M%S}{secrets.randbelow(10**5):05d}N",
    )


def check_merchant(content: Mapping[str, Any], settings: Settings) -> None:
    if (content.get("mid"), content.get("tid")) not in settings.all_merchants:
        raise Refused("NO_MERCHANT", "找不到指定的商户或终端")
    if content.get("instMid") not in INST_MIDS:
        raise Refused("BAD_REQUEST", "instMid 不正确")


def order_number(content: Mapping[str, Any], name: str, settings: Settings) -> str:
    number = content.get(name)
    if not isinstance(number, str) or not _ORDER_NUMBER.fullmatch(number):
        raise Refused("BAD_REQUEST", f"{name} 应为 7 到 27 位字母或数字")
    if not number.startswith(settings["UNIONPAY_SOURCE_NUMBER"]):
        raise Refused("BAD_REQUEST", f"{name} 不是以来源编号开头")
    return number


def fen_amount(content: Mapping[str, Any], name: str) -> int:
    text = str(content.get(name, ""))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 100_000_000_00:
        raise Refused("BAD_REQUEST", f"{name} 应为大于 0 的整数（分）")
    return int(text)


def _time(content: Mapping[str, Any], name: str, *, required: bool = False) -> float | None:
    if not content.get(name) and not required:
        return None
    try:
        return read_wire_time(str(content.get(name, "")))
    except ValueError:
        raise Refused("BAD_REQUEST", f"{name} 应为 yyyy-MM-dd HH:mm:ss") from None


def _url(content: Mapping[str, Any], name: str) -> str:
    url = str(content.get(name) or "")
    if url and not url.startswith(("http://", "https://")):
        raise Refused("BAD_REQUEST", f"{name} 不是网址")
    return url


def answer(
    now: float, order: Order | None = None, code: str = "SUCCESS", message: str = ""
) -> dict[str, Any]:
    """UnionPay's JSON: errCode says whether the call was accepted, status what the order is."""
    fields: dict[str, Any] = {
        "errCode": code,
        "errMsg": message or ("查询成功" if code == "SUCCESS" else code),
        "responseTimestamp": wire_time(now),
        "connectSys": "OPENCHANNEL",
    }
    if order is not None:
        fields |= _order_fields(order)
    return fields


def _order_fields(order: Order) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "mid": order.mid,
        "tid": order.tid,
        "instMid": order.inst_mid,
        "merOrderId": order.mer_order_id,
        "totalAmount": order.amount,
        "status": order.status,
        "seqId": order.seq_id,
        "targetSys": "WXPay",
        "createTime": wire_time(order.created_at),
        "srcReserve": order.src_reserve,
        "attachedData": order.attached_data,
        "orderDesc": order.order_desc,
    }
    if order.paid_at is not None:
        fields |= {
            "payTime": wire_time(order.paid_at),
            "settleDate": f"{moment(order.paid_at):%Y-%m-%d}",
            "targetOrderId": order.target_order_id,
            "buyerId": order.buyer_id,
            "buyerPayAmount": order.amount,
            "invoiceAmount": order.amount,
            "receiptAmount": order.amount,
            "refundAmount": order.refunded,
        }
    if order.close_reason:
        fields["closeReason"] = order.close_reason
    return fields
