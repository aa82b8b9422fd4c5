"""What is journalled: acts somebody may have to answer for (security.md 12; docs/adr/0024)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Action(enum.StrEnum):
    """Everything that is journalled, in one place. A service adds what it does here, with its name in Chinese."""

    LOGIN = "login"
    LOGIN_REFUSED = "login.refused"
    LOGOUT = "logout"
    ORDER_PLACED = "order.placed"
    ORDER_CLOSED = "order.closed"
    ORDER_MOVED = "order.moved"
    REFUND_WANTED = "refund.wanted"
    REFUND_RETRIED = "refund.retried"
    REFUND_MOVED = "refund.moved"
    NOTIFY_FORGED = "notify.forged"
    PERSON_QUERIED = "person.queried"
    OWN_QUERIED = "own.queried"
    FOREIGN_ASKED = "foreign.asked"
    DECLARATION_VOIDED = "declaration.voided"
    PERSON_EXPORTED = "person.exported"
    PERSON_ERASED = "person.erased"
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    RELATION_CHANGED = "relation.changed"
    TABLE_EXPORTED = "table.exported"
    STATISTICS_VIEWED = "statistics.viewed"
    TIERS_PREVIEWED = "tiers.previewed"
    TIERS_SUBMITTED = "tiers.submitted"
    TIERS_APPROVED = "tiers.approved"
    TIERS_REJECTED = "tiers.rejected"
    TIERS_REFUSED = "tiers.refused"
    TIERS_KEPT = "tiers.kept"
    CERTIFICATE_ASKED = "certificate.asked"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_READ = "certificate.read"
    CERTIFICATE_VOIDED = "certificate.voided"
    SCHOOL_AUTHORISED = "school.authorised"
    SCHOOL_ENDED = "school.ended"
    REMINDER_REPLAYED = "reminder.replayed"
    PARKED_READ = "parked.read"
    PARKED_REPLAYED = "parked.replayed"
    PARKED_DISCARDED = "parked.discarded"
    RECONCILIATION_RUN = "reconciliation.run"
    BREAK_ASSIGNED = "break.assigned"
    BREAK_RESOLVED = "break.resolved"
    BREAK_CLOSED = "break.closed"
    BOOKS_VERIFIED = "books.verified"
    BOOKS_SEALED = "books.sealed"
    ROW_RESTORED = "row.restored"
    KEYS_ROTATED = "keys.rotated"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_LOCKED = "account.locked"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an act
    FACTOR_ENROLLED = "factor.enrolled"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Action.LOGIN: "登录",
    Action.LOGIN_REFUSED: "登录未通过",
    Action.LOGOUT: "退出登录",
    Action.ORDER_PLACED: "下单",
    Action.ORDER_CLOSED: "缴费人关闭订单",
    Action.ORDER_MOVED: "订单状态变化",
    Action.REFUND_WANTED: "发起退费",
    Action.REFUND_RETRIED: "重试退费",
    Action.REFUND_MOVED: "退费状态变化",
    Action.NOTIFY_FORGED: "拒绝伪造的支付通知",
    Action.PERSON_QUERIED: "查询他人信息",
    Action.OWN_QUERIED: "查询本人信息",
    Action.FOREIGN_ASKED: "访问不属于本人的资料",
    Action.DECLARATION_VOIDED: "作废申报",
    Action.PERSON_EXPORTED: "导出个人信息",
    Action.PERSON_ERASED: "注销个人信息",
    Action.CONSENT_GIVEN: "同意授权",
    Action.CONSENT_WITHDRAWN: "撤回授权",
    Action.RELATION_CHANGED: "代缴关系变化",
    Action.TABLE_EXPORTED: "下载表格",
    Action.STATISTICS_VIEWED: "查看统计",
    Action.TIERS_PREVIEWED: "导入缴费标准",
    Action.TIERS_SUBMITTED: "提交缴费标准",
    Action.TIERS_APPROVED: "审核通过缴费标准",
    Action.TIERS_REJECTED: "驳回缴费标准",
    Action.TIERS_REFUSED: "审核缴费标准被拒",
    Action.TIERS_KEPT: "缴费标准生效",
    Action.CERTIFICATE_ASKED: "申请缴费证明",
    Action.CERTIFICATE_ISSUED: "开具缴费证明",
    Action.CERTIFICATE_READ: "查看缴费证明",
    Action.CERTIFICATE_VOIDED: "作废缴费证明",
    Action.SCHOOL_AUTHORISED: "授权学校经办人",
    Action.SCHOOL_ENDED: "终止学校经办人授权",
    Action.REMINDER_REPLAYED: "重发提醒",
    Action.PARKED_READ: "查看停放消息",
    Action.PARKED_DISCARDED: "丢弃停放消息",
    Action.PARKED_REPLAYED: "重新处理停放消息",
    Action.RECONCILIATION_RUN: "发起对账",
    Action.BREAK_ASSIGNED: "分派对账差异",
    Action.BREAK_RESOLVED: "处理对账差异",
    Action.BREAK_CLOSED: "关闭对账差异",
    Action.BOOKS_VERIFIED: "核对账务",
    Action.BOOKS_SEALED: "补加封印",
    Action.ROW_RESTORED: "恢复被改动的记录",
    Action.KEYS_ROTATED: "更换密钥",
    Action.ACCOUNT_CREATED: "新建工作台账号",
    Action.ACCOUNT_CHANGED: "变更工作台账号",
    Action.ACCOUNT_LOCKED: "锁定工作台账号",
    Action.PASSWORD_CHANGED: "修改工作台密码",
    Action.FACTOR_ENROLLED: "绑定动态口令",
}


class RowFault(enum.StrEnum):
    """What may be wrong with a sealed row."""

    ALTERED = "altered"
    UNSEALED = "unsealed"
    GONE = "gone"
    BACK = "back"

    @property
    def label(self) -> str:
        return {
            "altered": "业务记录被改动", "unsealed": "业务记录没有封印", "gone": "业务记录被删除",
            "back": "已删除的业务记录又出现",
        }[self.value]  # fmt: skip


def resident(person_id: str) -> str:
    """A person by the id we know them by."""
    return f"resident:{person_id}"


def staff(account: str) -> str:
    """A member of staff by account; whoever works at a command line is named already (kit.audit.cli)."""
    return account if account.startswith("cli:") else f"staff:{account}"


def system(name: str) -> str:
    """A service of ours, or another system, acting of its own accord."""
    return f"system:{name}"


OK = "ok"
"""The result of what was done as it was meant."""


@dataclass(frozen=True)
class Act:
    """Who did what to what, how it ended and why.

    `actor` is `resident:<person id>`, `staff:<account>`, `system:<service>`, `cli:<user>` or `visitor:<digest>`;
    `origin` is the address of whoever is behind it (empty: that of the work in hand). `target` names a thing by an id
    of ours, e.g. `order:<id>`; `result` is `ok` or an error's code. Nothing in it is personal data: no name, number or
    phone.
    """

    actor: str
    action: Action
    target: str = ""
    result: str = OK
    purpose: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)
    origin: str = ""
