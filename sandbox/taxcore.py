"""The tax core behind the integration platform's ESB: SOAP carrying an XML envelope (protocols section 3)."""

from __future__ import annotations

import secrets
import xml.etree.ElementTree as ET
from collections.abc import Callable
from xml.parsers import expat
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from sandbox import agreements, declarations
from sandbox.clock import moment
from sandbox.declarations import AlreadyPaid, AlreadyVoided, Declared, NoDeclaration, declared_by
from sandbox.fees import yuan
from sandbox.payables import Paid, paid_by
from sandbox.people import Enrolment, Person
from sandbox.world import NOBODY, Subject, the_world, upstream

blueprint = Blueprint("taxcore", __name__)

SPEC = "http://www.chinatax.gov.cn/spec/"
DATASPEC = "http://www.chinatax.gov.cn/dataspec/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OPERATION = "sendBaseXMLEsbWebService"
CONTRIBUTION_LIST = "SWZJ.SBFGL.ZM.ZRRSBJFQDCX"
VOID = "SWZJ.HXZG.SB.BCSBZF"
AGREEMENTS = "SWZJ.HXZG.ZS.CXSFXYXXBYDJXH"
SIGN_AGREEMENT = "SWZJ.HXZG.ZS.QDSFXY"
VERIFY_AGREEMENT = "SWZJ.HXZG.ZS.YZSFXY"
"""The last two are [A]."""
REFUSED, NOT_FOUND, PAID_ALREADY, VOIDED_ALREADY = "999", "101", "201", "202"
"""rtn_msg/Code of a refusal [A]."""


class BadXml(Exception):
    """Not well formed, or carrying a document type: entities are refused before they are read."""


class Rejected(Exception):
    """The tax core understood the envelope and refuses: code and reason go into rtn_msg."""

    def __init__(self, reason: str, code: str = REFUSED) -> None:
        super().__init__(reason)
        self.code = code


def parse(text: str | bytes) -> ET.Element:
    """Parse XML without any document type, hence without entity expansion; raises ``BadXml``."""

    def refuse(*_: object) -> None:
        raise BadXml("DOCTYPE is not allowed")

    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = refuse
    try:
        guard.Parse(text, True)
        return ET.fromstring(text)  # noqa: S314 - the guard has refused every document type
    except (expat.ExpatError, ET.ParseError, ValueError) as error:
        raise BadXml(str(error)) from None


def child_text(element: ET.Element, name: str) -> str:
    """Text of the first descendant of that local name, whatever its namespace."""
    found = next((node for node in element.iter() if node.tag.rpartition("}")[2] == name), None)
    return (found.text or "").strip() if found is not None else ""


def _subject() -> Subject:
    """Whom the call is about, if it can be read at all."""
    try:
        envelope = parse(_argument(parse(request.get_data())))
        transaction = child_text(envelope, "tran_id")
        asked = parse(child_text(envelope, "body"))
    except BadXml:
        return NOBODY
    people = the_world().population
    person = people.with_id_number(child_text(asked, "zjhm")) or people.named(child_text(asked, "djxh"))
    if person is None:
        return Subject(transaction=transaction)
    return Subject(f"person:{person.djxh}", person.faults, person.id_hash, transaction)


@blueprint.post("/esb")
@upstream("taxcore", "esb", _subject)
def esb() -> ResponseReturnValue:
    """One SOAP operation; its only argument and its answer are the XML envelope as text."""
    try:
        envelope = parse(_argument(parse(request.get_data())))
    except BadXml as error:
        fault = f"<faultcode>S:Client</faultcode><faultstring>{escape(str(error))}</faultstring>"
        return _soap(f"<S:Fault>{fault}</S:Fault>", 500)
    result = f"<return>{escape(_answer(envelope))}</return>"
    return _soap(f'<ns:{OPERATION}Response xmlns:ns="{SPEC}">{result}</ns:{OPERATION}Response>', 200)


def _argument(soap: ET.Element) -> str:
    for node in soap.iter():
        if node.tag.rpartition("}")[2] == OPERATION:
            return "".join(node.itertext()).strip()
    raise BadXml(f"no {OPERATION} in the SOAP body")


