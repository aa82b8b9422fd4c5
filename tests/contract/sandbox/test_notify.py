"""The notify of a paid order, its retries and its accidents (protocols section 1)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.settings import DEMO_CREDENTIALS
from sandbox.signatures import communication_key_sign
from tests.contract.sandbox.caller import Caller, world
from tests.contract.sandbox.receiver import Receiver, listening

KEY = DEMO_CREDENTIALS["UNIONPAY_COMMUNICATION_KEYS"]


class Merchant:
    """An order's notify address together with the sandbox that calls it."""

    def __init__(self, caller: Caller, receiver: Receiver, url: str) -> None:
        self.caller, self.receiver, self.url = caller, receiver, url

    def settings(self, **notify: Any) -> None:
        answer = self.caller.client.put("/sandbox/api/settings", json={"notify": notify})
        assert answer.status_code == 200

    def placed(self, **changed: Any) -> str:
        return self.caller.placed(notifyUrl=self.url, **changed)

    def paid(self, **changed: Any) -> str:
        number = self.placed(**changed)
        self.caller.act(number, "pay")
        return number

    def send(self) -> int:
        """Send what is due now."""
        return world(self.caller.client).dispatcher.run_due()

    def notifies(self, number: str) -> list[dict[str, Any]]:
        return list((self.caller.client.get(f"/sandbox/api/orders/{number}").json or {})["notifies"])


@pytest.fixture
def merchant(caller: Caller) -> Iterator[Merchant]:
    receiver = Receiver()
    with listening(receiver) as url:
        yield Merchant(caller, receiver, url)


def genuine(fields: dict[str, str]) -> bool:
    return communication_key_sign(fields, KEY, fields["signType"]) == fields["sign"]


def test_a_paid_order_is_notified_once_with_a_good_signature(merchant: Merchant) -> None:
    number = merchant.paid(srcReserve="预留", orderDesc="医疗+养老 & 100%")
    assert merchant.send() == 1
    assert merchant.send() == 0
    ((method, fields),) = merchant.receiver.received
    assert method == "POST"
    assert genuine(fields)
    assert (fields["merOrderId"], fields["totalAmount"], fields["status"]) == (
        number,
        "40000",
        "TRADE_SUCCESS",
    )
    assert (fields["srcReserve"], fields["orderDesc"]) == ("预留", "医疗+养老 & 100%")
    assert fields["billFunds"] == "现金支付400.00元。"
    (notify,) = merchant.notifies(number)
    assert (notify["state"], notify["attempts"]) == ("delivered", 1)
    assert [answer["answer"] for answer in notify["answers"]] == ["200 SUCCESS"]


def test_an_unpaid_order_is_not_notified(merchant: Merchant) -> None:
    merchant.placed()
    assert merchant.send() == 0


@pytest.mark.parametrize(("sign_type", "length"), [("MD5", 32), ("SHA256", 64)])
def test_both_digests(merchant: Merchant, sign_type: str, length: int) -> None:
    merchant.paid(signType=sign_type)
    merchant.send()
    (fields,) = merchant.receiver.fields
    assert len(fields["sign"]) == length
    assert genuine(fields)


def test_get_carries_the_same_fields(merchant: Merchant) -> None:
    merchant.settings(method="GET")
    merchant.paid()
    merchant.send()
    ((method, fields),) = merchant.receiver.received
    assert method == "GET"
    assert genuine(fields)


@pytest.mark.parametrize("answer", [(500, b"SUCCESS"), (200, b"FAILED"), (200, b""), (302, b"SUCCESS")])
def test_anything_but_success_is_retried_until_success(merchant: Merchant, answer: tuple[int, bytes]) -> None:
    merchant.settings(retry_schedule=[0, 0, 0])
    merchant.receiver.answers = [answer, answer]
    number = merchant.paid()
    assert [merchant.send() for _ in range(4)] == [1, 1, 1, 0]
    assert len({tuple(sorted(fields.items())) for fields in merchant.receiver.fields}) == 1
    (notify,) = merchant.notifies(number)
    assert (notify["state"], notify["attempts"]) == ("delivered", 3)


