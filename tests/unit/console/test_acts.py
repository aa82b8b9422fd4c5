"""What an auditor reads of an act."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from contract.payment import OrderState
from services.console.domain.acts import NAMES, ORDER_STATES, TRIGGERS, details
from services.payment.domain.orders import Trigger
from tests.architecture.sources import files, tree


def _given(scope: ast.AST) -> Iterator[str]:
    """Names in what is given as an act's detail: a dictionary there, or one called `told` or returned as Told."""
    for node in ast.walk(scope):
        held: list[ast.AST] = []
        if isinstance(node, ast.keyword) and node.arg == "detail":
            held = [node.value]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            held = [node.value] if any(getattr(one, "id", "") == "told" for one in targets) else []
        elif isinstance(node, ast.FunctionDef) and getattr(node.returns, "id", "") == "Told":
            held = [
                one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None
            ]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "note":
            yield from (one.arg for one in node.keywords if one.arg and one.arg != "result")
        for value in held:
            for found in ast.walk(value):
                if isinstance(found, ast.Dict):
                    yield from (key.value for key in found.keys if isinstance(key, ast.Constant))


def _named() -> set[str]:
    """The names of details in every file that journals acts."""
    sources = [path for path in files("services", "kit") if "Act(" in path.read_text(encoding="utf-8")]
    sources += list(files("services/console/usecases"))
    found = {name for path in sources for name in _given(tree(path))}
    assert {"amount", "trigger", "orders", "chosen", "failures", "role", "as", "refund"} <= found, (
        "all are looked at"
    )
    return found


@pytest.mark.parametrize("name", sorted(_named()))
def test_every_detail_a_service_journals_has_a_name_in_words(name: str) -> None:
    assert name in NAMES


def test_every_state_and_trigger_of_an_order_has_words() -> None:
    assert set(ORDER_STATES) == set(OrderState)
    assert set(TRIGGERS) == set(Trigger)


@pytest.mark.parametrize(
    ("action", "detail", "told"),
    [
        ("order.moved", "from=submitted to=paid trigger=succeeded amount=40000",
         "原来：待支付；现在：缴费成功；起因：银联确认已付款；金额：400.00元"),
        ("refund.moved", "refund=r-1 amount=100 from=requested to=submitted",
         "退费编号：r-1；金额：1.00元；原来：待提交；现在：银联处理中"),
        ("person.queried", "by=hint found=2 orders=o-1 o-2",
         "查找方式：姓名和证件号码后四位；找到笔数：2；缴费编号：o-1 o-2"),
        ("account.changed", "what=authority 4501", "变更：税务经办 4501"),
        ("account.changed", "what=released", "变更：解除锁定"),
        ("row.restored", "row=('o-1',) fault=altered", "记录：('o-1',)；不符之处：业务记录被改动"),
        ("login", "", ""),
        ("login", "new=1", "new：1"),
    ],
)  # fmt: skip
def test_details_are_told_in_words(action: str, detail: str, told: str) -> None:
    assert details(action, detail) == told
