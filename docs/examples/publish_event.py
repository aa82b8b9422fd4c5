"""Publishes one payment event from another tax system: plain AMQP 0-9-1, nothing of ours (docs/guide-events.md).

    AMQP_URL=amqps://publisher-NAME:PASSWORD@HOST:5671/contribution PUBLISHER_KEY=<64 hex digits> \
        python publish_event.py docs/events/payment.succeeded.v1.json --number 450103… --name 韦秀兰

Needs py-amqp alone (`pip install amqp`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import hmac
import json
import os
import ssl
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp

_CHINA = dt.timezone(dt.timedelta(hours=8))


def person_key(secret: str, number: str, name: str, document_type: str = "201") -> str:
    """HMAC-SM3 of “type:number:name”: how an event names a person without saying who it is."""
    message = f"{document_type}:{number.upper()}:{name}".encode()
    return hmac.new(bytes.fromhex(secret), message, "sm3").hexdigest()


def masked(text: str, begin: int, end: int) -> str:
    return text[:begin] + "*" * (len(text) - begin - end) + text[len(text) - end :]


def event_of(template: Any, source: str, secret: str, options: argparse.Namespace) -> dict[str, Any]:
    """The example with an id, a time and an order of its own, about these people."""
    now = dt.datetime.now(_CHINA).isoformat(timespec="seconds")
    order = options.order or f"EX{uuid.uuid4().hex[:16].upper()}"
    event: dict[str, Any] = {**template, "id": options.id or str(uuid.uuid4()), "source": source, "time": now}
    event["subject"] = event["data"]["order_id"] = order
    for field in ("paid_at", "failed_at"):
        if field in event["data"]:
            event["data"][field] = now
    paid = event["data"]["contribution"]
    paid["insured_name"], paid["insured_number"] = masked(options.name, 1, 0), masked(options.number, 4, 4)
    paid["external"]["insured_key"] = person_key(secret, options.number, options.name)
    paid["external"]["operator_key"] = None
    if options.payer_number:
        paid["operator_name"] = masked(options.payer_name, 1, 0)
        paid["external"]["operator_key"] = person_key(secret, options.payer_number, options.payer_name)
    paid["payer_phone"] = options.phone
    return event


def publish(url: str, event: dict[str, Any]) -> None:
    """Returns when the broker has it; raises when it has not, and then the same event may be sent again."""
    parts = urlsplit(url)
    tls = {"context": ssl.create_default_context()} if parts.scheme == "amqps" else None
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port or (5671 if tls else 5672)}", unquote(parts.username or ""),
        unquote(parts.password or ""), virtual_host=parts.path.lstrip("/"), ssl=tls, confirm_publish=True,
        connect_timeout=5, read_timeout=10, write_timeout=10,
    )  # fmt: skip
    with connection:
        message = amqp.Message(
            json.dumps(event, ensure_ascii=False).encode(), content_type="application/cloudevents+json",
            content_encoding="utf-8", delivery_mode=2, message_id=event["id"],
        )  # fmt: skip
        # The confirm is what counts: without it the event may be lost.
        connection.channel().basic_publish_confirm(message, exchange="payments", routing_key=event["type"])


def main() -> int:
    parser = argparse.ArgumentParser(description="发布一个缴费事件（示例）")
    parser.add_argument("event", type=Path, help="docs/events/ 中的示例")
    parser.add_argument("--number", required=True, help="被缴费人身份证号码（不会出现在事件中）")
    parser.add_argument("--name", required=True, help="被缴费人姓名（不会出现在事件中）")
    parser.add_argument("--payer-number", help="缴费人身份证号码；不给则不进入任何人的代缴统计")
    parser.add_argument("--payer-name", default="")
    parser.add_argument("--phone", help="缴费人手机号码，收到短信提醒")
    parser.add_argument("--order", help="订单号；默认新订单")
    parser.add_argument("--id", help="事件编号；默认新编号")
    parser.add_argument("--source", default=os.environ.get("PUBLISHER_SOURCE", "/example-city"))
    options = parser.parse_args()
    secret = os.environ["PUBLISHER_KEY"]
    template = json.loads(options.event.read_text("utf-8"))
    event = event_of(template, options.source, secret, options)
    publish(os.environ["AMQP_URL"], event)
    print(json.dumps(event, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
