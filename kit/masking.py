"""How personal data looks to everyone but its owner's own keyboard. One rule for pages, logs, SMS, exports."""

from __future__ import annotations

import re

_DOCUMENT = re.compile(r"[0-9]{17}[0-9X]")


def mask_name(name: str) -> str:
    """The family name stays: 张三 → 张*, 欧阳娜娜 → 欧***, 买买提·艾力 → 买*****."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"


def mask_number(number: str) -> str:
    """A document number keeps four characters at each end; short ones keep two: 4501**********1234."""
    keep = 4 if len(number) >= 12 else 2
    if len(number) <= 2 * keep:
        return "*" * len(number)
    return number[:keep] + "*" * (len(number) - 2 * keep) + number[-keep:]


def mask_phone(phone: str) -> str:
    """138****0000."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 11 else "*" * len(phone)


def mask_social_number(number: str) -> str:
    """In some places the 社保编号 is the ID number; then it is masked like one."""
    return mask_number(number) if _DOCUMENT.fullmatch(number) else number
