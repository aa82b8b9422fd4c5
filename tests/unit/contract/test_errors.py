"""Errors keep their code, their Chinese text and their detail on the way across the bus."""

from __future__ import annotations

import pytest

from contract import catalogue
from contract.errors import Conflict, ContractError, NotFound, TooMany
from contract.payment import OrderNotFound, QuoteUsed
from contract.rpc import Method


def test_an_error_carries_code_text_and_detail() -> None:
    error = QuoteUsed(order_id="o-1")
    assert (error.code, error.message, error.detail) == ("quote_used", QuoteUsed.text, {"order_id": "o-1"})
    assert isinstance(error, Conflict) and error.status == 409
    assert str(error) == QuoteUsed.text


def test_the_text_may_be_replaced_and_the_code_may_not() -> None:
    error = TooMany("请在 60 秒后再试。", retry_after=60)
    assert (error.message, error.code, error.detail) == (
        "请在 60 秒后再试。",
        "too_many",
        {"retry_after": 60},
    )


def test_a_code_that_came_over_the_bus_becomes_its_error() -> None:
    error = ContractError.of("order_not_found", "没有。", {"a": 1})
    assert type(error) is OrderNotFound and isinstance(error, NotFound)
    assert (error.message, error.detail) == ("没有。", {"a": 1})


def test_a_code_of_a_newer_peer_still_reads_as_an_error() -> None:
    error = ContractError.of("not_invented_yet", "新的提示。", {})
    assert type(error) is ContractError
    assert error.message == "新的提示。"


def test_two_errors_cannot_share_a_code() -> None:
    with pytest.raises(TypeError, match="quote_used"):
        type("Impostor", (ContractError,), {"code": "quote_used"})
    assert ContractError.known()["quote_used"] is QuoteUsed


def test_two_methods_of_a_service_cannot_share_a_name() -> None:
    known = len(catalogue.METHODS)
    with pytest.raises(TypeError, match=r"payment\.get_order is defined twice"):
        Method("payment", "get_order", str, str)
    assert len(catalogue.METHODS) == known
