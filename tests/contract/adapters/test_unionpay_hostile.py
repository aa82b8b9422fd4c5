"""Answers that are not UnionPay's, or make no sense, by each route: they change nothing."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.signatures import communication_key_sign
from services.payment.adapters.base import Buyer
from services.payment.adapters.unionpay import Netpay
from services.payment.config import Route
from services.payment.domain.orders import Trigger
from services.payment.domain.refunds import RefundStatus
from tests.contract.adapters.sandbox_process import RunningSandbox, answering
from tests.contract.adapters.unionpay_orders import IMPATIENT, adapter, hang_up, new_order, stranger
from tests.fakes.payment_orders import INSURED, KEY, a_refund, an_order

PAID = {
    "errCode": "SUCCESS", "status": "TRADE_SUCCESS", "mid": an_order().mid, "tid": an_order().tid,
    "merOrderId": an_order().mer_order_id, "totalAmount": 40000, "targetOrderId": "4200",
    "payTime": "2026-11-23 10:06:00", "refundOrderId": "31940000000001", "refundAmount": 40000,
    "refundStatus": "SUCCESS",
}  # fmt: skip
REFUND = a_refund(refund_order_id="31940000000001")


def signed(body: str, route: Route) -> str:
    """The body, signed as UnionPay would where the route asks for it and there is something to sign."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if route is Route.OPEN_PLATFORM or not isinstance(fields, dict):
        return body
    return json.dumps({**fields, "sign": communication_key_sign(fields, KEY, "MD5")}, ensure_ascii=False)


def all_unanswered(unionpay: Netpay) -> bool:
    """Whether nothing that can be asked is answered."""
    reports = unionpay.query(an_order()), unionpay.close(an_order())
    refunds = unionpay.refund(an_order(), REFUND), unionpay.query_refund(an_order(), REFUND)
    assert unionpay.phone_payment(an_order(), Buyer("wx1", "o1")) is None
    return all(report and report.trigger is Trigger.UNANSWERED for report in reports) and all(
        report and report.status is RefundStatus.UNANSWERED for report in refunds
    )


def changed(**fields: object) -> str:
    return json.dumps(PAID | fields)


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "null", "[]", '"SUCCESS"', "{}", '{"errCode":null}', '{"errCode":["SUCCESS"]}',
     '{"errCode":"SUCCESS"}',
     '{"errCode":"SUCCESS","status":"TRADE_SUCCESS"}', '{"errCode":"SUCCESS","status":["TRADE_CLOSED"]}',
     '{"errCode":"SUCCESS","status":"TRADE_SUCCESS","totalAmount":null,"targetOrderId":null,"payTime":null}',
     '{"errCode":"BAD_SIGN"}', '{"errCode":"NO_MERCHANT"}', '{"errCode":"INTERNAL_ERROR","status":"TRADE_CLOSED"}',
     changed(totalAmount=40000.9, refundAmount=40000.9), changed(totalAmount=True, refundAmount=True),
     changed(totalAmount=float("inf"), refundAmount=float("inf")), changed(totalAmount="４０", refundAmount="４０"),
     changed(payTime="yesterday", refundOrderId="31940000000002"), changed(payTime=20261123, refundStatus={}),
     changed(targetOrderId="4" * 65, refundStatus="DONE"), changed(targetOrderId=42, refundStatus=None),
     changed(status="CLOSED", refundStatus=""), changed(status="trade_refund", refundStatus="success"),
     "[" * 60_000, '{"errCode":' * 9_000, '{"errCode":"SUCCESS","status":' + "9" * 5000 + "}",
     " " * 70_000 + "{}", "\ufeff{}", "\ud7ff" * 9],
    ids=range(31),
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 500])
def test_nonsense_is_no_answer(route: Route, body: str, status: int) -> None:
    with answering(signed(body, route), status) as url:
        unionpay = adapter(url, route)
        assert all_unanswered(unionpay)
        hang_up(unionpay)


@pytest.mark.parametrize("merchant", ["mid", "tid", "merOrderId"])
def test_a_refund_of_something_else_is_not_ours(route: Route, merchant: str) -> None:
    with answering(signed(changed(**{merchant: "1"}), route)) as url:
        unionpay = adapter(url, route)
        assert unionpay.refund(an_order(), REFUND).status is RefundStatus.UNANSWERED
        report = unionpay.query(an_order())
        assert report
        assert report.trigger is Trigger.MISPAID
        hang_up(unionpay)


@pytest.mark.parametrize("sign", ["", "0" * 32, "签名", None])
@pytest.mark.parametrize("sign_type", ["MD5", "SHA256", "SHA512", None])
def test_an_answer_with_another_signature_is_not_unionpays(sign: str | None, sign_type: str | None) -> None:
    with answering(changed(sign=sign, signType=sign_type)) as url:
        unionpay = adapter(url, Route.COMMUNICATION_KEY)
        assert all_unanswered(unionpay)
        hang_up(unionpay)


def test_an_answer_changed_on_its_way_is_not_unionpays() -> None:
    genuine = json.loads(signed(changed(), Route.COMMUNICATION_KEY))
    for name in PAID:
        with answering(json.dumps(genuine | {name: "0"})) as url:
            unionpay = adapter(url, Route.COMMUNICATION_KEY)
            assert all_unanswered(unionpay), name
            hang_up(unionpay)


def test_an_answer_signed_with_either_key_is_unionpays() -> None:
    with answering(signed(changed(), Route.COMMUNICATION_KEY)) as url:
        for keys in ((KEY, "another key"), ("another key", KEY)):
            unionpay = adapter(url, Route.COMMUNICATION_KEY, unionpay_communication_keys=keys)
            report = unionpay.query(an_order())
            assert report
            assert report.trigger is Trigger.SUCCEEDED
            hang_up(unionpay)


@contextmanager
def dripping() -> Iterator[str]:
    """A party whose answer never ends, a space every tenth of a second."""
    stopped = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not stopped.wait(0.1):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        thread.join(5)
        listener.close()


def test_an_answer_that_drips_is_not_waited_for(route: Route) -> None:
    with dripping() as url:
        unionpay, begun = adapter(url, route), time.monotonic()
        report = unionpay.query(an_order())
        assert report
        assert report.trigger is Trigger.UNANSWERED
        assert time.monotonic() - begun < 60 * IMPATIENT
        hang_up(unionpay)


def test_nobody_there_is_no_answer(route: Route) -> None:
    assert all_unanswered(adapter("http://127.0.0.1:9", route))


def test_logs_say_what_failed_and_nothing_personal(
    sandbox: RunningSandbox, route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    order, buyer = new_order(), Buyer("wx1", "oSomebody")
    unknown = stranger(sandbox.url, route)
    unknown.query(order)
    unknown.phone_payment(order, buyer)
    hang_up(unknown)
    adapter("http://127.0.0.1:9", route).close(order)
    messages = {record.message for record in caplog.records}
    assert "UnionPay gave no answer" in messages
    assert ("UnionPay refused" in messages) is (route is Route.OPEN_PLATFORM)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    for personal in (
        INSURED.document_number,
        INSURED.name,
        order.payer_name,
        order.payer_phone,
        "oSomebody",
    ):
        assert personal not in logged
