"""A day of orders, and what three sides say of it: alike but for the breaks planted of every kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy

from contract.money import yuan_text
from contract.reconciliation import BreakKind, Party
from kit.clock import CHINA

PLANTED = tuple(BreakKind)
_BY_DAY = tuple(kind for kind in PLANTED if kind is not BreakKind.DATE_CUT)
_BOTH = (Party.UNIONPAY, Party.CORE)
_ONLY = {
    BreakKind.MISSING_WITH_UNIONPAY: Party.UNIONPAY,
    BreakKind.UNKNOWN_MERCHANT: Party.UNIONPAY,
    BreakKind.MISSING_WITH_CORE: Party.CORE,
    BreakKind.STATE: Party.CORE,
}
MID, STRANGER = "898340149000005", "898000000000009"
_SETTLED = (
    "settleDate,tradeDate,tradeTime,transactionAmount,terminalNumber,settleAmount,serviceFee,serialNumber,"
    "transactionType,referenceNumber,merchantNumber,orderNumber,returnOrderNo,paymentType,actualPaymentAmount\n"
)
_RECORDED = "SBUUID,DDBH,RYBH,XZLX_DM,FKSSQQ,FKSSQZ,GRJFJE,JKFSRQ,JFBS\n"
_DISORDER = 7919  # a prime: files do not come in our order
_ORDERS = """
INSERT INTO orders (order_id, mer_order_id, payer_id, payer_name, payer_phone, idempotency_key, body_hash, amount,
    channel, state, created_at, expires_at, attempts, paid_at, transaction_id, mid, tid, inst_mid)
SELECT 'order-' || i, :prefix || lpad(i::text, 12, '0'), 'payer-' || i, :name, :phone, 'key', 'hash', :amount,
    'wechat_account', 'paid', :since, :since, 0, :since + make_interval(secs => {second}), 'T' || i, :mid, '88880001',
    'YUEDANDEFAULT'
FROM generate_series(0, :lines - 1) i
"""
_LINES = """
INSERT INTO order_lines (order_id, item, line, quote_id, insured_index, insured_type, insured_number, insured_name,
    registration_number, payer_kind, insurance_type, kind, agency_code, agency_name, person_number, product_code, year,
    tier_label, amount, live)
SELECT 'order-' || i, 0, 0, 'quote-' || i, decode(lpad(to_hex(i), 64, '0'), 'hex'), '201', :number, :name, 'djxh', '0',
    'medical', 'normal', '450103', '', '45' || lpad(i::text, 14, '0'), '102120001', 2026, '', :amount, true
