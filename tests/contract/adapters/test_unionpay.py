"""Our UnionPay adapter against the sandbox, by each route: pages, answers, silence and notifies."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from urllib.parse import unquote_plus

import pytest
import requests

from contract.quote import QuoteLine
from services.payment.adapters.base import Buyer, ForgedNotify, PhonePayment
from services.payment.adapters.unionpay import Netpay
from services.payment.config import Route
from services.payment.domain.orders import MAX_LINES, Report, Trigger
from tests.contract.adapters.sandbox_process import RunningSandbox
from tests.contract.adapters.unionpay_orders import (
    FAULTS,
    adapter,
    hang_up,
    new_order,
    paid,
    pay,
    reach,
    stranger,
)
from tests.contract.sandbox.receiver import Receiver, listening
from tests.fakes.payment_orders import INSURED, KEY, a_back_payment, a_quote, an_item, an_order

BUYER = Buyer("wx5a9db0c0de12366a", "oPayer")
OLD = "a key of last year 0000000000000"
UNCLEAR = FAULTS | {"unknown": {"query_unknown_rate": 1.0}}


def test_the_payment_page_is_accepted_and_asks_for_the_right_amount(
    sandbox: RunningSandbox, unionpay: Netpay
) -> None:
    order = new_order(amount=38050)
    assert "380.50" in reach(unionpay, order)
    ledger = sandbox.order(order.mer_order_id)
    assert (ledger["totalAmount"], ledger["status"]) == (38050, "WAIT_BUYER_PAY")


@pytest.mark.parametrize(
    ("persona", "product"),
    [
        ("medical_only", "102120001"),
        ("pension_only", "102100100"),
        ("flexible", "102010100"),
        ("flexible", "102030100"),
    ],
)
def test_a_paid_order_is_posted_for_the_person_and_year_it_names(
    sandbox: RunningSandbox, unionpay: Netpay, persona: str, product: str
) -> None:
    (person,) = [p for p in sandbox.api("GET", "/personas")["personas"] if p["persona"] == persona]
    number = person["enrolments"][0]["rybm"]
    order = new_order(an_item(registration_number=person["djxh"], person_number=number, product_code=product))
    reach(unionpay, order)
    # Posted tomorrow: the other tests still find the year payable.
    sandbox.misbehave(order.mer_order_id, unionpay={"posting_delay_seconds": 86400})
    (line,) = sandbox.act(order.mer_order_id, "pay")["postings"]
    assert (line["djxh"], line["rybm"], line["xzlx"]) == (person["djxh"], number, product[:5])
    assert (line["jfnd"], line["amount"]) == ("2026", order.amount)


def test_every_line_of_an_order_for_several_is_posted(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    personas = {p["persona"]: p for p in sandbox.api("GET", "/personas")["personas"]}
    wanted = [
        ("medical_only", a_quote(quote_id="quote-2", product_code="102120001")),
        ("pension_only", a_back_payment()),
    ]
    items = [
        an_item(quote, registration_number=person["djxh"], person_number=person["enrolments"][0]["rybm"])
        for name, quote in wanted
        for person in (personas[name],)
    ]
    order = new_order(*items)
    assert "3000.00" in reach(unionpay, order)
    sandbox.misbehave(order.mer_order_id, unionpay={"posting_delay_seconds": 86400})
    lines = sandbox.act(order.mer_order_id, "pay")["postings"]
    assert [(line["xzlx"], line["jfnd"], line["amount"]) for line in lines] == [
        ("10212", "2026", 40000),
        *(("10210", str(year), 20000) for year in range(2011, 2024)),
    ]
    assert unionpay.query(order) == paid(sandbox, order)


def test_the_longest_page_is_accepted(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    lines = tuple(QuoteLine(1946 + n, "", 9_999_99) for n in range(MAX_LINES))
    order = new_order(an_item(registration_number="2" * 20, person_number="4" * 18, lines=lines))
    assert "799999.20" in reach(unionpay, order)


def test_the_payment_page_says_nothing_personal(unionpay: Netpay) -> None:
    order = new_order()
    url = unquote_plus(unionpay.payment_page(order))
    for personal in (INSURED.document_number, INSURED.name, order.payer_name, order.payer_phone):
        assert personal not in url


def test_the_page_of_another_merchants_key_is_refused(sandbox: RunningSandbox, route: Route) -> None:
    page = stranger(sandbox.url, route).payment_page(new_order())
    assert requests.get(page, timeout=10).status_code == 401


def test_the_page_opened_twice_is_one_order_at_unionpay(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order()
    reach(unionpay, order)
    reach(unionpay, order)
    assert sandbox.order(order.mer_order_id)["status"] == "WAIT_BUYER_PAY"


def test_the_order_expires_at_unionpay_when_it_does_here(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order(expires_at=dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(seconds=1))
    reach(unionpay, order, cashier=False)
    assert unionpay.query(order) == Report(Trigger.SHUT, "query", failure_code="expired")


def test_an_order_nobody_opened_was_never_seen(unionpay: Netpay) -> None:
    assert unionpay.query(new_order()) is None
    assert unionpay.close(new_order()) is None


@pytest.mark.parametrize(("cashier", "status"), [(False, "NEW_ORDER"), (True, "WAIT_BUYER_PAY")])
def test_an_open_order_is_awaited(
    sandbox: RunningSandbox, unionpay: Netpay, cashier: bool, status: str
) -> None:
    order = new_order()
    reach(unionpay, order, cashier)
    report = unionpay.query(order)
    assert sandbox.order(order.mer_order_id)["status"] == status
    assert report
    assert report.trigger is Trigger.AWAITED


def test_a_paid_order_is_reported_with_its_transaction(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order()
    reach(unionpay, order)
    sandbox.act(order.mer_order_id, "pay")
    assert unionpay.query(order) == paid(sandbox, order)


@pytest.mark.parametrize(
    ("action", "cause"),
    [("cancel", "closed_by_buyer"), ("decline", "declined"), ("expire", "expired")],
)
def test_a_closed_order_is_reported_with_its_cause(
    sandbox: RunningSandbox, unionpay: Netpay, action: str, cause: str
) -> None:
    order = new_order()
    reach(unionpay, order)
    sandbox.act(order.mer_order_id, action)
    expected = Report(Trigger.SHUT, "query", failure_code=cause)
    assert unionpay.query(order) == expected
    assert unionpay.close(order) == expected


def test_an_order_we_close_is_closed(unionpay: Netpay) -> None:
    order = new_order()
    reach(unionpay, order)
    closed = Report(Trigger.SHUT, "query", failure_code="closed")
    assert (unionpay.close(order), unionpay.query(order)) == (closed, closed)


def test_a_paid_order_cannot_be_closed_and_says_so(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order()
    reach(unionpay, order)
    sandbox.act(order.mer_order_id, "pay")
    assert unionpay.close(order) == paid(sandbox, order)


def test_another_amount_than_ours_is_mispaid(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order(amount=1)
    reach(unionpay, order)
    sandbox.act(order.mer_order_id, "pay")
    report = unionpay.query(an_order(mer_order_id=order.mer_order_id, amount=40000))
    assert report
    assert (report.trigger, report.amount, report.failure_code) == (Trigger.MISPAID, 1, "mispaid")


@pytest.mark.parametrize("fault", sorted(UNCLEAR))
def test_a_paid_order_without_a_clear_answer_is_unanswered(
    sandbox: RunningSandbox, unionpay: Netpay, fault: str
) -> None:
    order = new_order()
    reach(unionpay, order)
    sandbox.act(order.mer_order_id, "pay")
    sandbox.misbehave(order.mer_order_id, unionpay=UNCLEAR[fault])
    report = unionpay.query(order)
    assert report
    assert report.trigger is Trigger.UNANSWERED


def test_a_close_that_was_done_but_not_answered_is_found_by_asking(
    sandbox: RunningSandbox, unionpay: Netpay
) -> None:
    order = new_order()
    reach(unionpay, order)
    sandbox.misbehave(order.mer_order_id, unionpay=FAULTS["late answer"])
    report = unionpay.close(order)
    assert report
    assert report.trigger is Trigger.UNANSWERED
    sandbox.misbehave(order.mer_order_id, unionpay={"accept_then_timeout_rate": 0.0})
    assert unionpay.query(order) == Report(Trigger.SHUT, "query", failure_code="closed")


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("sign_type", ["", "MD5", "SHA256"])
def test_the_sandboxs_notify_is_genuine_and_says_what_query_says(
    sandbox: RunningSandbox, route: Route, sign_type: str, method: str
) -> None:
    receiver = Receiver()
    with listening(receiver) as url:
        unionpay, order = adapter(sandbox.url, route, unionpay_notify_url=url), new_order()
        sandbox.misbehave(order.mer_order_id, notify={"sign_type": sign_type, "method": method})
        reach(unionpay, order)
        sandbox.act(order.mer_order_id, "pay")
        assert receiver.wait_for(1, seconds=5)
        ((sent_by, fields),) = receiver.received
        assert sent_by == method
        assert unionpay.read_notify(fields) == order.mer_order_id
        heard, asked = unionpay.report_of(fields, order), unionpay.query(order)
        assert asked
        assert (heard.source, asked.source) == ("notify", "query")
        assert (heard.trigger, heard.transaction_id, heard.paid_at, heard.amount) == (
            asked.trigger, asked.transaction_id, asked.paid_at, asked.amount,
        )  # fmt: skip
        hang_up(unionpay)


@pytest.mark.parametrize("action", ["forge-notify", "forge-amount"])
def test_the_sandboxs_forgeries_are_refused(sandbox: RunningSandbox, route: Route, action: str) -> None:
    receiver = Receiver()
    with listening(receiver) as url:
        unionpay, order = adapter(sandbox.url, route, unionpay_notify_url=url), new_order()
        reach(unionpay, order)
        sandbox.act(order.mer_order_id, action)
        assert receiver.wait_for(1, seconds=5)
        with pytest.raises(ForgedNotify):
            unionpay.read_notify(receiver.fields[0])


@pytest.mark.parametrize("inst_mid", ["YUEDANDEFAULT", "MINIDEFAULT"])
def test_an_order_is_paid_inside_wechat(sandbox: RunningSandbox, unionpay: Netpay, inst_mid: str) -> None:
    order = new_order(inst_mid=inst_mid)
    payment = unionpay.phone_payment(order, BUYER)
    assert payment
    assert (payment.app_id, payment.sign_type) == (BUYER.app_id, "RSA")
    assert payment.package.startswith("prepay_id=wx")
    again = unionpay.phone_payment(order, BUYER)
    assert again
    assert again.package == payment.package, "it is one order at UnionPay"
    sandbox.act(order.mer_order_id, "pay")
    assert unionpay.query(order) == paid(sandbox, order)
    assert unionpay.phone_payment(order, BUYER) is None, "there is nothing more to pay"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_without_a_clear_yes_there_is_nothing_to_pay_with(
    sandbox: RunningSandbox, unionpay: Netpay, fault: str
) -> None:
    order = new_order()
    sandbox.misbehave(order.mer_order_id, unionpay=FAULTS[fault])
    assert unionpay.phone_payment(order, BUYER) is None


def test_what_the_phone_pays_with_is_not_another_orders(sandbox: RunningSandbox, unionpay: Netpay) -> None:
    order = new_order()
    assert isinstance(unionpay.phone_payment(order, BUYER), PhonePayment)
    assert unionpay.phone_payment(replace(order, amount=1), BUYER) is None


def test_an_order_is_asked_for_by_the_merchant_it_was_placed_with(
    sandbox: RunningSandbox, unionpay: Netpay
) -> None:
    order = pay(sandbox, unionpay, mid="898450200000002", tid="45020001")
    assert unionpay.query(order) == paid(sandbox, order)
    assert unionpay.query(replace(order, mid=an_order().mid, tid=an_order().tid)) is None


def test_both_routes_speak_of_the_same_order(sandbox: RunningSandbox, unionpay: Netpay, route: Route) -> None:
    order = pay(sandbox, unionpay)
    (other,) = set(Route) - {route}
    changed = adapter(sandbox.url, other)
    assert changed.query(order) == unionpay.query(order)
    hang_up(changed)


@pytest.mark.parametrize("keys", [(OLD, KEY), (KEY, OLD)])
def test_a_notify_signed_with_either_key_is_genuine(
    sandbox: RunningSandbox, route: Route, keys: tuple[str, str]
) -> None:
    receiver = Receiver()
    with listening(receiver) as url:
        unionpay = adapter(sandbox.url, route, unionpay_notify_url=url)
        order = pay(sandbox, unionpay)
        assert receiver.wait_for(1, seconds=5)
        hang_up(unionpay)
    rotating = adapter(sandbox.url, route, unionpay_communication_keys=keys)
    assert rotating.read_notify(receiver.fields[0]) == order.mer_order_id
