"""社保申报作废 (3.2.1.10), served by contribution: what is declared and not paid, and taking it back."""

from __future__ import annotations

from contract.errors import NotFound, Refused


class DeclarationNotFound(NotFound):
    """The person has no such declaration."""

    code = "declaration_not_found"
    text = "没有找到这条申报记录，可能已经作废，请返回刷新后查看。"


class DeclarationPaid(Refused):
    """It is paid, or the money is on its way: in the tax core, or in an order of ours."""

    code = "declaration_paid"
    text = "这条申报已经缴费或正在缴费，不能作废。如需退费，请到主管税务机关办理。"


class VoidRefused(Refused):
    """The tax core says no for a reason of its own, which the text repeats."""

    code = "void_refused"
    text = "税务系统没有同意作废这条申报，申报没有改变。如有疑问请拨打12366。"
