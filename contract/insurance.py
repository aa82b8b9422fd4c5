"""Words of the business that several payloads share (design.md §1)."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class InsuranceType(enum.StrEnum):
    """险种."""

    PENSION = "pension"
    MEDICAL = "medical"

    @property
    def label(self) -> str:
        return {"pension": "养老保险", "medical": "医疗保险"}[self.value]


class PayerKind(enum.StrEnum):
    """缴费类型: who contributes under which scheme; values are the upstream's jflxDm."""

    RESIDENT = "0"
    FLEXIBLE = "1"

    @property
    def label(self) -> str:
        return {"0": "城乡居民", "1": "灵活就业人员"}[self.value]


class PaymentKind(enum.StrEnum):
    """缴费类型 of 3.2.1.6 as the page asks it: 正常缴费 for one year that is open, 补缴 for all earlier years."""

    NORMAL = "normal"
    BACK = "back"

    @property
    def label(self) -> str:
        return {"normal": "正常缴费", "back": "补缴"}[self.value]


class Channel(enum.StrEnum):
    """缴费方式: where the payer paid (requirement 3.2.1.12)."""

    WECHAT_ACCOUNT = "wechat_account"
    WECHAT_CITY = "wechat_city"
    ALIPAY_CITY = "alipay_city"

    @property
    def label(self) -> str:
        return {
            "wechat_account": "广西税务12366微信公众号",
            "wechat_city": "微信城市服务",
            "alipay_city": "支付宝城市服务",
        }[self.value]


def years_text(years: Iterable[int]) -> str:
    """Contribution years as one reads them, runs in short: 2026; 2014、2016-2023."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return "、".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
