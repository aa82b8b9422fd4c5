"""What a certificate says: taken from the tax core's records once, and never changed after its number is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from contract.insurance import InsuranceType
from contract.money import yuan_text
from contract.people import DocumentType
from services.certificate.domain.amounts import capital


@dataclass(frozen=True)
class Line:
    """One paid contribution; `amount` in fen, periods yyyyMM, `receipt_number` 电子税票号码."""

    insurance_type: InsuranceType
    period_from: str
    period_to: str
    agency_name: str
    paid_at: dt.datetime
    receipt_number: str
    amount: int


@dataclass(frozen=True)
class Content:
    """Everything on the paper but the seal. `document_number` is shown as it stands here: masked or in full."""

    number: str
    check_code: str
    name: str
    document_type: DocumentType
    document_number: str
    period_from: str
    period_to: str
    lines: tuple[Line, ...]
    authority_code: str
    authority_name: str
    issued_at: dt.datetime

    @property
    def total(self) -> int:
        """Fen."""
        return sum(line.amount for line in self.lines)


def printed(content: Content, check_url: str, local: dt.tzinfo) -> dict[str, object]:
    """The words and figures the page is set from: text only, so that what is checked for glyphs is what is printed."""
    issued = content.issued_at.astimezone(local)
    return {
        "number": content.number,
        "check_code": grouped(content.check_code),
        "name": content.name,
        "document_type": content.document_type.label,
        "document_number": content.document_number,
        "period": f"{_month(content.period_from)}至{_month(content.period_to)}",
        "count": str(len(content.lines)),
        "lines": [_row(number, line, local) for number, line in enumerate(content.lines, 1)],
        "total": yuan_text(content.total),
        "total_in_words": capital(content.total),
        "authority": content.authority_name,
        "issued_at": f"{_date(issued)} {issued:%H:%M:%S}",
        "issued_on": _date(issued),
        "check_address": check_url,
    }


def qr_text(content: Content, check_url: str) -> str:
    """What the QR holds: the page that checks this certificate."""
    return f"{check_url}?number={content.number}&code={content.check_code}"


def grouped(code: str) -> str:
    """A check code as one reads it aloud: 1234567890 → 123 456 7890."""
    return f"{code[:3]} {code[3:6]} {code[6:]}"


def newest_first(lines: Sequence[Line]) -> tuple[Line, ...]:
    """By period, then by the time of payment."""
    return tuple(sorted(lines, key=lambda line: (line.period_to, line.paid_at), reverse=True))


def _row(number: int, line: Line, local: dt.tzinfo) -> list[str]:
    return [
        str(number), f"{line.insurance_type.label}费", f"{_short(line.period_from)}-{_short(line.period_to)}",
        line.agency_name, f"{line.paid_at.astimezone(local):%Y-%m-%d}", line.receipt_number or "—",
        yuan_text(line.amount),
    ]  # fmt: skip


def _month(month: str) -> str:
    return f"{month[:4]}年{month[4:]}月"


def _short(month: str) -> str:
    return f"{month[:4]}.{month[4:]}"


def _date(day: dt.datetime) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"
