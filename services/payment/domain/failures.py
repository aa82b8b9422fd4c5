"""What a payer reads when a payment did not happen, and of money that is not the order's (3.2.1.12(2), 3.2.1.15)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why a payment did not happen, in the person's words, and what to do."""

    reason: str
    advice: str


_PAY_AGAIN = "请重新进入“社保费缴费”办理缴费。"
FAILURES: dict[str, Failure] = {
    "expired": Failure("超过支付时限未支付，订单已关闭，没有扣款", _PAY_AGAIN),
    "closed_by_buyer": Failure("您在支付页面取消了支付，没有扣款", _PAY_AGAIN),
    "closed_by_payer": Failure("您放弃了本次缴费，没有扣款", _PAY_AGAIN),
    "declined": Failure(
        "银行或微信支付未能完成扣款，没有扣款", "请检查账户余额或更换支付方式后，" + _PAY_AGAIN
    ),
    "mispaid": Failure("支付金额与应缴金额不一致，已付款项将原路退回", "款项退回后，" + _PAY_AGAIN),
    "given_back": Failure("本次缴费没有完成，您支付的款项已原路退回", _PAY_AGAIN),
    "partly_back": Failure(
        "本次缴费没有完成，您支付的款项已部分退回，其余将原路退回", "款项退回后，" + _PAY_AGAIN
    ),
    "closed": Failure("支付未完成，订单已关闭，没有扣款", _PAY_AGAIN + "如有疑问请联系12366排查。"),
}
"""By `failure_code`; an unknown code reads as `closed`."""


def failure(code: str | None) -> Failure:
    """The texts of a failure code."""
    return FAILURES.get(code or "", FAILURES["closed"])


PENDING_REFUND = "我们收到了一笔不应由本订单收取的款项，将原路退回，请留意到账。如有疑问请拨打12366。"
RETURNED = "本次缴费没有完成，您支付的款项已原路退回，请留意到账。如有疑问请拨打12366。"
