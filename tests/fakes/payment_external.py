"""What other tax systems tell: their events, and the storage of them as a dictionary."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.events import Envelope
from contract.external import ExternalContribution, key_text
from contract.insurance import Channel, InsuranceType, PaymentKind
from contract.paid import PaidContribution
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.people import DocumentType, Person
from contract.places import Division, Place
from contract.refunds import PaymentRefunded
from kit.crypto import hmac_sm3
from services.payment.domain.external import ExternalEvent, ExternalLine, ExternalState
from tests.fakes.payment_orders import INSURED, NOW

SOURCE = "/wechat-city"
PUBLISHER_KEY = "c1" * 32
PUBLISHER_KEYS = (f"{SOURCE}={PUBLISHER_KEY}", "/alipay-city=" + "a2" * 32)
OPERATOR = Person(DocumentType.RESIDENT_ID, "450103198001010018", "黄丽华")
PLACE = Place(
    Division("4501", "南宁市"), Division("450103", "青秀区"), Division("450103001", "新竹街道"),
    Division("", "七星屯"),
)  # fmt: skip


def key_of(person: Person, key: str = PUBLISHER_KEY) -> str:
    """What a publisher calls a person."""
    return hmac_sm3(bytes.fromhex(key), key_text(person)).hex()


def a_contribution(**changed: Any) -> Contribution:
    """The medical insurance of 2026, paid at 微信城市服务 by 黄丽华 for 韦秀兰."""
    external = ExternalContribution(key_of(INSURED), key_of(OPERATOR), place=PLACE)
    known = Contribution(
        insured_name="韦**", insured_number="4501**********2040", social_number="4501030090000001",
        agency_code="450103", agency_name="青秀区社会保险事业管理中心", insurance_type=InsuranceType.MEDICAL,
        kind=PaymentKind.NORMAL, years=(2026,), tier_label="个人缴费标准", amount=40000, channel=Channel.WECHAT_CITY,
        operator_name="黄**", external=external,
    )  # fmt: skip
    return replace(known, **changed)


def succeeded(order_id: str = "city-1", at: dt.datetime = NOW, **changed: Any) -> PaymentSucceeded:
    return PaymentSucceeded(order_id, a_contribution(**changed), at, at + dt.timedelta(days=1))


def failed(order_id: str = "city-1", at: dt.datetime = NOW, **changed: Any) -> PaymentFailed:
    return PaymentFailed(order_id, a_contribution(**changed), at, "declined", "余额不足", "请更换支付方式")


def refunded(order_id: str = "city-1", at: dt.datetime = NOW, **changed: Any) -> PaymentRefunded:
    back = at + dt.timedelta(days=2)
    return PaymentRefunded(order_id, "refund-1", a_contribution(**changed), at, back, back)


def said(event: ExternalEvent, event_id: str = "1", time: dt.datetime = NOW, **changed: Any) -> Envelope:
    """The envelope it comes in."""
    values = {"source": SOURCE, "subject": event.order_id, **changed}
    return Envelope("1.0", event_id, type=event.type, time=time, data={}, **values)


@dataclass
class FakeExternalStorage:
    """The lines by their key."""

    lines: dict[str, ExternalLine] = field(default_factory=dict)

    def keep(self, tx: Any, line: ExternalLine, now: dt.datetime) -> bool:
        known = self.lines.get(line.line_key)
        if known is not None and line.rank <= known.rank:
            return False
        self.lines[line.line_key] = line
        return True

    def paid_for(self, tx: Any, keys: Sequence[str], since: int, until: int) -> list[PaidContribution]:
        found = [
            line for line in self.lines.values()
            if line.insured_key in keys and since <= line.year <= until and line.state is ExternalState.PAID
        ]  # fmt: skip
        return [
            PaidContribution(
                line.insurance_type, line.year, line.amount, line.agency_code, line.agency_name, line.social_number,
                line.channel, line.at,
            )
            for line in sorted(found, key=lambda line: (line.at, line.order_id, line.year))
        ]  # fmt: skip
