"""Orders, quotes, settings and wire fields to try payment with."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

from contract import schema
from contract.insurance import Channel, InsuranceType, PayerKind, PaymentKind
from contract.payment import ItemWanted, OrderState, Payer, PlaceOrder
from contract.people import DocumentType, Person
from contract.quote import Quote, QuoteLine
from contract.refunds import Operator, RefundOrigin, RefundPart, RequestRefund
from kit.crypto import KeyRing
from sandbox.settings import DEMO_CREDENTIALS
from services.payment.config import Config
from services.payment.domain.orders import Item, Order
from services.payment.domain.refunds import Refund
from tests.factories.keys import KEYS, QUOTE_KEYS, STAFF_KEYS

NOW = dt.datetime(2026, 11, 23, 2, 5, tzinfo=dt.UTC)
"""10:05 in Guangxi."""

KEY = DEMO_CREDENTIALS["UNIONPAY_COMMUNICATION_KEYS"]
INSURED = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
PAYER = Payer("payer-1", "黄丽华", "13800138000")
OPERATOR = Operator("gx0007", "莫敏")
OTHER_PAYER = Payer("payer-2", "覃志强", "13900139000")


def settings(**changed: Any) -> Config:
    """Settings that speak to nobody until `unionpay_url` says so."""
    values = {
        "database_url": "", "http_address": "127.0.0.1:0", "amqp_uri": "memory://localhost",
        **{name.lower(): key for name, key in KEYS.items()}, "staff_keys": STAFF_KEYS, "quote_keys": QUOTE_KEYS,
        "unionpay_url": "http://127.0.0.1:9", "unionpay_app_id": DEMO_CREDENTIALS["UNIONPAY_APP_ID"],
        "unionpay_app_key": DEMO_CREDENTIALS["UNIONPAY_APP_KEY"], "unionpay_communication_keys": (KEY,),
        "unionpay_msg_src": DEMO_CREDENTIALS["UNIONPAY_MSG_SRC"],
        "unionpay_source_number": DEMO_CREDENTIALS["UNIONPAY_SOURCE_NUMBER"],
        "unionpay_mid": DEMO_CREDENTIALS["UNIONPAY_MID"], "unionpay_tid": DEMO_CREDENTIALS["UNIONPAY_TID"],
        "taxcore_records_url": "http://127.0.0.1:9/esb/records",
        "unionpay_notify_url": "http://127.0.0.1:9/notify/unionpay",
        "unionpay_return_url": "http://127.0.0.1:9/orders/",
    }  # fmt: skip
    return Config(**values | changed)


def a_quote(year: int = 2026, **changed: Any) -> Quote:
    """A resident's medical insurance of 2026, or another year, 400 yuan."""
    quote = Quote(
        quote_id="quote-1", insured=INSURED, registration_number="20124501030090000001",
        payer_kind=PayerKind.RESIDENT, insurance_type=InsuranceType.MEDICAL, agency_code="450103",
        agency_name="青秀区社会保险事业管理中心", person_number="4501030090000001", authority_code="14501030000",
        division_code="450103", product_code="102120001", kind=PaymentKind.NORMAL, lines=(a_line(year),),
        expires_at=NOW + dt.timedelta(minutes=15),
    )  # fmt: skip
    return replace(quote, **changed)


def a_line(year: int) -> QuoteLine:
    """One year of it."""
    return QuoteLine(year, "个人缴费标准", 40000)


def a_back_payment(**changed: Any) -> Quote:
    """A resident's pension of thirteen years, 200 yuan each."""
    lines = tuple(QuoteLine(year, "200元档", 20000) for year in range(2011, 2024))
    values: dict[str, Any] = {
        "quote_id": "quote-back", "insurance_type": InsuranceType.PENSION, "product_code": "102100100",
        "kind": PaymentKind.BACK, "lines": lines,
    }  # fmt: skip
    return a_quote(**values | changed)


def sealed(quote: Quote, keys: str = QUOTE_KEYS) -> str:
    """The quote as contribution hands it out."""
    return KeyRing.parse(keys).seal_text(json.dumps(schema.dump(quote), ensure_ascii=False), "quote")


