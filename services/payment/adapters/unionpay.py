"""UnionPay's netpay (protocols.md §1): what is said of an order, by whichever route it travels."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Sequence
from typing import Any

from contract.insurance import PaymentKind, years_text
from contract.money import yuan_text
from kit.clock import china
from services.payment.adapters import daily
from services.payment.adapters.base import Buyer, DailyFile, ForgedNotify, PhonePayment
from services.payment.adapters.reading import phone_payment_of, refund_report_of, report_of
from services.payment.adapters.routes import Call, NoAnswer, Route, route_of
from services.payment.adapters.signing import genuine
from services.payment.config import Config
from services.payment.domain.orders import Item, Order, Report, Trigger
from services.payment.domain.refunds import Refund, RefundReport, RefundStatus, parts_of

_log = logging.getLogger(__name__)

_ACCEPTED, _NO_ORDER, _NOT_ALLOWED = "SUCCESS", "NO_ORDER", "OPERATION_NOT_ALLOWED"


def connect(config: Config) -> Netpay:
    """UnionPay by the route that is configured."""
    return Netpay(config, route_of(config))


class Netpay:
    """Speaks to UnionPay, or to the sandbox: the wire is the same."""

    def __init__(self, config: Config, route: Route) -> None:
        self._config, self._route = config, route
        self._clock = config.clock

    def payment_page(self, order: Order) -> str:
        """See UnionPay."""
        return self._route.page(self._placing(order))

    def phone_payment(self, order: Order, buyer: Buyer) -> PhonePayment | None:
        """See UnionPay."""
        fields = {"tradeType": "JSAPI", "subAppId": buyer.app_id, "subOpenId": buyer.openid}
        code, answer = self._ask(Call.UNIFIED_ORDER, self._placing(order) | fields)
        return phone_payment_of(answer, order) if code == _ACCEPTED else None

    def query(self, order: Order) -> Report | None:
        """See UnionPay."""
        return self._report(Call.QUERY, order)

    def close(self, order: Order) -> Report | None:
        """See UnionPay. A refused close says what the order is instead: paid, or closed already."""
        return self._report(Call.CLOSE, order)

    def refund(self, order: Order, refund: Refund) -> RefundReport:
        """See UnionPay. Raises ValueError when the refund's number is not one of ours."""
        if not refund.refund_order_id.startswith(self._config.unionpay_source_number):
            raise ValueError("a refund's number begins with our source number")
        fields = {
            "refundAmount": str(refund.amount),
            "refundDesc": refund.reason,
            "targetOrderId": refund.transaction_id,
        }
        if refund.lines:
            fields["attachedData"] = _insured_lines(parts_of(order, refund))
        return self._refund_report(Call.REFUND, order, refund, **fields) or RefundReport(RefundStatus.REFUSED)

    def query_refund(self, order: Order, refund: Refund) -> RefundReport | None:
        """See UnionPay."""
        return self._refund_report(Call.REFUND_QUERY, order, refund)

    def read_notify(self, fields: dict[str, str]) -> str:
        """See UnionPay."""
        if not genuine(fields, self._config.unionpay_communication_keys):
            raise ForgedNotify()
        return fields.get("merOrderId", "")

    def report_of(self, fields: dict[str, str], order: Order) -> Report:
        """See UnionPay."""
        return report_of(fields, order, "notify")

    def fetch_settlement(self, day: dt.date, mid: str) -> DailyFile:
        """See UnionPay. It is the same on both routes."""
        return daily.settlement(self._config, day, mid)

    def _report(self, call: Call, order: Order) -> Report | None:
        code, answer = self._ask(call, self._merchant(order))
        if code == _NO_ORDER:
            return None
        if code not in (_ACCEPTED, _NOT_ALLOWED):
            return Report(Trigger.UNANSWERED, call.path)
        return report_of(answer, order, "query")

    def _refund_report(self, call: Call, order: Order, refund: Refund, **more: str) -> RefundReport | None:
        fields = self._merchant(order) | {"refundOrderId": refund.refund_order_id, **more}
        code, answer = self._ask(call, fields)
        if code == _NO_ORDER:
            return None
        if code == _NOT_ALLOWED:
            return RefundReport(RefundStatus.REFUSED)
        return (
            refund_report_of(answer, order, refund)
            if code == _ACCEPTED
            else RefundReport(RefundStatus.UNANSWERED)
        )

    def _ask(self, call: Call, fields: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """errCode and all fields of the answer; None and nothing without one."""
        try:
            answer = self._route.ask(call, fields)
        except NoAnswer as error:
            _log.warning("UnionPay gave no answer", extra={"call": call.path, "error": str(error)})
            return None, {}
        code = answer.get("errCode")
        if code not in (_ACCEPTED, _NO_ORDER, _NOT_ALLOWED):
            _log.error("UnionPay refused", extra={"call": call.path, "code": code})
        return code, answer

    def _merchant(self, order: Order) -> dict[str, Any]:
        return {
            "mid": order.mid, "tid": order.tid, "instMid": order.inst_mid, "merOrderId": order.mer_order_id,
            "requestTimestamp": _wire_time(self._clock.now()),
        }  # fmt: skip

    def _placing(self, order: Order) -> dict[str, Any]:
        return self._merchant(order) | {
            "totalAmount": order.amount,
            "orderDesc": _description(order),
            "attachedData": _insured_lines(order.items),
            "expireTime": _wire_time(order.expires_at),
            "notifyUrl": self._config.unionpay_notify_url,
            "returnUrl": self._config.unionpay_return_url + order.order_id,
            "signType": self._config.unionpay_sign_type,
        }


def _wire_time(moment: dt.datetime) -> str:
    return china(moment).strftime("%Y-%m-%d %H:%M:%S")


def _description(order: Order) -> str:
    """What the payer's bill says: 255 bytes at most, and nobody's name."""
    if len(order.items) > 1:
        return f"社会保险费，共{len(order.items)}项"
    (item,) = order.items
    back = item.kind.label if item.kind is PaymentKind.BACK else ""
    return f"{back}{years_text(item.years)}年度{item.payer_kind.label}{item.insurance_type.label}费"


def _insured_lines(items: Sequence[Item]) -> str:
    """What the tax side posts once the order is paid, or takes back when it is refunded: djxh, rybm, xzlx, jfnd and je
    of every line; the wrapped subsystem reads it from attachedData [A]. It travels in the address of UnionPay's page,
    so it is short."""
    lines = [
        # A 征收品目 begins with its 征收项目.
        f"{item.registration_number} {item.person_number} {item.product_code[:5]} {line.year} {yuan_text(line.amount)}"
        for item in items
        for line in item.lines
    ]
    return json.dumps({"lines": lines}, separators=(",", ":"))
