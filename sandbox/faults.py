"""How the outside world misbehaves: settings for everything, for one order or for one person.

Draws come from one seeded stream per kind of fault, so the n-th call of a kind meets the same fate in
every run with the same seed and settings.
"""

from __future__ import annotations

import copy
import json
import random
import threading
from collections.abc import Mapping
from typing import Any

from sandbox.store import Store

Settings = dict[str, Any]

_CHANNEL: Settings = {
    "error_rate": 0.0,
    "timeout_rate": 0.0,
    "accept_then_timeout_rate": 0.0,
    "latency_ms": 0,
    "timeout_seconds": 60.0,
}
DEFAULTS: Settings = {
    "seed": 1,
    "wechat_auto": "",
    "wechat_refuses": "",
    "notify": {
        "lost_rate": 0.0,
        "duplicate_rate": 0.0,
        "forged_rate": 0.0,
        "delay_seconds": [0.0, 0.0],
        "method": "POST",
        "sign_type": "",
        "retry_schedule": [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0],
        "retry_on_failure": True,
        "timeout_seconds": 10.0,
    },
    "unionpay": _CHANNEL
    | {
        "query_unknown_rate": 0.0,
        "outcome": "success",
        "refund_status": "SUCCESS",
        "refund_delay_seconds": 0.0,
        "refund_ends": "SUCCESS",
        "posting_delay_seconds": 0.0,
        "timestamp_skew_seconds": 600,
    },
    "settlement": {
        "missing_rate": 0.0,
        "other_amount_rate": 0.0,
        "extra_rate": 0.0,
        "twice_rate": 0.0,
        "late_rate": 0.0,
        "other_merchant_rate": 0.0,
        "early": False,
        "damage": "",
    },
    "records": {
        "missing_rate": 0.0,
        "other_amount_rate": 0.0,
        "voided_rate": 0.0,
        "extra_rate": 0.0,
        "early": False,
        "damage": "",
    },
    "taxbank": _CHANNEL | {"single_item": "object", "timestamp_skew_seconds": 600},
    "taxcore": _CHANNEL | {"transaction": ""},
    "eseal": _CHANNEL | {"level": "B-LT", "timestamp_skew_seconds": 600},
    "realname": _CHANNEL | {"timestamp_skew_seconds": 600},
    "sms": dict(_CHANNEL),
    "aliyun": dict(_CHANNEL),
    "smsgateway": dict(_CHANNEL),
    "receipts": {
        "url": "",
        "delay_seconds": [0.0, 0.0],
        "lost_rate": 0.0,
        "fail_rate": 0.0,
        "failure": "UNDELIV",
        "duplicate_rate": 0.0,
        "retry_schedule": [60.0, 300.0, 600.0],
        "timeout_seconds": 5.0,
    },
    "wechat": dict(_CHANNEL),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "method": ("POST", "GET"),
    "sign_type": ("", "MD5", "SHA256"),
    "outcome": ("success", "fail"),
    "damage": ("", "truncated", "heading", "html", "lines"),
    "refund_ends": ("SUCCESS", "FAIL"),
    "refund_status": ("SUCCESS", "PROCESSING", "FAIL", "UNKNOWN"),
    "single_item": ("object", "array"),
    "level": ("B-B", "B-T", "B-LT"),
}
GLOBAL = "global"


class BadFaults(ValueError):
    """A change names an unknown setting or a value it cannot have; the message is Chinese."""


def merged(base: Settings, change: Mapping[str, Any], path: str = "") -> Settings:
    """``base`` with ``change`` laid over it; raises ``BadFaults`` naming the setting at fault."""
    result = copy.deepcopy(base)
    for name, value in change.items():
        where = f"{path}{name}"
        if name not in base:
            raise BadFaults(f"没有 {where} 这个设置")
        if isinstance(base[name], dict):
            if not isinstance(value, Mapping):
                raise BadFaults(f"{where} 应是一组设置")
            result[name] = merged(base[name], value, f"{where}.")
        else:
            result[name] = _checked(where, name, base[name], value)
    return result


def _checked(where: str, name: str, old: Any, value: Any) -> Any:
    if name in CHOICES:
        good = value in CHOICES[name]
    elif isinstance(old, bool):
        good = isinstance(value, bool)
    elif isinstance(old, int | float):
        good = _is_number(value) and value >= 0 and (value <= 1 or not name.endswith("_rate"))
    elif isinstance(old, list):
        good = isinstance(value, list) and all(_is_number(item) and item >= 0 for item in value)
        good = good and (name != "delay_seconds" or (len(value) == 2 and value[0] <= value[1]))
    else:
        good = isinstance(value, str)
    if not good:
        raise BadFaults(f"{where} 不能是 {value!r}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Faults:
    """The settings in force and the draws made from them. Settings survive a restart; draws begin anew."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._changes: dict[str, Settings] = {}
        self._streams: dict[str, random.Random] = {}
        self.reload()

    def reload(self) -> None:
        """Read the settings from the store and start every stream again."""
        rows = self._store.all("SELECT scope, body FROM fault_settings")
        self._changes = {row["scope"]: json.loads(row["body"]) for row in rows}
        self._global = merged(DEFAULTS, self._changes.get(GLOBAL, {}))
        self._streams.clear()

    def effective(self, scope: str = GLOBAL, person: Mapping[str, Any] | None = None) -> Settings:
        """Global settings, under a person's own (``person``), under those set for ``scope``."""
        change = self._changes.get(scope) if scope != GLOBAL else None
        if not change and not person:
            return self._global
        return merged(merged(self._global, person or {}), change or {})

    def change(self, scope: str, change: Mapping[str, Any]) -> Settings:
        """Lay ``change`` over what is set for ``scope``, keep it, and return what is now in force."""
        combined = _deep_update(self._changes.get(scope, {}), change)
        merged(DEFAULTS, combined)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO fault_settings VALUES (?, ?)"
                " ON CONFLICT (scope) DO UPDATE SET body = excluded.body",
                (scope, json.dumps(combined)),
            )
        self._changes[scope] = combined
        if scope == GLOBAL:
            self._global = merged(DEFAULTS, combined)
            if "seed" in change:
                self._streams.clear()
        return self.effective(scope)

    def happens(self, kind: str, rate: float) -> bool:
        """Whether the next fault of that kind happens. Nothing is drawn when the rate is 0."""
        return rate > 0 and self.between(kind, 0.0, 1.0) < rate

    def between(self, kind: str, low: float, high: float) -> float:
        if low == high:
            return low
        with self._lock:
            if kind not in self._streams:
                self._streams[kind] = random.Random(f"{self._global['seed']}:{kind}")  # noqa: S311
            return low + (high - low) * self._streams[kind].random()


def _deep_update(base: Mapping[str, Any], change: Mapping[str, Any]) -> Settings:
    result = copy.deepcopy(dict(base))
    for name, value in change.items():
        old = result.get(name)
        result[name] = (
            _deep_update(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
        )
    return result
