"""How a refusal or failure is put to a resident: the heading, where the money is, and the way on (ui.md 4, 6)."""

from __future__ import annotations

from typing import NamedTuple

from contract.agreement import AgreementExists, AgreementNotFound, DraftExpired
from contract.certificate import CertificateNotFound
from contract.contribution import (
    AllPaid,
    AlreadyDeclared,
    EnrolmentNotFound,
    InsuranceTypeMissing,
    NothingPayable,
    PensionMissing,
    UpstreamUnavailable,
)
from contract.declarations import DeclarationPaid, VoidRefused
from contract.errors import ContractError, DeadlineExceeded, NotFound, Refused, TooMany, Unavailable
from contract.household import InsuredNotFound, MemberNotFound
from contract.payment import LiveOrderExists, QuoteExpired, QuoteForged, QuoteUsed
from contract.upstream import UpstreamBusy
from services.gateway.domain.paths import way_back
from services.gateway.errors import DownloadLinkOver, PageExpired, SnapshotVisitor, WechatRefused

_HEADINGS: tuple[tuple[type[ContractError], str], ...] = (
    (EnrolmentNotFound, "查询不到参保登记信息"),
    (InsuranceTypeMissing, "没有参保险种信息"),
    (PensionMissing, "没有养老保险参保登记信息"),
    (NothingPayable, "无需进行缴费"),
    (AllPaid, "已完成缴费"),
    (AlreadyDeclared, "该缴费已完成"),
    (QuoteUsed, "请勿重复缴费"),
    (LiveOrderExists, "请勿重复缴费"),
    (QuoteExpired, "请重新确认缴费信息"),
    (QuoteForged, "请重新确认缴费信息"),
    (AgreementExists, "不用重复签订"),
    (DraftExpired, "请重新填写"),
    (DeclarationPaid, "不能作废"),
    (VoidRefused, "没有作废"),
    (UpstreamUnavailable, "社保系统暂时没有响应"),
    (UpstreamBusy, "现在办理的人较多"),
    (PageExpired, "页面已过期"),
    (SnapshotVisitor, "请使用完整服务"),
    (WechatRefused, "请重新进入"),
    (DownloadLinkOver, "下载链接已失效"),
    (TooMany, "请稍后再试"),
    (NotFound, "没有找到"),
    (Unavailable, "暂时无法办理"),
    (Refused, "暂时不能办理"),
)


_ASKING = {"/contributions": "返回社保费查询", "/declarations": "返回我的申报"}


class WayOn(NamedTuple):
    """A link under what happened."""

    text: str
    href: str


_NAMED = {
    "order_id": WayOn("查看这笔缴费", "/orders/"), "agreement_id": WayOn("查看这份三方协议", "/agreements/"),
    "certificate_id": WayOn("查看这份缴费证明", "/certificates/"),
}  # fmt: skip
"""What an error may name in its detail, and the page about it."""

_NOTHING_TO_PAY = (AllPaid, AlreadyDeclared, NothingPayable)
"""What was chosen was right, and is settled: another insurance or year may not be."""

_WAYS: tuple[tuple[type[ContractError], WayOn], ...] = (
    (WechatRefused, WayOn("重新进入", "/")),
    (InsuredNotFound, WayOn("重新选择被缴费人", "/insured")),
    (MemberNotFound, WayOn("查看家庭成员", "/household")),
    (AgreementNotFound, WayOn("查看三方协议", "/agreements")),
    (CertificateNotFound, WayOn("查看缴费证明", "/certificates")),
    (DraftExpired, WayOn("重新填写", "/agreements/new")),
)


def heading(error: ContractError) -> str:
    """What happened, as the page's title and first heading."""
    fallback = "系统繁忙" if error.status >= 500 else "暂时不能办理"
    return next((text for kind, text in _HEADINGS if isinstance(error, kind)), fallback)


def money_note(error: ContractError, path: str) -> str:
    """Where the money is, said with every failure; empty when the error's own words say it."""
    if path.startswith(("/certificates", "/check", "/school", "/downloads", "/account")):
        return ""  # nobody pays here
    said = any(words in error.message for words in ("扣款", "重复缴费", "已进行缴费"))
    if said or isinstance(error, (NotFound, WechatRefused)):
        return ""
    if path.startswith("/orders"):
        return "如果您已经付款，请不要重复缴费，稍后在首页查看缴费结果。"
    if path.endswith("/payment") and isinstance(error, DeadlineExceeded):
        return "支付页面还没有打开，本次操作没有扣款。"
    return "本次操作没有扣款。"


def way_on(error: ContractError, path: str) -> WayOn | None:
    """The next sensible thing besides going home; None when there is none."""
    back = way_back(path)
    if (named := _to_what_it_names(error)) is not None:
        return named
    if back in _ASKING:
        return WayOn("再试一次" if error.status >= 500 else _ASKING[back], back)
    known = next((way for kind, way in _WAYS if isinstance(error, kind)), None)
    if known is not None:
        return known
    if back == "/menu" or isinstance(error, NotFound):
        return None
    if back.startswith("/orders"):
        return WayOn("查看这笔缴费", back)
    if back.startswith("/agreements") and back != "/agreements/new":
        return WayOn("查看三方协议", back)
    if error.status >= 500:
        return WayOn("再试一次", back)
    if path.endswith(("/payer", "/enrolment")) and not isinstance(error, PageExpired):
        return WayOn("重新选择被缴费人", "/insured") if error.detail.get("insured") == "other" else None
    return WayOn("重新选择" if isinstance(error, _NOTHING_TO_PAY) else "返回修改", back)


def _to_what_it_names(error: ContractError) -> WayOn | None:
    named = ((way, error.detail[name]) for name, way in _NAMED.items() if error.detail.get(name))
    return next((WayOn(way.text, way.href + what) for way, what in named), None)
