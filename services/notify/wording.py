"""What a reminder says: the fields of requirement 3.2.1.12, masked, in words a resident reads."""

from __future__ import annotations

import datetime as dt

from contract.insurance import PaymentKind, years_text
from contract.money import yuan_text
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from kit.clock import china_text
from kit.masking import mask_name, mask_number, mask_social_number

_STOPS = "。；，、.;, "


def success_variables(event: PaymentSucceeded) -> dict[str, str]:
    """Everything 3.2.1.12 (1) lists."""
    return _variables(event.contribution, event.paid_at) | {
        "certificate_time": china_text(event.certificate_at)
    }


def failure_variables(event: PaymentFailed) -> dict[str, str]:
    """Everything 3.2.1.12 (2) lists."""
    return _variables(event.contribution, event.failed_at) | {
        "reason": event.reason.strip().rstrip(_STOPS) or "原因不明",
        "advice": event.advice.strip().rstrip(_STOPS) or "请稍后重新缴费，或拨打12366咨询",
    }


def refund_variables(event: PaymentRefunded) -> dict[str, str]:
    """Everything 3.2.1.12 (3) lists; 操作时间 is when its operator paid."""
    variables = _variables(event.contribution, event.paid_at)
    del variables["channel"]
    return variables | {"refund_time": china_text(event.refunded_at)}


def return_variables(event: PaymentReturned) -> dict[str, str]:
    """Money that was not a contribution and went back."""
    return {
        "reason": event.reason.strip().rstrip(_STOPS) or "原因不明",
        "operator": mask_name(event.operator_name),
        "time": china_text(event.paid_at),
        "refund_time": china_text(event.returned_at),
        "amount": yuan_text(event.amount),
    }


def _variables(paid: Contribution, time: dt.datetime) -> dict[str, str]:
    # Events also come from other systems: masked again, which changes nothing where it was done.
    return {
        "number": mask_number(paid.insured_number),
        "name": mask_name(paid.insured_name),
        "social_number": mask_social_number(paid.social_number),
        "agency": paid.agency_name,
        "insurance_type": _insurance_type(paid),
        "year": years_text(paid.years),
        "amount": yuan_text(paid.amount),
        "time": china_text(time),
        "channel": paid.channel.label,
        "operator": mask_name(paid.operator_name),
    }


def _insurance_type(paid: Contribution) -> str:
    """补缴 is said, because its years are not those one usually pays for."""
    back = f"（{paid.kind.label}）" if paid.kind is PaymentKind.BACK else ""
    return paid.insurance_type.label + back
