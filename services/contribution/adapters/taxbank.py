"""The tax–bank subsystem wrapped by UnionPay (protocols.md §2): signed JSON over HTTPS.

Vendor names end here. A list of one may arrive as the object itself; both are read.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter

from contract import schema
from contract.contribution import Enrolment, EnrolmentEntry, UpstreamUnavailable
from contract.insurance import InsuranceType, PayerKind
from contract.money import fen_from_yuan
from contract.people import Person
from kit.clock import CHINA, Clock, china_text
from kit.open_platform import OpenPlatformKey
from kit.upstream import Upstream
from services.contribution.domain.payables import Payable

_FOUND, _NOT_FOUND = "0000", "1001"
_BACK_PAYMENT = "0000"
"""The 缴费年份 that asks for all years of 补缴."""
_TYPE_OF_LEVY = {
    "10210": InsuranceType.PENSION,
    "10212": InsuranceType.MEDICAL,
    "10201": InsuranceType.PENSION,
    "10203": InsuranceType.MEDICAL,
}
_LEVY = {
    (PayerKind.RESIDENT, InsuranceType.PENSION): "10210",
    (PayerKind.RESIDENT, InsuranceType.MEDICAL): "10212",
    (PayerKind.FLEXIBLE, InsuranceType.PENSION): "10201",
    (PayerKind.FLEXIBLE, InsuranceType.MEDICAL): "10203",
}
_PAID = {"0": False, "1": True}
_PAYABLE_PATH = {PayerKind.RESIDENT: "resident-payable", PayerKind.FLEXIBLE: "flexible-payable"}

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Entry:
    """An element of cbdjxxlist."""

    sbjbjgdm: str
    sbjbjgmc: str
    rybm: str
    zgswjgdm: str
    xzqhdm: str
    zsxmdm: str
    zspmdm: str


@dataclass(frozen=True)
class _Insured:
    """The data of 参保查询 around the list."""

    djxh: str
    jflxDm: PayerKind  # noqa: N815 - the wire's name


@dataclass(frozen=True)
class _Line:
    """An element of jfmx."""

    jfnd: str
    je: str
    jfzt: str
    ssqq: str = ""
    ssqz: str = ""
    dc: str = ""
    yjsj: str = ""
    yjqd: str = ""
    sbjbjgdm: str = ""
    sbjbjgmc: str = ""


class HttpTaxBank:
    """Speaks to the real subsystem, or to the sandbox: the wire is the same."""

    def __init__(
        self, url: str, key: OpenPlatformKey, timeout: float, clock: Clock, upstream: Upstream,
        connections: int = 20,
    ) -> None:  # fmt: skip
        self._url = url.rstrip("/")
        self._key = key
        self._timeout = timeout
        self._clock = clock
        self._upstream = upstream
        self._http = requests.Session()
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=connections))

    def find_enrolment(self, person: Person) -> Enrolment | None:
        """See TaxBank."""
        data = self._ask(
            "insured", zjlx=person.document_type.value, zjhm=person.document_number, xm=person.name
        )
        if data is None:
            return None
        insured = _read(_Insured, data)
        entries = [_read(_Entry, item) for item in _listed(data.get("cbdjxxlist"))]
        known = [entry for entry in entries if entry.zsxmdm in _TYPE_OF_LEVY]
        return Enrolment(
            insured.djxh, insured.jflxDm, tuple(_entry(str(n), entry) for n, entry in enumerate(known, 1))
        )

    def find_payables(
        self, person: Person, payer_kind: PayerKind, entry: EnrolmentEntry, year: int | None
    ) -> Sequence[Payable]:
        """See TaxBank."""
        data = self._ask(
            _PAYABLE_PATH[payer_kind], zjhm=person.document_number, xm=person.name, rybm=entry.person_number,
            sbjbjgdm=entry.agency_code, xzlx=_LEVY[payer_kind, entry.insurance_type],
            jfnd=_BACK_PAYMENT if year is None else str(year),
        )  # fmt: skip
        if data is None:
            return ()
        return [_payable(_read(_Line, item)) for item in _listed(data.get("jfmx"))]

    def _ask(self, path: str, **fields: str) -> dict[str, Any] | None:
        with self._upstream.call(path):
            return self._answer(path, fields)

    def _answer(self, path: str, fields: dict[str, str]) -> dict[str, Any] | None:
        body = json.dumps(fields, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": self._key.authorization(body, self._clock.now()),
        }
        try:
            answer = self._http.post(
                f"{self._url}/taxbank/v1/{path}", data=body, headers=headers, timeout=(3, self._timeout)
            )
            content = answer.json()
            code, data = content["code"], content["data"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            _log.warning(
                "tax-bank subsystem gave no answer", extra={"path": path, "error": type(error).__name__}
            )
            raise UpstreamUnavailable() from error
        if code == _NOT_FOUND:
            return None
        if code != _FOUND or not isinstance(data, dict):
            _log.error("tax-bank subsystem refused", extra={"path": path, "code": code})
            raise UpstreamUnavailable()
        return data


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _read(shape: type[T], data: Any) -> T:
    try:
        return schema.load(shape, data)
    except schema.MalformedPayload as error:
        _log.error("tax-bank subsystem answered in another shape: %s", error)
        raise UpstreamUnavailable() from None


def _entry(entry_id: str, entry: _Entry) -> EnrolmentEntry:
    return EnrolmentEntry(
        entry_id, _TYPE_OF_LEVY[entry.zsxmdm], entry.sbjbjgdm, entry.sbjbjgmc, entry.rybm, entry.zgswjgdm,
        entry.xzqhdm, entry.zspmdm,
    )  # fmt: skip


def _payable(line: _Line) -> Payable:
    try:
        year, amount = int(line.jfnd), fen_from_yuan(line.je)
        paid, paid_at = _PAID[line.jfzt], _moment(line.yjsj)
        first, last = _month(line.ssqq), _month(line.ssqz)
    except (KeyError, ValueError):
        _log.error("tax-bank subsystem answered a payable that cannot be read")
        raise UpstreamUnavailable() from None
    return Payable(year, line.dc, amount, paid, paid_at, line.yjqd, line.sbjbjgdm, line.sbjbjgmc, first, last)


def _month(text: str) -> str:
    if not text:
        return ""
    return dt.datetime.strptime(text, "%Y%m").replace(tzinfo=CHINA).strftime("%Y%m")


def _moment(text: str) -> str:
    if not text:
        return ""
    return china_text(dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)).replace(" ", "")
