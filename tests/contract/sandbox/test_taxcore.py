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
VOID = "SWZJ.HXZG.SB.BCSBZF"
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
    line = f"{person.djxh} {number} 10212 {YEAR} 400.00"
    assert records(call(client, tax_ml(person.id_number, person.name))) == []
    order = caller.act(caller.placed(attachedData=json.dumps({"lines": [line]})), "pay")
    (record,) = records(call(client, tax_ml(person.id_number, person.name)))
    assert record.pop("DZSPHM").startswith("3450")
    assert record == {
        "SBUUID": f"{order['merOrderId']}-1",
        "SBJBJG_DM": "45010801",
        "SBJBJG_MC": "南宁市良庆区社会保险经办中心",
        "ZSSWJG_DM": "14501080000",
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
        "JFQD_MC": "广西税务12366微信公众号",
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


def declared(client: FlaskClient, persona: str) -> dict[str, str]:
    """The persona's declaration as it is now."""
    person = PEOPLE[persona]
    listed = records(call(client, tax_ml(person.id_number, person.name, f"{YEAR}01", f"{YEAR}12")))
    return next(record for record in listed if record["SBUUID"].startswith("DECLARED"))


def voiding(persona: str, record: str) -> str:
    person = PEOPLE[persona]
    return (
        f'<taxML xmlns="{DATASPEC}" xmlbh="{VOID}" bbh="1.0"><zjhm>{person.id_number}</zjhm><xm>{person.name}</xm>'
        f"<sbuuid>{record}</sbuuid></taxML>"
    )


def void(client: FlaskClient, persona: str, record: str) -> tuple[str | None, str | None]:
    """Code and reason of the answer."""
    reply = call(client, voiding(persona, record), VOID)
    return head(reply, "Code"), head(reply, "Reason")


def test_a_declaration_is_listed_as_unpaid_until_it_is_voided(client: FlaskClient) -> None:
    record = declared(client, "declared_unpaid")
    assert (record["JFBS"], record["GRJFJE"], record["JKFSRQ"]) == ("0", "500.00", "")
    assert void(client, "declared_unpaid", record["SBUUID"]) == ("000", None)
    assert declared(client, "declared_unpaid")["JFBS"] == "2"
    assert void(client, "declared_unpaid", record["SBUUID"]) == ("202", "该申报已经作废")


def test_what_is_paid_or_being_paid_is_not_voided(client: FlaskClient) -> None:
    being_paid = declared(client, "declared_being_paid")
    assert being_paid["JFBS"] == "0"
    code, reason = void(client, "declared_being_paid", being_paid["SBUUID"])
    assert code == "201"
    assert (reason or "").startswith("已缴费的申报不能作废")
    record = declared(client, "declared_unpaid")["SBUUID"]
    client.post(f"/sandbox/api/declarations/{record}/pay")
    assert declared(client, "declared_unpaid")["JFBS"] == "1"
    assert declared(client, "declared_unpaid")["JFQD_MC"] == "办税服务厅"
    assert void(client, "declared_unpaid", record)[0] == "201"
    prior = next(
        r for r in records(call(client, tax_ml(PEOPLE["all_paid"].id_number, PEOPLE["all_paid"].name)))
    )
    assert void(client, "all_paid", prior["SBUUID"])[0] == "201"


def test_nobody_elses_declaration_is_voided(client: FlaskClient) -> None:
    record = declared(client, "declared_unpaid")["SBUUID"]
    assert void(client, "medical_only", record) == ("101", "查询不到该申报记录")
    assert declared(client, "declared_unpaid")["JFBS"] == "0"


def test_faults_of_a_person_may_be_confined_to_one_transaction(client: FlaskClient) -> None:
    record = declared(client, "declared_unpaid")["SBUUID"]
    faults = {"accept_then_timeout_rate": 1, "timeout_seconds": 0, "transaction": VOID}
    client.put("/sandbox/api/people/declared_unpaid/settings", json={"taxcore": faults})
    assert post(client, soap(envelope(voiding("declared_unpaid", record), VOID))).status_code == 504
    assert declared(client, "declared_unpaid")["JFBS"] == "2", "it was done, and only the answer was lost"
    assert declared(client, "declared_being_paid")["JFBS"] == "0", "others are asked as ever"


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