def an_item(quote: Quote | None = None, **changed: Any) -> Item:
    """What an order keeps of that quote, or of another."""
    quote = quote or a_quote()
    item = Item(
        quote_id=quote.quote_id, insured=quote.insured, insured_phone="13700137000",
        registration_number=quote.registration_number, payer_kind=quote.payer_kind,
        insurance_type=quote.insurance_type, kind=quote.kind, agency_code=quote.agency_code,
        agency_name=quote.agency_name, person_number=quote.person_number, product_code=quote.product_code,
        lines=quote.lines,
    )  # fmt: skip
    return replace(item, **changed)


def an_order(*items: Item, **changed: Any) -> Order:
    """A placed order for that quote, or of other items."""
    items = items or (an_item(),)
    order = Order(
        order_id="order-1", mer_order_id="319420261123100500000123456", payer_id=PAYER.person_id,
        payer_name=PAYER.name, payer_phone=PAYER.phone, idempotency_key="key-1", body_hash="hash-1",
        items=items, amount=sum(item.amount for item in items), channel=Channel.WECHAT_ACCOUNT,
        state=OrderState.PLACED, created_at=NOW, expires_at=NOW + dt.timedelta(minutes=30),
        next_action_at=NOW + dt.timedelta(seconds=10), mid=DEMO_CREDENTIALS["UNIONPAY_MID"],
        tid=DEMO_CREDENTIALS["UNIONPAY_TID"], inst_mid=DEMO_CREDENTIALS["UNIONPAY_INST_MID"],
    )  # fmt: skip
    return replace(order, **changed)


def a_refund(**changed: Any) -> Refund:
    """A refund of that order, requested by staff."""
    refund = Refund(
        refund_id="refund-1", order_id="order-1", refund_order_id="319420261124100500000654321",
        transaction_id="transaction-1", amount=40000, reason="重复缴费", origin=RefundOrigin.STAFF,
        operator_id=OPERATOR.operator_id, operator_name=OPERATOR.name, idempotency_key="refund-key-1",
        body_hash="hash-1", created_at=NOW, next_action_at=NOW, lines=((0, 0),),
    )  # fmt: skip
    return replace(refund, **changed)


def asking_back(order: Order, *parts: RefundPart, key: str = "refund-key-1", **changed: Any) -> RequestRefund:
    """Staff's request to give an order, or parts of it, back."""
    return replace(RequestRefund(OPERATOR, order.order_id, "重复缴费", key, parts), **changed)


def part_of(item: Item, *years: int) -> RefundPart:
    """An item, or some years of it, as staff name it."""
    return RefundPart(item.person_number, item.insurance_type, years)


def wanting(quote: Quote, **changed: Any) -> ItemWanted:
    """One item of a request."""
    return ItemWanted(sealed(quote), **changed)


def asking(quote: Quote, payer: Payer = PAYER, key: str = "key-1", **changed: Any) -> PlaceOrder:
    """The request that turns a quote into an order."""
    channel = changed.pop("channel", Channel.WECHAT_ACCOUNT)
    return PlaceOrder(payer, (wanting(quote, **changed),), key, channel)


def asking_all(*quotes: Quote, payer: Payer = PAYER, key: str = "key-1") -> PlaceOrder:
    """The request that turns several quotes into one order."""
    return PlaceOrder(payer, tuple(map(wanting, quotes)), key)


def paid_fields(mer_order_id: str, amount: int = 40000, **changed: str) -> dict[str, str]:
    """UnionPay's fields of a paid order, unsigned, in fen."""
    return {
        "mid": DEMO_CREDENTIALS["UNIONPAY_MID"], "tid": DEMO_CREDENTIALS["UNIONPAY_TID"],
        "instMid": "YUEDANDEFAULT", "merOrderId": mer_order_id, "totalAmount": str(amount),
        "status": "TRADE_SUCCESS", "targetOrderId": "4200000000202611231006000001",
        "payTime": "2026-11-23 10:06:00", "signType": "SHA256",
    } | changed  # fmt: skip
