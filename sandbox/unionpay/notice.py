"""The notify of a paid order: its fields, its signature, its forgeries and what becomes of it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.clock import moment, wire_time
from sandbox.fees import yuan
from sandbox.signatures import communication_key_sign
from sandbox.unionpay.ledger import Order

GENUINE, DUPLICATE, FORGED_SIGNATURE, FORGED_AMOUNT = (
    "genuine",
    "duplicate",
    "forged_signature",
    "forged_amount",
)
PENDING, DELIVERED, GIVEN_UP, LOST = "pending", "delivered", "given_up", "lost"
FORGER_KEY = "a key that UnionPay never gave to anybody"


def notify_fields(order: Order, sign_type: str) -> dict[str, str]:
    """The unsigned fields, as in the published example; all values are text, amounts in fen."""
    assert order.paid_at is not None
    amount = str(order.amount)
    fields = {
        "payTime": wire_time(order.paid_at),
        "createTime": wire_time(order.created_at),
        "settleDate": f"{moment(order.paid_at):%Y-%m-%d}",
        "connectSys": "OPENCHANNEL",
        "merName": "广西社会保险费（演示）",
        "mid": order.mid,
        "tid": order.tid,
        "instMid": order.inst_mid,
        "subInst": "000100",
        "merOrderId": order.mer_order_id,
        "targetOrderId": order.target_order_id or "",
        "targetSys": "WXPay",
        "seqId": order.seq_id,
        "buyerId": order.buyer_id or "",
        "mchntUuid": hashlib.md5(order.mid.encode(), usedforsecurity=False).hexdigest(),
        "status": "TRADE_SUCCESS",
        "totalAmount": amount,
        "invoiceAmount": amount,
        "receiptAmount": amount,
        "buyerPayAmount": amount,
        "billFunds": f"现金支付{yuan(order.amount)}元。",
        "orderDesc": order.order_desc,
        "srcReserve": order.src_reserve,
        "attachedData": order.attached_data,
        "notifyId": f"{hashlib.sha256(order.mer_order_id.encode()).hexdigest()[:32]}",
        "signType": sign_type,
    }
    return {name: value for name, value in fields.items() if value}


def signed(fields: Mapping[str, str], key: str) -> str:
    """The fields and their ``sign``, form-encoded."""
    sign = communication_key_sign(fields, key, fields.get("signType", "MD5"))
    return urlencode({**fields, "sign": sign})


def body(order: Order, kind: str, sign_type: str, key: str) -> str:
    """The notify of that kind, ready to send.

    A forged signature is right in every field but ``sign``; a forged amount asks for one fen and is
    well signed, with a key that is not UnionPay's.
    """
    fields = notify_fields(order, sign_type)
    if kind == FORGED_SIGNATURE:
        return urlencode({**fields, "sign": communication_key_sign(fields, FORGER_KEY, sign_type)[::-1]})
    if kind == FORGED_AMOUNT:
        tampered = {
            **fields,
            "totalAmount": "1",
            "invoiceAmount": "1",
            "receiptAmount": "1",
            "buyerPayAmount": "1",
        }
        return signed(tampered, FORGER_KEY)
    return signed(fields, key)


def schedule(
    connection: sqlite3.Connection,
    order: Order,
    plan: Mapping[str, Any],
    key: str,
    due_at: float,
    kind: str = GENUINE,
    state: str = PENDING,
) -> None:
    """Write one notify to be sent at ``due_at``, inside the caller's transaction."""
    text = body(order, kind, plan["sign_type"] or order.sign_type, key)
    connection.execute(
        "INSERT INTO notifies (mer_order_id, kind, method, url, body, state, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (order.mer_order_id, kind, plan["method"], order.notify_url, text, state, due_at),
    )
