"""What an auditor reads of an act besides who did what: `name=value` of the journals, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from contract.audit import RowFault
from contract.insurance import Channel
from contract.money import yuan_text
from contract.reconciliation import BreakAction
from contract.refunds import RefundOrigin, RefundState
from contract.rights import ConsentKind
from contract.staff import Role

ORDER_STATES = {
    "placed": "已下单", "submitted": "待支付", "unknown": "待银联确认", "paid": "缴费成功", "failed": "缴费失败",
    "closed": "已关闭", "refunding": "退费中", "refunded": "已退费",
}  # fmt: skip
"""What staff call the states of an order."""

NAMES = {
    "amount": "金额", "items": "缴费项数", "channel": "缴费方式", "from": "原来", "to": "现在", "trigger": "起因",
    "refund": "退费编号", "origin": "发起", "rows": "行数", "format": "格式", "stage": "进度", "owner": "分派给",
    "chosen": "处理办法", "order": "银联订单号", "kind": "授权内容", "version": "版本", "import": "导入编号",
    "question": "查询内容", "asked_as": "查询对象", "pooling": "统筹区", "by": "查找方式", "found": "找到笔数",
    "orders": "缴费编号", "row": "记录", "fault": "不符之处", "as": "微信用户", "consumers": "重新处理的事项数",
    "seals": "重新封印数", "seal_version": "封印密钥版本", "what": "变更", "role": "角色", "pooling_code": "统筹区",
    "failures": "连续错误次数",
}  # fmt: skip
"""What an act says more of itself, by the name its service gives it."""

TRIGGERS = {
    "awaited": "银联已受理，等待付款", "succeeded": "银联确认已付款", "mispaid": "银联收到的金额或商户不符",
    "shut": "银联确认已关闭", "unanswered": "银联没有明确答复", "not_opened": "银联还没有这笔订单",
    "never_seen": "银联没有这笔订单，且已过时或已放弃", "given_back": "银联确认已全额退回",
    "partly_back": "银联确认退回了一部分", "refund_begun": "开始退费", "partly_refunded": "一部分已退费",
    "all_refunded": "全部已退费",
}  # fmt: skip
"""Why an order moved, by payment's word for it."""

_WORDS: dict[str, Mapping[str, str]] = {
    "channel": {one.value: one.label for one in Channel},
    "origin": {one.value: one.label for one in RefundOrigin},
    "chosen": {one.value: one.label for one in BreakAction},
    "kind": {one.value: one.label for one in ConsentKind},
    "role": {one.value: one.label for one in Role},
    "trigger": TRIGGERS,
    "stage": {"begun": "开始下载", "complete": "下载完成", "broken off": "下载中断"},
    "asked_as": {"own": "本人", "picked": "代缴名单中的人", "typed": "录入的人"},
    "by": {"number": "缴费编号", "hint": "姓名和证件号码后四位"},
    "what": {"reset": "重置密码", "released": "解除锁定", "enabled": "启用", "disabled": "停用"},
    "fault": {one.value: one.label for one in RowFault},
}
_OF_REFUNDS = {one.value: one.label for one in RefundState}
_PART = re.compile(r"(\w+)=(.*?)(?= \w+=|$)", re.DOTALL)


def details(action: str, detail: str) -> str:
    """What was said of an act of that kind, in words; what nobody has words for stays as it is."""
    states = _OF_REFUNDS if action.startswith("refund.") else ORDER_STATES
    told = [
        f"{NAMES.get(name, name)}：{_value(name, value, states)}" for name, value in _PART.findall(detail)
    ]
    return "；".join(told) or detail


def _value(name: str, value: str, states: Mapping[str, str]) -> str:
    if name in ("from", "to"):
        return states.get(value, value)
    if name == "amount" and value.isdigit():
        return f"{yuan_text(int(value))}元"
    known = _WORDS.get(name, {})
    if name == "what" and value not in known:  # another role, and its pooling level where it has one
        role, _, level = value.partition(" ")
        return f"{_WORDS['role'].get(role, role)} {level}".strip()
    return known.get(value, value)
