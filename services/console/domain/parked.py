"""What an operator reads of a parked event: what has not been done, why, and what helps. Services' own words are for
their logs, in English; they are shown beside these."""

from __future__ import annotations

import re

SERVICES = {
    "gateway": "居民端网关", "identity": "身份与代缴关系", "contribution": "参保与申报", "payment": "支付",
    "notify": "短信提醒", "certificate": "缴费证明",
}  # fmt: skip
"""What staff call the services that take events."""

UNDONE = {
    ("gateway", "end_sessions_of_older_phones"): "换手机号后退出旧手机的登录",
    ("gateway", "forget_person"): "注销后退出登录、删除未办完的内容",
    ("identity", "record_payment"): "记下为谁缴过费",
    ("contribution", "forget_person"): "注销后删除三方协议中的个人信息",
    ("payment", "record_external_success"): "登记其他渠道的缴费",
    ("payment", "record_external_failure"): "登记其他渠道未成功的缴费",
    ("payment", "record_external_refund"): "登记其他渠道的退费",
    ("payment", "take_refund_request"): "受理社保征收子系统的退费申请",
    ("notify", "remind_of_success"): "发缴费成功提醒",
    ("notify", "remind_of_failure"): "发缴费未成功提醒",
    ("notify", "remind_of_refund"): "发退费提醒",
    ("notify", "remind_of_return"): "发款项退回提醒",
    ("notify", "forget_person"): "注销后删除提醒中的个人信息",
    ("certificate", "forget_person"): "注销后删除缴费证明中的个人信息",
}
"""What a service does with an event, by the name of what takes it."""

_MISFIT = re.compile(r"^\w+ does not fit its schema: (?P<fields>.*)$")
_OURS = re.compile(r"^\w+: (?P<words>[\u4e00-\u9fff].*)$", re.DOTALL)
_NOT_OURS = "not a CloudEvent", "not CloudEvents"
_UNFIT = "UnfitEvent: "
_STRANGER = "PUBLISHER_KEYS"


def undone(service: str, consumer: str) -> str:
    """What has not been done; the name of what should have, where it is new."""
    return UNDONE.get((service, consumer), consumer)


def why(reason: str) -> str:
    """Why it could not be handled, in words."""
    if misfit := _MISFIT.match(reason):
        return f"内容不符合约定，缺少或填错：{misfit['fields']}"
    if reason.startswith(_NOT_OURS):
        return "不是约定格式（CloudEvents 1.0）的消息"
    if _STRANGER in reason:
        return "发布方没有登记，或者登记的密钥不符"
    if reason.startswith(_UNFIT):
        return "内容不符合约定"
    if refused := _OURS.match(reason):
        return refused["words"]
    return "处理时出错，已试过多次"


def advice(reason: str) -> str:
    """What helps: what does not fit never will, and whatever else failed may be tried again."""
    if _STRANGER in reason:
        return "核实发布方：是约定的系统，登记它的密钥后重新处理；不是的，按安全事件处理，写明原因后丢弃。"
    if _MISFIT.match(reason) or reason.startswith((_UNFIT, *_NOT_OURS)):
        return "重新处理也不会成功：请发布方按约定改正，用新的编号重新发布；确认收到后丢弃这一条。"
    return "先消除原因（对方系统、数据库或程序的故障），再重新处理。处理过的不会重复生效。"
