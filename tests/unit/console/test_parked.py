"""What an operator reads of a parked event."""

from __future__ import annotations

import pytest

from contract.events import UnfitEvent, data_of, decode
from contract.payment import OrderNotFound
from contract.rights import PersonErased
from services.console.domain.parked import UNDONE, advice, undone, why


def _reason(error: Exception) -> str:
    """As kit.consumer keeps what a handler raised."""
    return f"{type(error).__name__}: {error}"


def _unfit(body: str) -> str:
    """As kit.consumer keeps what cannot be read at all."""
    with pytest.raises(UnfitEvent) as raised:
        data_of(decode(body), PersonErased)
    return str(raised.value)


ENVELOPE = (
    '{"specversion": "%s", "id": "1", "source": "/identity", "type": "person.erased.v1", "subject": "s", '
    '"time": "2026-11-26T10:00:00+08:00", "datacontenttype": "application/json", "data": {}}'
)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (_unfit(ENVELOPE % "1.0"), "内容不符合约定，缺少或填错：person_id"),
        (_unfit("not JSON"), "不是约定格式（CloudEvents 1.0）的消息"),
        (_unfit(ENVELOPE % "0.3"), "不是约定格式（CloudEvents 1.0）的消息"),
        (_reason(UnfitEvent("contribution.channel is ours")), "内容不符合约定"),
    ],
)
def test_what_does_not_fit_is_said_and_that_trying_again_is_in_vain(reason: str, told: str) -> None:
    assert why(reason) == told
    assert "请发布方按约定改正" in advice(reason)


def test_a_publisher_nobody_knows_is_looked_into() -> None:
    reason = _reason(UnfitEvent("the source has no key in PUBLISHER_KEYS"))
    assert why(reason) == "发布方没有登记，或者登记的密钥不符"
    assert "按安全事件处理" in advice(reason)


def test_what_failed_otherwise_may_be_tried_again() -> None:
    assert why(_reason(OrderNotFound())) == OrderNotFound().message
    assert why("OperationalError: server closed the connection") == "处理时出错，已试过多次"
    for reason in (_reason(OrderNotFound()), "OperationalError: server closed the connection"):
        assert advice(reason).startswith("先消除原因")


def test_what_was_not_done_has_words_and_what_is_new_keeps_its_name() -> None:
    assert undone("notify", "remind_of_success") == UNDONE["notify", "remind_of_success"]
    assert undone("notify", "something_new") == "something_new"
