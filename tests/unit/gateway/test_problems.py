"""Every failure says what happened, where the money is and the way on (ui.md 4, 6)."""

from __future__ import annotations

import pytest

import contract.catalogue  # noqa: F401 - defines every error
import services.gateway.errors as own
from contract import agreement, contribution, errors, payment
from contract.errors import ContractError
from contract.upstream import UpstreamBusy
from services.gateway import problems

JOURNEY = "/journeys/j-1"


def test_every_error_has_a_heading() -> None:
    for kind in ContractError.known().values():
        assert problems.heading(kind())


def test_every_failure_says_where_the_money_is() -> None:
    """By its own words or by ours; only what has no business with money says nothing."""
    silent = (errors.NotFound, own.WechatRefused)
    for kind in ContractError.known().values():
        for path in (f"{JOURNEY}/choice", f"{JOURNEY}/payment", "/orders/o-1"):
            error = kind()
            said = error.message + problems.money_note(error, path)
            assert isinstance(error, silent) or any(
                word in said for word in ("扣款", "重复缴费", "已进行缴费")
            ), kind


def test_who_is_turned_away_hears_how_many_are_ahead_and_when_to_come_back() -> None:
    busy = UpstreamBusy.behind(37, 12)
    assert problems.heading(busy) == "现在办理的人较多"
    assert "您前面还有37人，请12秒后再试" in busy.message
    assert "没有扣款" in busy.message + problems.money_note(busy, f"{JOURNEY}/quote")


def test_nothing_on_an_orders_page_claims_that_no_money_was_taken() -> None:
    note = problems.money_note(errors.Unavailable(), "/orders/o-1")
    assert "没有扣款" not in note
    assert "不要重复缴费" in note


@pytest.mark.parametrize(
    ("error", "path", "way"),
    [
        (payment.QuoteUsed(order_id="o-9"), f"{JOURNEY}/payment", ("查看这笔缴费", "/orders/o-9")),
        (payment.LiveOrderExists(), f"{JOURNEY}/payment", ("返回修改", JOURNEY)),
        (contribution.UpstreamUnavailable(), f"{JOURNEY}/payer", ("再试一次", JOURNEY)),
        (UpstreamBusy.behind(37, 12), f"{JOURNEY}/enrolment", ("再试一次", JOURNEY)),
        (contribution.EnrolmentNotFound(), f"{JOURNEY}/payer", None),
        (contribution.EnrolmentNotFound(), f"{JOURNEY}/enrolment", None),
        (contribution.NothingPayable(), f"{JOURNEY}/choice", ("重新选择", JOURNEY)),
        (payment.CloseNotConfirmed(), "/orders/o-1/close", ("查看这笔缴费", "/orders/o-1")),
        (payment.OrderNotFound(), "/orders/o-1", None),
        (own.SnapshotVisitor(), "/wechat/callback", ("重新进入", "/")),
        (own.PageExpired(), f"{JOURNEY}/payer", ("返回修改", JOURNEY)),
        (errors.Unavailable(), "/menu", None),
        (
            agreement.AgreementExists(agreement_id="a-9"),
            "/agreements",
            ("查看这份三方协议", "/agreements/a-9"),
        ),
        (agreement.DraftExpired(), "/agreements", ("重新填写", "/agreements/new")),
        (agreement.AgreementNotFound(), "/agreements/a-1", ("查看三方协议", "/agreements")),
        (errors.DeadlineExceeded(), "/agreements", ("查看三方协议", "/agreements")),
        (errors.DeadlineExceeded(), "/agreements/a-1/cancellation", ("查看三方协议", "/agreements/a-1")),
        (contribution.UpstreamUnavailable(), "/agreements/new/account", ("再试一次", "/agreements/new")),
    ],
)
def test_the_way_on(error: ContractError, path: str, way: tuple[str, str] | None) -> None:
    assert problems.way_on(error, path) == way
