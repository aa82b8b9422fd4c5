"""Words of the business that several payloads share (design.md §1)."""

from __future__ import annotations

import enum


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
    """缴费类型 (3.2.1.6): 正常缴费 for a year that is open, 补缴 for all earlier years at once."""

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
