"""What somebody at a desk reads first of a break or a refund: where the money is, and what to do next."""

from __future__ import annotations

from contract.reconciliation import BreakKind, Party
from contract.refunds import RefundState

_U, _C = Party.UNIONPAY, Party.CORE

BREAKS = {
    (_U, BreakKind.MISSING_WITH_US): (
        "银联账单里有这笔钱，我方没有记为已支付：钱可能已经收下，缴费没有记上。先向银联查询；"
        "我方没有这笔订单的，移交银联核实。"
    ),
    (_U, BreakKind.MISSING_WITH_UNIONPAY): (
        "我方记为已支付（或已退费），银联这一天的账单里没有。先向银联查询；"
        "银联答复已支付的，多半晚一天入账，再对一次账会自动关闭。"
    ),
    (_U, BreakKind.AMOUNT): (
        "同一笔钱，银联和我方的金额不同。银联多收的，立退费单退给缴费人；银联少收的，移交银联核实。"
    ),
    (_U, BreakKind.DATE_CUT): (
        "临近零点支付，银联通常记在第二天的账单里。第二天对账后自动关闭，现在不用处理；"
        "到时没有关闭的，再向银联查询。"
    ),
    (_U, BreakKind.UNKNOWN_MERCHANT): "这笔钱结算到了别的商户号，不是订单的商户。移交银联核实款项去向。",
    (_U, BreakKind.DUPLICATE): (
        "银联有两条同样的记录，可能向缴费人收了两次钱。确认收了两次的，立退费单退回多收的一笔；"
        "只是账单重复的，移交银联核实。"
    ),
    (_C, BreakKind.MISSING_WITH_US): (
        "征收子系统入库了这笔缴费，我方这一天没有。先看钱在哪里："
        "我方订单没有支付或者已经退回的，移交征收子系统冲销。"
    ),
    (_C, BreakKind.MISSING_WITH_CORE): (
        "钱已经收到，征收子系统还没有入库，缴费人在社保部门查不到这笔缴费。移交征收子系统补登；"
        "补登后再对一次账会自动关闭。"
    ),
    (_C, BreakKind.AMOUNT): "钱已经收到，征收子系统入库的金额不同。移交征收子系统更正。",
    (_C, BreakKind.STATE): (
        "一边已经退费或作废，另一边没有。先向银联查询钱是否已经退回：退回的，移交征收子系统作废；"
        "没有退的，核实是否应当退费。"
    ),
    (_C, BreakKind.DATE_CUT): "临近零点支付，征收子系统通常第二天入库。第二天对账后自动关闭，现在不用处理。",
    (_C, BreakKind.DUPLICATE): "征收子系统同一笔缴费入库了两次，钱只收了一次。移交征收子系统冲销。",
}
"""Of every kind of break there is, by whose records differ from ours."""

REFUNDS = {
    RefundState.REQUESTED: "款项还没有退。系统会马上向银联提交，不用人工处理。",
    RefundState.SUBMITTED: "银联已经受理，正在退回缴费人原来的支付账户。系统会自动查询结果，不用人工处理。",
    RefundState.UNKNOWN: "银联没有明确答复，款项可能已经退回，也可能没有。系统会继续查询，请不要另行退款。",
    RefundState.REFUNDED: "银联已经退款，款项退回缴费人原来的支付账户，到账时间以银行为准。",
    RefundState.FAILED: (
        "款项没有按应退金额退给缴费人，系统不会自己再退。请按失败原因在银联商户平台核实，再重新提交。"
    ),
}
"""Of every state of a refund."""
