"""What a tax core answers, as recorded from the sandbox and written by hand where it must be wrong."""

from __future__ import annotations

from xml.sax.saxutils import escape

SPEC, DATASPEC = "http://www.chinatax.gov.cn/spec/", "http://www.chinatax.gov.cn/dataspec/"

RECORD = {
    "SBUUID": "DECLARED1045-0", "DZSPHM": "3450261123091502", "SBJBJG_DM": "45032701",
    "SBJBJG_MC": "桂林市灌阳县社会保险经办中心", "RYBH": "4503270000000001", "ZJHM": "450103197806122040",
    "ZJLX": "201", "XM": "韦秀兰", "XZLX_DM": "10210", "JFLX_DM": "0", "FKSSQQ": "202601", "FKSSQZ": "202612",
    "GRJFJE": "500.00", "SBRQ": "2026-11-20", "JKFSRQ": "2026-11-23 09:15:02", "JFQD_MC": "办税服务厅", "JFBS": "1",
}  # fmt: skip


def soap(returned: str) -> str:
    """The SOAP answer that carries an envelope as text."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        f'<ns:sendBaseXMLEsbWebServiceResponse xmlns:ns="{SPEC}"><return>{escape(returned)}</return>'
        "</ns:sendBaseXMLEsbWebServiceResponse></S:Body></S:Envelope>"
    )


def envelope(tax_ml: str, rtn_code: str = "0", code: str = "000", message: str = "", reason: str = "") -> str:
    """An answering envelope; tax_ml goes into its CDATA section."""
    return (
        f'<service xmlns="{SPEC}"><head><tran_id>x</tran_id><rtn_code>{rtn_code}</rtn_code><rtn_msg>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message><Reason>{escape(reason)}</Reason></rtn_msg></head>"
        f"<body><![CDATA[{tax_ml}]]></body></service>"
    )


def tax_ml(*records: dict[str, str], grid: str = "jfqdGrid", item: str = "jfqdGridlb") -> str:
    """The list of contribution records, or of anything else."""
    lines = "".join(
        f"<{item}>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in record.items()) + f"</{item}>"
        for record in records
    )  # fmt: skip
    return f'<taxML xmlns="{DATASPEC}" xmlbh="x" bbh="1.0"><{grid}>{lines}</{grid}></taxML>'


def listed(*records: dict[str, str]) -> str:
    """A whole answer to the contribution list."""
    return soap(envelope(tax_ml(*records)))


def refused(code: str, message: str = "", reason: str = "") -> str:
    """A whole answer that says no."""
    return soap(envelope("", "1", code, message, reason))


_BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
_EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
_DTD = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'
_GOOD = listed(RECORD)


def _doctype(declaration: str, entity: str) -> dict[str, str]:
    """The same document type outside SOAP, around the envelope, and around the taxML."""
    inside = tax_ml(RECORD | {"XM": "@"}).replace("@", entity)
    return {
        "outside": _GOOD.replace("?>", f"?>{declaration}", 1).replace("韦秀兰", entity),
        "envelope": soap(declaration + envelope(tax_ml(RECORD)).replace("韦秀兰", entity)),
        "body": soap(envelope(declaration + inside)),
    }


HOSTILE: dict[str, str | bytes] = {
    **{f"billion laughs, {where}": text for where, text in _doctype(_BOMB, "&j;").items()},
    **{f"external entity, {where}": text for where, text in _doctype(_EXTERNAL, "&a;").items()},
    **{f"dtd, {where}": text for where, text in _doctype(_DTD, "x").items()},
    "huge": listed(RECORD | {"XM": "韦" * 1_000_000}),
    "deep": soap(envelope("<a>" * 100_000 + "</a>" * 100_000)),
    "truncated": _GOOD[: len(_GOOD) // 2],
    "truncated envelope": soap(envelope(tax_ml(RECORD))[:-20]),
    "truncated body": soap(envelope(tax_ml(RECORD)[:-20])),
    "gbk called utf-8": _GOOD.encode("gbk"),
    "gbk called gbk": _GOOD.replace("UTF-8", "GBK").encode("gbk"),
    "unknown encoding": _GOOD.replace("UTF-8", "x-nothing"),
    "empty": "",
    "html": "<html><head><title>503 Service Temporarily Unavailable</title></head></html>",
    "html that is no xml": "<!DOCTYPE html><html><body><br>系统维护中</html>",
    "json": '{"code":"0000"}',
    "a fault": '<S:Envelope xmlns:S="x"><S:Body><S:Fault><faultstring>no</faultstring></S:Fault></S:Body></S:Envelope>',
    "nothing returned": soap(""),
    "another document": soap("<other/>"),
    "no head": soap(f'<service xmlns="{SPEC}"><body/></service>'),
    "no rtn_code": soap(
        f'<service xmlns="{SPEC}"><head><rtn_msg><Code>000</Code></rtn_msg></head></service>'
    ),
    "success without a body": soap(envelope("")),
    "success without cdata": soap(
        f'<service xmlns="{SPEC}"><head><rtn_code>0</rtn_code><Code>000</Code></head></service>'
    ),
}
"""By what is wrong with it. None of them may be taken for an answer, and none may cost time or memory."""