def _soap(body: str, status: int) -> Response:
    envelope = f'<S:Envelope xmlns:S="{SOAP}"><S:Body>{body}</S:Body></S:Envelope>'
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    return Response(declaration + envelope, status, content_type="text/xml; charset=utf-8")


def _answer(envelope: ET.Element) -> str:
    """The answering envelope: rtn_code 0 with Code 000, or 1 with the reason."""
    transaction = child_text(envelope, "tran_id")
    try:
        if transaction not in TRANSACTIONS:
            raise Rejected(f"未知的交易编码 {transaction}")
        tax_ml = TRANSACTIONS[transaction](_tax_ml(envelope))
    except Rejected as reason:
        return _envelope(envelope, "1", reason.code, str(reason), "")
    return _envelope(envelope, "0", "000", "", tax_ml)


def _tax_ml(envelope: ET.Element) -> ET.Element:
    try:
        return parse(child_text(envelope, "body"))
    except BadXml as error:
        raise Rejected(f"报文体不能解析：{error}") from None


def _envelope(request_envelope: ET.Element, rtn_code: str, code: str, reason: str, tax_ml: str) -> str:
    now = moment(the_world().clock.now())
    head = "".join(
        f"<{name}>{escape(value)}</{name}>"
        for name, value in (
            ("tran_id", child_text(request_envelope, "tran_id")),
            ("channel_id", child_text(request_envelope, "channel_id")),
            ("tran_seq", child_text(request_envelope, "tran_seq") or secrets.token_hex(16)),
            ("tran_date", f"{now:%Y%m%d}"),
            ("tran_time", f"{now:%H%M%S}{now.microsecond // 1000:03d}"),
            ("rtn_code", rtn_code),
        )
    )
    message = f"<rtn_msg><Code>{code}</Code><Message/><Reason>{escape(reason)}</Reason></rtn_msg>"
    return f'<service xmlns="{SPEC}"><head>{head}{message}</head><body><![CDATA[{tax_ml}]]></body></service>'


def _asked_person(tax_ml: ET.Element) -> Person:
    person = the_world().population.with_id_number(child_text(tax_ml, "zjhm"))
    if person is None or not person.known or person.name != child_text(tax_ml, "xm"):
        raise Rejected("查询不到该缴费人的登记信息", NOT_FOUND)
    return person


def _contribution_list(tax_ml: ET.Element) -> str:
    """自然人社保缴费清单查询: what was paid or declared for a person whose period touches ssqq to ssqz (yyyyMM)."""
    world, person = the_world(), _asked_person(tax_ml)
    first, last = child_text(tax_ml, "ssqq") or "000000", child_text(tax_ml, "ssqz") or "999999"
    now = world.clock.now()
    listed = [_as_record(paid) for paid in paid_by(world.store, person, now)]
    listed += [(declared, "") for declared in declared_by(world.store, person, now)]
    records = [
        _record(person, declared, channel)
        for declared, channel in listed
        if f"{declared.year}01" <= last and f"{declared.year}12" >= first
    ]
    return (
        f'<taxML xmlns="{DATASPEC}" xmlbh="{CONTRIBUTION_LIST}" bbh="1.0"><jfqdGrid>'
        f"{''.join(records)}</jfqdGrid></taxML>"
    )


def _as_record(paid: Paid) -> tuple[Declared, str]:
    """What was paid as the declaration it was paid for, and through which channel."""
    declared = Declared(
        paid.record, paid.insurance_type, paid.year, paid.amount, paid.at, paid.person_number,
        declarations.PAID, paid.at,
    )  # fmt: skip
    return declared, paid.channel


