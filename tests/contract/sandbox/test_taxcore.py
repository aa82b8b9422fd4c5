"""The tax core over the ESB envelope (protocols section 3)."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import datetime
from xml.sax.saxutils import escape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.clock import SHANGHAI
from sandbox.personas import personas
from tests.contract.sandbox.caller import Caller

SPEC, DATASPEC = "http://www.chinatax.gov.cn/spec/", "http://www.chinatax.gov.cn/dataspec/"
LIST = "SWZJ.SBFGL.ZM.ZRRSBJFQDCX"
PEOPLE = {person.persona: person for person in personas()}
YEAR = str(datetime.now(SHANGHAI).year)


def tax_ml(number: str, name: str, first: str = "", last: str = "") -> str:
    return (
        f'<taxML xmlns="{DATASPEC}" xmlbh="x" bbh="1.0"><zjhm>{number}</zjhm><xm>{escape(name)}</xm>'
        f"<ssqq>{first}</ssqq><ssqz>{last}</ssqz></taxML>"
    )


def envelope(body: str, transaction: str = LIST) -> str:
    return (
        f'<service xmlns="{SPEC}"><head><tran_id>{transaction}</tran_id><channel_id>WX</channel_id>'
        f"<tran_seq>{'a' * 32}</tran_seq><tran_date>20261123</tran_date><tran_time>091502396</tran_time></head>"
        f"<body><![CDATA[{body}]]></body></service>"
    )


def soap(argument: str) -> str:
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f'<ns:sendBaseXMLEsbWebService xmlns:ns="urn:esb"><arg0>{escape(argument)}</arg0>'
        "</ns:sendBaseXMLEsbWebService></soapenv:Body></soapenv:Envelope>"
    )


def post(client: FlaskClient, text: str) -> TestResponse:
    return client.post("/esb", data=text.encode(), headers={"Content-Type": "text/xml; charset=utf-8"})


def call(client: FlaskClient, body: str, transaction: str = LIST) -> ET.Element:
    """The answering envelope."""
    answer = post(client, soap(envelope(body, transaction)))
    assert answer.status_code == 200
    (returned,) = (node for node in ET.fromstring(answer.text).iter() if node.tag.endswith("return"))
    return ET.fromstring(returned.text or "")


def head(reply: ET.Element, name: str) -> str | None:
    return next(node.text for node in reply.iter() if node.tag == f"{{{SPEC}}}{name}")


def records(reply: ET.Element) -> list[dict[str, str]]:
    assert (head(reply, "rtn_code"), head(reply, "Code")) == ("0", "000")
    body = ET.fromstring(head(reply, "body") or "")
    return [
        {field.tag.removeprefix(f"{{{DATASPEC}}}"): field.text or "" for field in record}
        for record in body.iter(f"{{{DATASPEC}}}jfqdGridlb")
    ]


def test_a_paid_order_is_a_record_with_every_field(caller: Caller, client: FlaskClient) -> None:
    person = PEOPLE["dotted_name"]
    number = person.enrolments[0].person_number
    line = {"djxh": person.djxh, "rybm": number, "xzlx": "10212", "jfnd": YEAR, "je": "400.00"}
    assert records(call(client, tax_ml(person.id_number, person.name))) == []
    order = caller.act(caller.placed(attachedData=json.dumps({"lines": [line]})), "pay")
    (record,) = records(call(client, tax_ml(person.id_number, person.name)))
    assert record.pop("DZSPHM").startswith("3450")
    assert record == {
        "SBUUID": f"{order['merOrderId']}-1",
        "SBJBJG_DM": "45010801",
        "RYBH": number,
        "ZJHM": person.id_number,
        "ZJLX": "201",
        "XM": "阿依古丽·买买提",
        "XZLX_DM": "10212",
        "JFLX_DM": "0",
        "FKSSQQ": f"{YEAR}01",
        "FKSSQZ": f"{YEAR}12",
        "GRJFJE": "400.00",
        "SBRQ": order["payTime"][:10],
        "JKFSRQ": order["payTime"],
        "JFBS": "1",
    }


def test_payments_of_other_channels_are_listed_and_the_period_narrows(client: FlaskClient) -> None:
    person = PEOPLE["all_paid"]
    both = records(call(client, tax_ml(person.id_number, person.name)))
    assert [record["FKSSQQ"][:4] for record in both] == [YEAR, str(int(YEAR) + 1)]
    one = records(call(client, tax_ml(person.id_number, person.name, f"{YEAR}01", f"{YEAR}06")))
    assert [record["FKSSQQ"][:4] for record in one] == [YEAR]


def test_the_envelope_answers_with_the_callers_sequence(client: FlaskClient) -> None:
    person = PEOPLE["all_paid"]
    reply = call(client, tax_ml(person.id_number, person.name))
    assert head(reply, "tran_seq") == "a" * 32
    assert head(reply, "tran_id") == LIST


@pytest.mark.parametrize(
    ("body", "transaction", "reason"),
    [
        (tax_ml("1", "无"), LIST, "查询不到"),
        (tax_ml(PEOPLE["all_paid"].id_number, "另一人"), LIST, "查询不到"),
        (tax_ml(PEOPLE["not_enrolled"].id_number, PEOPLE["not_enrolled"].name), LIST, "查询不到"),
        (tax_ml("1", "无"), "SWZJ.UNKNOWN", "未知的交易编码"),
        ("<taxML>", LIST, "不能解析"),
        ("", LIST, "不能解析"),
    ],
)
def test_a_refusal_has_code_1_and_a_reason(
    client: FlaskClient, body: str, transaction: str, reason: str
) -> None:
    reply = call(client, body, transaction)
    assert head(reply, "rtn_code") == "1"
    assert reason in (head(reply, "Reason") or "")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("declaration", [BOMB, EXTERNAL])
def test_entities_are_refused_outside_and_inside(client: FlaskClient, declaration: str) -> None:
    person = PEOPLE["all_paid"]
    good = soap(envelope(tax_ml(person.id_number, person.name)))
    outside = post(client, declaration + good)
    assert outside.status_code == 500
    assert "DOCTYPE" in outside.text
    inside = post(client, soap(declaration + envelope(tax_ml(person.id_number, person.name))))
    assert inside.status_code == 500
    reply = call(client, declaration + tax_ml("&b;", "x"))
    assert head(reply, "rtn_code") == "1"


@pytest.mark.parametrize("text", ["", "not xml", "<a/>", soap("not xml")])
def test_what_is_not_the_operation_is_a_soap_fault(client: FlaskClient, text: str) -> None:
    answer = post(client, text)
    assert answer.status_code == 500
    assert "faultstring" in answer.text