FROM generate_series(0, :lines - 1) i
"""


@dataclass(frozen=True)
class Ledger:
    """`lines` orders of one day and `breaks` of every kind, as `planted` says."""

    day: dt.date
    lines: int
    breaks: int
    amount: int = 40000

    def planted(self, n: int) -> tuple[BreakKind, Party] | None:
        """How order n is broken, and with whom: all over the day; in its last hours, where what is missing may come a
        day later, only such. Where a kind is possible with both they alternate."""
        if n >= self.lines - self.breaks:
            return BreakKind.DATE_CUT, _BOTH[n % 2]
        step = self.lines * 22 // 24 // (self.breaks * len(_BY_DAY))
        place, rest = divmod(n, step)
        if rest or place >= self.breaks * len(_BY_DAY):
            return None
        turn, which = divmod(place, len(_BY_DAY))
        return _BY_DAY[which], _ONLY.get(_BY_DAY[which], _BOTH[turn % 2])

    def number(self, n: int) -> str:
        return f"{self._prefix}{n:012d}"

    @property
    def expected(self) -> set[tuple[str, str, str]]:
        """Party, kind and order number of every break."""
        found = set()
        for n in range(self.lines):
            if planted := self.planted(n):
                kind, party = planted
                unheard_of = self.lines if kind is BreakKind.MISSING_WITH_US else 0
                found.add((party.value, kind.value, self.number(n + unheard_of)))
        return found

    def store(self, connection: sqlalchemy.Connection, personal: Mapping[str, bytes]) -> None:
        """Our own books, complete; what is personal is the same for all."""
        since = dt.datetime.combine(self.day, dt.time(), CHINA)
        values = {
            "prefix": self._prefix,
            "amount": self.amount,
            "since": since,
            "mid": MID,
            "lines": self.lines,
        }
        second = f"(i::bigint * 86399 / {self.lines})::int"  # as in _at
        connection.execute(sqlalchemy.text(_ORDERS.format(second=second)), {**values, **personal})
        connection.execute(sqlalchemy.text(_LINES), {**values, **personal})
        connection.execute(sqlalchemy.text("ANALYZE orders"))
        connection.execute(sqlalchemy.text("ANALYZE order_lines"))

    def settled(self) -> Iterator[str]:
        """UnionPay's file."""
        yield _SETTLED
        for n in self._disordered():
            kind, party = self.planted(n) or (None, None)
            if party is not Party.UNIONPAY:
                yield self._settled(n)
            elif kind is BreakKind.AMOUNT:
                yield self._settled(n, amount=self.amount + 1)
            elif kind is BreakKind.UNKNOWN_MERCHANT:
                yield self._settled(n, mid=STRANGER)
            elif kind is BreakKind.DUPLICATE:
                yield self._settled(n) + self._settled(n, reference=f"T{n}-2")
            elif kind is BreakKind.MISSING_WITH_US:
                yield self._settled(n) + self._settled(n + self.lines)

    def recorded(self) -> Iterator[str]:
        """The tax core's file."""
        yield _RECORDED
        for n in self._disordered():
            kind, party = self.planted(n) or (None, None)
            if party is not Party.CORE:
                yield self._recorded(n)
            elif kind is BreakKind.AMOUNT:
                yield self._recorded(n, amount=self.amount - 1)
            elif kind is BreakKind.STATE:
                yield self._recorded(n, state="2")
            elif kind is BreakKind.DUPLICATE:
                yield self._recorded(n) + self._recorded(n, uuid="again")
            elif kind is BreakKind.MISSING_WITH_US:
                yield self._recorded(n) + self._recorded(n + self.lines)

    @property
    def _prefix(self) -> str:
        return f"3194{self.day:%Y%m%d}"

    def _disordered(self) -> Iterator[int]:
        return (n * _DISORDER % self.lines for n in range(self.lines))

    def _at(self, n: int) -> str:
        second = n % self.lines * 86399 // self.lines
        return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"

    def _settled(self, n: int, amount: int = 0, mid: str = MID, reference: str = "") -> str:
        yuan = yuan_text(amount or self.amount)
        return (
            f"{self.day},{self.day},{self._at(n)},{yuan},88880001,{yuan},0.00,{n},pay,{reference or f'T{n}'},{mid},"
            f"{self.number(n)},,WXPay,{yuan}\n"
        )

    def _recorded(self, n: int, amount: int = 0, state: str = "1", uuid: str = "") -> str:
        yuan = yuan_text(amount or self.amount)
        return f"{uuid}{n},{self.number(n)},45{n:014d},10212,202601,202612,{yuan},{self.day} {self._at(n)},{state}\n"


class Parties(ThreadingHTTPServer):
    """UnionPay and the tax core, that hand out the two files."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ledger = ledger

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Parties

    def do_GET(self) -> None:
        ledger, asked = self.server.ledger, urlsplit(self.path)
        lines = ledger.recorded() if asked.path.endswith("records") else ledger.settled()
        whole = {f"{ledger.day}"} >= set(parse_qs(asked.query).get("settleDate", []))
        self.send_response(200 if whole else 404)
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        part: list[str] = []
        for line in lines if whole else ():
            part.append(line)
            if len(part) == 1000:
                self.wfile.write("".join(part).encode())
                part.clear()
        self.wfile.write("".join(part).encode())

    def log_message(self, *_: Any) -> None:
        """Quiet."""