def _record(person: Person, declared: Declared, channel: str) -> str:
    agency = _enrolment(person, declared).agency
    paid_at = declared.paid_at
    fields = {
        "SBUUID": declared.record,
        "DZSPHM": f"3450{paid_at:%y%m%d%H%M%S}" if paid_at else "",
        "SBJBJG_DM": agency.code,
        "SBJBJG_MC": agency.name,
        "RYBH": declared.person_number,
        "ZJHM": person.id_number,
        "ZJLX": "201",
        "XM": person.name,
        "XZLX_DM": declared.insurance_type,
        "JFLX_DM": person.kind,
        "FKSSQQ": f"{declared.year}01",
        "FKSSQZ": f"{declared.year}12",
        "GRJFJE": yuan(declared.amount),
        "SBRQ": f"{declared.at:%Y-%m-%d}",
        "JKFSRQ": f"{paid_at:%Y-%m-%d %H:%M:%S}" if paid_at else "",
        "JFQD_MC": channel or ("办税服务厅" if paid_at else ""),
        "ZSSWJG_DM": agency.authority,
        "JFBS": declared.state,
    }
    return "<jfqdGridlb>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in fields.items()) + "</jfqdGridlb>"


def _enrolment(person: Person, declared: Declared) -> Enrolment:
    return next(e for e in person.enrolments if e.person_number == declared.person_number)


def _void(tax_ml: ET.Element) -> str:
    """申报作废 of one unpaid declaration, named by sbuuid; zfyy is the reason, kept by nobody here."""
    world, person, record = the_world(), _asked_person(tax_ml), child_text(tax_ml, "sbuuid")
    try:
        declarations.void(world.store, person, record, world.clock.now())
    except NoDeclaration:
        raise Rejected("查询不到该申报记录", NOT_FOUND) from None
    except AlreadyPaid:
        raise Rejected("已缴费的申报不能作废，如需退费请到主管税务机关办理", PAID_ALREADY) from None
    except AlreadyVoided:
        raise Rejected("该申报已经作废", VOIDED_ALREADY) from None
    return (
        f'<taxML xmlns="{DATASPEC}" xmlbh="{VOID}" bbh="1.0"><sbuuid>{escape(record)}</sbuuid>'
        f"<zfbz>1</zfbz></taxML>"
    )


def _sign_agreement(tax_ml: ET.Element) -> str:
    """签订: kept, waiting for its bank; the same sfxydjuuid again is the same agreement."""
    names = ("sfxydjuuid", "yhhbDm", "qsyhhh", "jkzh", "jkzhmc", "SKSSSWJG_DM")
    asked = {name: child_text(tax_ml, name) for name in names}
    if missing := [name for name, value in asked.items() if not value]:
        raise Rejected(f"缺少 {'、'.join(missing)}")
    world, person = the_world(), _registered(tax_ml)
    return _about_agreements(
        SIGN_AGREEMENT, lambda: [agreements.sign(world.store, person, asked, world.clock.now())]
    )


def _verify_agreement(tax_ml: ET.Element) -> str:
    """验证 (VCSign 0) or 解除 (VCSign 1), as the bank answers."""
    store, person = the_world().store, _registered(tax_ml)
    uuid, vc_sign = child_text(tax_ml, "sfxydjuuid"), child_text(tax_ml, "VCSign")
    return _about_agreements(VERIFY_AGREEMENT, lambda: [agreements.verify(store, person, uuid, vc_sign)])


def _agreements(tax_ml: ET.Element) -> str:
    """三方协议查询 by djxh."""
    store, person = the_world().store, _registered(tax_ml)
    return _about_agreements(AGREEMENTS, lambda: agreements.listed(store, person))


def _registered(tax_ml: ET.Element) -> Person:
    person = the_world().population.named(child_text(tax_ml, "djxh"))
    if person is None or not person.known:
        raise Rejected("查询不到该缴费人的登记信息", NOT_FOUND)
    return person


def _about_agreements(transaction: str, find: Callable[[], list[dict[str, str]]]) -> str:
    try:
        rows = find()
    except agreements.Refusal as reason:
        raise Rejected(str(reason)) from None
    lines = "".join(
        "<sfxyGridlb>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in row.items()) + "</sfxyGridlb>"
        for row in rows
    )
    return f'<taxML xmlns="{DATASPEC}" xmlbh="{transaction}" bbh="1.0"><sfxyGrid>{lines}</sfxyGrid></taxML>'


TRANSACTIONS: dict[str, Callable[[ET.Element], str]] = {
    CONTRIBUTION_LIST: _contribution_list, VOID: _void, AGREEMENTS: _agreements,
    SIGN_AGREEMENT: _sign_agreement, VERIFY_AGREEMENT: _verify_agreement,
}  # fmt: skip