def test_retries_follow_the_schedule_and_end(merchant: Merchant) -> None:
    merchant.settings(retry_schedule=[0, 3600])
    merchant.receiver.answers = [(500, b"")] * 9
    number = merchant.paid()
    assert [merchant.send() for _ in range(3)] == [1, 1, 0]
    (notify,) = merchant.notifies(number)
    assert (notify["state"], notify["attempts"]) == ("pending", 2)
    merchant.settings(retry_schedule=[0])
    with world(merchant.caller.client).store.transaction() as connection:
        connection.execute("UPDATE notifies SET due_at = 0")
    merchant.send()
    (notify,) = merchant.notifies(number)
    assert (notify["state"], notify["attempts"]) == ("given_up", 3)


def test_without_retries_one_failure_is_the_end(merchant: Merchant) -> None:
    merchant.settings(retry_on_failure=False)
    merchant.receiver.answers = [(500, b"")]
    number = merchant.paid()
    merchant.send()
    assert merchant.notifies(number)[0]["state"] == "given_up"


def test_an_address_nobody_listens_at_is_retried(merchant: Merchant) -> None:
    number = merchant.caller.placed(notifyUrl="http://127.0.0.1:9/notify")
    merchant.caller.act(number, "pay")
    merchant.send()
    (notify,) = merchant.notifies(number)
    assert (notify["state"], notify["attempts"]) == ("pending", 1)
    assert notify["answers"][0]["answer"] == "NewConnectionError"


def test_a_lost_notify_never_arrives_but_can_be_sent_by_hand(merchant: Merchant) -> None:
    merchant.settings(lost_rate=1.0)
    number = merchant.paid()
    assert merchant.send() == 0
    assert merchant.notifies(number)[0]["state"] == "lost"
    merchant.caller.act(number, "notify-now")
    assert merchant.send() == 1
    assert genuine(merchant.receiver.fields[0])


def test_only_the_chosen_order_loses_its_notify(merchant: Merchant) -> None:
    lost, kept = merchant.placed(), merchant.placed()
    merchant.caller.client.put(f"/sandbox/api/orders/{lost}/settings", json={"notify": {"lost_rate": 1.0}})
    for number in (lost, kept):
        merchant.caller.act(number, "pay")
    merchant.send()
    assert [fields["merOrderId"] for fields in merchant.receiver.fields] == [kept]


def test_a_duplicate_has_the_same_notify_id(merchant: Merchant) -> None:
    merchant.settings(duplicate_rate=1.0)
    merchant.paid()
    merchant.send()
    time.sleep(0.25)
    merchant.send()
    first, second = merchant.receiver.fields
    assert first == second
    assert genuine(second)


def test_a_late_notify_waits(merchant: Merchant) -> None:
    merchant.settings(delay_seconds=[0.2, 0.2])
    merchant.paid()
    assert merchant.send() == 0
    time.sleep(0.25)
    assert merchant.send() == 1


def test_forged_notifies_never_verify(merchant: Merchant) -> None:
    number = merchant.placed()
    for action in ("forge-notify", "forge-amount"):
        merchant.caller.act(number, action)
    assert merchant.send() == 2
    by_signature, by_amount = merchant.receiver.fields
    assert by_signature["totalAmount"] == "40000"
    assert by_amount["totalAmount"] == "1"
    assert not genuine(by_signature)
    assert not genuine(by_amount)
    assert (merchant.caller.unionpay("query", number).json or {})["status"] == "NEW_ORDER"


def test_forgeries_come_by_rate_before_the_true_one(merchant: Merchant) -> None:
    merchant.settings(forged_rate=1.0)
    merchant.paid()
    merchant.send()
    assert [genuine(fields) for fields in merchant.receiver.fields] == [False, True]


def test_a_forgery_is_not_retried(merchant: Merchant) -> None:
    merchant.settings(retry_schedule=[0, 0])
    merchant.receiver.answers = [(400, b"FAILED")]
    merchant.caller.act(merchant.placed(), "forge-notify")
    assert [merchant.send(), merchant.send()] == [1, 0]


def test_the_same_seed_loses_the_same_notifies(merchant: Merchant) -> None:
    def fates() -> list[str]:
        merchant.settings(lost_rate=0.5)
        merchant.caller.client.put("/sandbox/api/settings", json={"seed": 11})
        return [merchant.notifies(merchant.paid())[0]["state"] for _ in range(20)]

    first = fates()
    assert {"lost", "pending"} == set(first)
    assert fates() == first


def test_a_late_success_is_notified_too(merchant: Merchant, client: FlaskClient) -> None:
    number = merchant.placed()
    merchant.caller.unionpay("close", number)
    merchant.caller.act(number, "pay-late")
    merchant.send()
    assert merchant.receiver.fields[0]["status"] == "TRADE_SUCCESS"
