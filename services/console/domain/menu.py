"""Which pages there are for whom: those whose first method the role may call (contract.staff.RIGHTS)."""

from __future__ import annotations

from typing import NamedTuple

from contract.staff import RIGHTS, Role

ACCOUNT_READERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""Accounts are the console's own: who may list them. Only an administrator changes them."""


class Entry(NamedTuple):
    """A page in the menu, and the method without which it is of no use."""

    path: str
    title: str
    method: str


_PAGES = (
    Entry("/home", "首页", ""),
    Entry("/orders", "订单查询", "payment.find_orders"),
    Entry("/tiers", "缴费标准", "contribution.list_tier_imports"),
    Entry("/reconciliation", "对账", "payment.list_breaks"),
    Entry("/refunds", "退费", "payment.list_refunds"),
    Entry("/certificates", "缴费证明", "certificate.find_certificate"),
    Entry("/schools", "学校授权", "certificate.list_authorised"),
    Entry("/messages", "短信", "notify.list_messages"),
    Entry("/parking", "停放消息", "payment.list_parked"),
    Entry("/expiry", "证书与密钥", "certificate.list_seals"),
    Entry("/accounts", "账号管理", "console.list_accounts"),
    Entry("/audit", "审计", "payment.list_acts"),
)


def may(role: Role | None, method: str) -> bool:
    """Whether a role may call a method; everybody may see their home page."""
    if method == "console.list_accounts":
        return role in ACCOUNT_READERS
    return not method or role in RIGHTS[method]


def menu_of(role: Role) -> tuple[Entry, ...]:
    """The pages of a role."""
    return tuple(entry for entry in _PAGES if may(role, entry.method))
