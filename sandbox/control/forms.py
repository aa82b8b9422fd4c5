"""The fault settings as a form: Chinese labels for each setting, and the way back from form to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.faults import CHOICES, DEFAULTS, BadFaults

_CHANNEL = {
    "error_rate": "直接报 503 的比例（0 到 1）",
    "timeout_rate": "不处理也不回答的比例（0 到 1）",
    "accept_then_timeout_rate": "处理了但不回答的比例（0 到 1）",
    "latency_ms": "每次回答延迟（毫秒）",
    "timeout_seconds": "不回答时挂起多久（秒）",
}
GROUPS: dict[str, tuple[str, dict[str, str]]] = {
    "notify": ("支付通知", {
        "lost_rate": "丢失的比例（0 到 1）",
        "duplicate_rate": "重复的比例（0 到 1）",
        "forged_rate": "另有伪造通知的比例（0 到 1）",
        "delay_seconds": "延迟范围（秒，最小,最大）",
        "method": "发送方式",
        "sign_type": "签名方式（空 = 按订单）",
        "retry_schedule": "重试间隔（秒，逗号分隔）",
        "retry_on_failure": "没有得到 SUCCESS 时重试",
        "timeout_seconds": "等待回答（秒）",
    }),
    "unionpay": ("银联商务", _CHANNEL | {
        "query_unknown_rate": "查询回答 UNKNOWN 的比例（0 到 1）",
        "outcome": "支付结果",
        "refund_status": "退款结果",
        "refund_delay_seconds": "退款处理时间（秒）",
        "refund_ends": "处理时间过后退款变为",
        "posting_delay_seconds": "缴费后多久入库（秒）",
        "timestamp_skew_seconds": "允许的时间戳偏差（秒，0 不检查）",
    }),
    "settlement": ("对账文件", {
        "missing_rate": "缺少一行的比例（0 到 1）",
        "other_amount_rate": "金额不一致的比例（0 到 1）",
        "extra_rate": "多出一行的比例（0 到 1）",
        "early": "当天的文件也可下载",
    }),
    "taxbank": ("税银子系统", _CHANNEL | {
        "single_item": "只有一条时列表的形式",
        "timestamp_skew_seconds": "允许的时间戳偏差（秒，0 不检查）",
    }),
    "taxcore": ("社保征收子系统", _CHANNEL),
    "eseal": ("电子签章平台", _CHANNEL),
    "realname": ("移动办税实名库", _CHANNEL | {"timestamp_skew_seconds": "允许的时间戳偏差（秒，0 不检查）"}),
    "sms": ("短信", _CHANNEL),
    "wechat": ("微信", _CHANNEL),
}  # fmt: skip


def form_change(form: Mapping[str, str], current: Mapping[str, Any]) -> dict[str, Any]:
    """Fields named ``group.setting`` (or a bare setting) that differ from ``current``; raises ``BadFaults``."""
    change: dict[str, Any] = {}
    for name, text in form.items():
        group, _, setting = name.rpartition(".")
        old = DEFAULTS.get(group, {}).get(setting) if group else DEFAULTS.get(setting)
        value = _value(name, setting, old, text.strip())
        known = current.get(group, {}) if group else current
        if value != known.get(setting):
            (change.setdefault(group, {}) if group else change)[setting] = value
    return change


def _value(name: str, setting: str, old: Any, text: str) -> Any:
    try:
        if isinstance(old, bool):
            return text == "1"
        if isinstance(old, list):
            return [float(part) for part in text.replace("，", ",").split(",") if part.strip()]
        if isinstance(old, int | float) and setting not in CHOICES:
            return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise BadFaults(f"{name} 不是数字") from None
    return text
