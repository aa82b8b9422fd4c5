"""Who of the staff acts, and who of them may call what (security.md 4, 6). The one table of rights.

A call made for a member of staff carries who that is, sealed by the console for this call alone (kit/staff.py). The
service that owns the data opens the seal itself and looks into RIGHTS before anything else; which pooling level an
operator sees is then the use case's to hold, because only it knows what belongs where.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from contract.errors import Refused

PROVINCE = "450000"
"""The pooling level above all others."""


class Role(enum.StrEnum):
    """What an account is for. Nobody has two: who makes accounts does not act with them, who audits does not act."""

    ADMINISTRATOR = "administrator"
    AUTHORITY = "authority"
    AUDITOR = "auditor"
    SUPPORT = "support"

    @property
    def label(self) -> str:
        return {
            "administrator": "系统管理员", "authority": "税务经办", "auditor": "安全审计员", "support": "热线客服",
        }[self.value]  # fmt: skip


class StaffUnproven(Refused):
    """The call does not prove who of the staff makes it: no seal, a forged or moved one, or one too old."""

    code = "staff_unproven"
    text = "没有证明是哪位工作人员在办理，没有办理。请重新登录工作台再试。"


class NotOfThisRole(Refused):
    """The account's role may not do this."""

    code = "not_of_this_role"
    text = "您的岗位不能办理这项业务，没有改动任何内容。"


class NotOfThisLevel(Refused):
    """What was named belongs to a pooling level that the account does not reach."""

    code = "not_of_this_level"
    text = "只能办理本统筹级次及下级的业务，没有改动任何内容。"


@dataclass(frozen=True)
class Staff:
    """Who acts. `account` tells them from others, `pooling_code` is the pooling level they work for: 450000, 450100,
    450103."""

    account: str
    name: str
    role: Role
    pooling_code: str = PROVINCE

    def reaches(self, code: str) -> bool:
        """Whether a division or agency, by its code, lies in the pooling level of this account. What is of no known
        place belongs to the province."""
        return code.startswith(reach_of(self.pooling_code))


def reach_of(level: str) -> str:
    """What the codes of a pooling level and of all below it begin with: 45, 4501 or 450103. The province's is empty
    too, because what has no code is its own."""
    if level == PROVINCE:
        return ""
    while level.endswith("00"):
        level = level.removesuffix("00")
    return level


def known_as(staff: Staff) -> str:
    """How others read who did something: 韦秀兰（wei）."""
    return f"{staff.name}（{staff.account}）"


_A, _T, _U, _S = Role.ADMINISTRATOR, Role.AUTHORITY, Role.AUDITOR, Role.SUPPORT

_PARKING = {"list_parked": {_A, _U}, "get_parked": {_A}, "replay_parked": {_A}, "discard_parked": {_A}}
"""Served by every service that takes events."""

RIGHTS: Mapping[str, frozenset[Role]] = {
    name: frozenset(roles)
    for name, roles in {
        "contribution.list_pooling_levels": {_A, _T, _U, _S},
        "contribution.make_tier_template": {_T},
        "contribution.preview_tiers": {_T},
        "contribution.submit_tiers": {_T},
        "contribution.approve_tiers": {_T},
        "contribution.reject_tiers": {_T},
        "contribution.list_tier_imports": {_T, _U},
        "contribution.get_tier_import": {_T, _U},
        "contribution.list_tier_history": {_T, _U},
        "payment.total_day": {_T, _U, _S},
        "payment.find_orders": {_T, _S},
        "payment.run_reconciliation": {_T},
        "payment.list_runs": {_T, _U},
        "payment.list_breaks": {_T, _U},
        "payment.get_break": {_T, _U},
        "payment.assign_break": {_T},
        "payment.resolve_break": {_T},
        "payment.close_break": {_T},
        "payment.report_reconciliation": {_T, _U},
        "payment.request_refund": {_T},
        "payment.retry_refund": {_T},
        "payment.get_refund": {_T, _U, _S},
        "payment.list_refunds": {_T, _U, _S},
        "payment.list_payment_keys": {_A, _U},
        "notify.list_messages": {_A, _S, _U},
        "notify.report_delivery": {_A, _S, _U},
        "notify.list_providers": {_A, _S, _U},
        "notify.replay_message": {_A},
        "certificate.find_certificate": {_T, _U, _S},
        "certificate.void_certificate": {_T},
        "certificate.reissue_certificate": {_T},
        "certificate.list_authorised": {_T, _U},
        "certificate.authorise_school": {_T},
        "certificate.end_school": {_T},
        "certificate.list_seals": {_A, _U},
        **{
            f"{service}.list_acts": {_U}
            for service in ("gateway", "identity", "contribution", "payment", "notify", "certificate")
        },
        **{
            f"{service}.{name}": roles
            for service in ("gateway", "identity", "contribution", "payment", "notify", "certificate")
            for name, roles in _PARKING.items()
        },
    }.items()
}  # fmt: skip
"""Every method that serves staff, with the roles that may call it. Whoever is not named here may not."""


def roles_for(service: str, name: str) -> frozenset[Role]:
    """The roles that may call a method; empty for one that does not serve staff."""
    return RIGHTS.get(f"{service}.{name}", frozenset())
