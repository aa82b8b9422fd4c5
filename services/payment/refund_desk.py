"""退费办理（工作台上线前由运维人员使用）：

python -m services.payment.refund_desk list [--order 缴费编号] [--state failed]
python -m services.payment.refund_desk show 退费编号
python -m services.payment.refund_desk request 缴费编号 --reason 原因 --operator 工号 --name 姓名
       [--part 社保编号:pension:2021,2022]…   只退其中部分；不写年度为该险种全部年度，可写多次
       [--key 申请编号]                        同一申请编号不会重复退费
python -m services.payment.refund_desk retry 退费编号 --operator 工号 --name 姓名
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Sequence

from contract.errors import ContractError
from contract.insurance import InsuranceType, years_text
from contract.money import yuan_text
from contract.refunds import (
    ListRefunds,
    Operator,
    RefundNamed,
    RefundPart,
    RefundState,
    RefundView,
    RequestRefund,
    RetryRefund,
)
from kit.audit import command_line
from kit.clock import china_text
from kit.config import ConfigurationError, read
from kit.crypto import KeyRing
from kit.database import Database
from kit.outbox import Outbox
from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.models import outbox
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.usecases import refunding
from services.payment.usecases.wiring import Wiring


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        settings = read(Config)
    except ConfigurationError as error:
        print("配置无法读取：", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    try:
        _act(chosen, _wiring(settings))
    except ContractError as error:
        print(f"未办理：{error.message}", file=sys.stderr)
        return 1
    return 0


def part(text: str) -> RefundPart:
    """`社保编号:pension:2021,2022` or `社保编号:medical`. Raises ValueError."""
    number, kind, *years = text.split(":")
    return RefundPart(number, InsuranceType(kind), tuple(map(int, years[0].split(","))) if years else ())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.payment.refund_desk", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="最近的退费")
    listing.add_argument("--order")
    listing.add_argument("--state", type=RefundState, choices=tuple(RefundState))
    showing = actions.add_parser("show", help="一笔退费")
    showing.add_argument("refund_id")
    asking = actions.add_parser("request", help="申请退费")
    asking.add_argument("order_id")
    asking.add_argument("--reason", required=True)
    asking.add_argument("--part", type=part, action="append", default=[])
    asking.add_argument("--key", default="")
    retrying = actions.add_parser("retry", help="失败的退费重新提交")
    retrying.add_argument("refund_id")
    for action in (asking, retrying):
        action.add_argument("--operator", required=True)
        action.add_argument("--name", required=True)
    return parser


def _act(chosen: argparse.Namespace, w: Wiring) -> None:
    if chosen.action == "list":
        found = refunding.list_refunds(ListRefunds(chosen.order, chosen.state), w).refunds
        for refund in found:
            print(_line(refund))
        print(f"共 {len(found)} 笔")
    elif chosen.action == "show":
        _show(refunding.get_refund(RefundNamed(chosen.refund_id), w))
    elif chosen.action == "request":
        operator, key = Operator(chosen.operator, chosen.name), chosen.key or str(uuid.uuid4())
        request = RequestRefund(operator, chosen.order_id, chosen.reason, key, tuple(chosen.part))
        _show(refunding.request_refund(request, w))
    else:
        operator = Operator(chosen.operator, chosen.name)
        _show(refunding.retry_refund(RetryRefund(operator, chosen.refund_id), w))


def _line(refund: RefundView) -> str:
    return "  ".join(
        (refund.refund_id, refund.state.label, f"{yuan_text(refund.amount)}元", refund.origin.label,
         china_text(refund.requested_at), f"缴费编号 {refund.order_id}")
    )  # fmt: skip


def _show(refund: RefundView) -> None:
    print(f"退费编号：{refund.refund_id}", f"缴费编号：{refund.order_id}", f"银联退款单号：{refund.refund_number}",
          f"状态：{refund.state.label}", f"金额：{yuan_text(refund.amount)}元", f"原因：{refund.reason}",
          f"发起：{refund.origin.label} {refund.operator_name}", f"申请时间：{china_text(refund.requested_at)}",
          sep="\n")  # fmt: skip
    for item in refund.items:
        print(f"  {item.insured_name} {item.insured_number} 社保编号{item.person_number}"
              f" {item.insurance_type.label} {years_text(item.years)}年 {yuan_text(item.amount)}元")  # fmt: skip
    if refund.refunded_at:
        print(f"退费时间：{china_text(refund.refunded_at)}")
    elif refund.next_action_at:
        print(f"下次处理：{china_text(refund.next_action_at)}")
    if refund.failure:
        print(f"失败原因：{refund.failure}")


def _wiring(settings: Config) -> Wiring:
    return Wiring(
        Database(settings.database_url), OrderStorage(), RefundStorage(), ExternalStorage(), connect(settings),
        Outbox(outbox, settings.service), KeyRing.parse(settings.quote_keys), settings.clock, settings,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
