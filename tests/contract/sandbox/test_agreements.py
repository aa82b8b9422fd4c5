"""Tripartite agreements at the sandbox's tax core (protocols section 4), and the bank behind it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from flask.testing import FlaskClient

from tests.contract.sandbox.test_taxcore import DATASPEC, PEOPLE, call, envelope, head, post, soap

SIGN, VERIFY, LIST = (f"SWZJ.HXZG.ZS.{name}" for name in ("QDSFXY", "YZSFXY", "CXSFXYXXBYDJXH"))
PERSON = PEOPLE["medical_only"]
ASKED = {
    "sfxydjuuid": "uuid-1", "djxh": PERSON.djxh, "yhhbDm": "105", "qsyhhh": "105100000017",
    "jkzh": "6217003410000000051", "jkzhmc": PERSON.name, "SKSSSWJG_DM": "14501030000",
}  # fmt: skip


def tax_ml(fields: dict[str, str]) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<taxML xmlns="{DATASPEC}" xmlbh="x" bbh="1.0">{inner}</taxML>'


def ask(client: FlaskClient, transaction: str, fields: dict[str, str]) -> list[dict[str, str]]:
    reply = call(client, tax_ml(fields), transaction)
    assert (head(reply, "rtn_code"), head(reply, "Code")) == ("0", "000"), head(reply, "Reason")
    body = ET.fromstring(head(reply, "body") or "")
    return [
        {field.tag.removeprefix(f"{{{DATASPEC}}}"): field.text or "" for field in row}
        for row in body.iter(f"{{{DATASPEC}}}sfxyGridlb")
    ]


def refused(client: FlaskClient, transaction: str, fields: dict[str, str]) -> str:
    reply = call(client, tax_ml(fields), transaction)
    assert head(reply, "rtn_code") == "1"
    return head(reply, "Reason") or ""


def signed(client: FlaskClient, last: str = "1", **changed: str) -> None:
    (row,) = ask(client, SIGN, ASKED | {"jkzh": f"621700341000000005{last}"} | changed)
    assert row["sfxyztDm"] == "2"


def verified(client: FlaskClient, vc_sign: str = "0") -> tuple[str, str, str]:
    asked = {"djxh": PERSON.djxh, "sfxydjuuid": "uuid-1", "VCSign": vc_sign}
    (row,) = ask(client, VERIFY, asked)
    return row["VCResult"], row["AddWord"], row["sfxyztDm"]


def test_an_agreement_is_signed_verified_listed_and_cancelled(client: FlaskClient) -> None:
    signed(client)
    assert verified(client) == ("0", "", "1")
    (row,) = ask(client, LIST, {"djxh": PERSON.djxh})
    assert row.pop("SFXYYZTG_RQ")
    assert row.pop("sfxyh").startswith("SF")
    assert row == {
        "sfxydjuuid": "uuid-1", "djxh": PERSON.djxh, "yhhbDm": "105", "khyhhh": "105100000017",
        "qsyhhh": "105100000017", "jkzh": "6217****0051", "jkzhmc": PERSON.name, "sfxyztDm": "1",
        "SKSSSWJG_DM": "14501030000", "AddWord": "",
    }  # fmt: skip
    assert verified(client, "1") == ("0", "", "0")


def test_signing_again_is_the_same_agreement(client: FlaskClient) -> None:
    signed(client)
    signed(client)
    assert len(ask(client, LIST, {"djxh": PERSON.djxh})) == 1
    assert "已签订" in refused(client, SIGN, ASKED | {"sfxydjuuid": "uuid-2"})


@pytest.mark.parametrize(
    ("last", "vc_sign", "answers"),
    [
        ("5", "0", ["0", "0"]), ("7", "0", ["", "", "0"]), ("8", "0", ["1"]),
        ("5", "1", ["0", "0"]), ("6", "1", ["", "", "0"]), ("9", "1", ["1", "1"]),
    ],
)  # fmt: skip
def test_the_bank_answers_by_the_last_digit(
    client: FlaskClient, last: str, vc_sign: str, answers: list[str]
) -> None:
    signed(client, last)
    if vc_sign == "1":
        verified(client)
    said = [verified(client, vc_sign) for _ in answers]
    assert [result for result, _, _ in said] == answers
    assert all(bool(words) == (result == "1") for result, words, _ in said)


def test_a_holder_of_another_name_is_refused_by_the_bank(client: FlaskClient) -> None:
    signed(client, jkzhmc="他人")
    assert verified(client) == ("1", "账户户名与协议户名不符", "0")


@pytest.mark.parametrize(
    ("transaction", "changed", "words"),
    [
        (SIGN, {"SKSSSWJG_DM": "14502020000"}, "主管税务机关"),
        (SIGN, {"jkzh": ""}, "缺少 jkzh"),
        (SIGN, {"djxh": "1"}, "查询不到"),
        (VERIFY, {"VCSign": "0"}, "没有这份三方协议"),
        (LIST, {"djxh": "1"}, "查询不到"),
    ],
)
def test_what_the_core_itself_refuses(
    client: FlaskClient, transaction: str, changed: dict[str, str], words: str
) -> None:
    assert words in refused(client, transaction, ASKED | changed)


def test_a_lost_answer_was_done_all_the_same(client: FlaskClient) -> None:
    lose = {"taxcore": {"accept_then_timeout_rate": 1, "timeout_seconds": 0, "transaction": SIGN}}
    client.put(f"/sandbox/api/people/{PERSON.djxh}/settings", json=lose)
    assert post(client, soap(envelope(tax_ml(ASKED), SIGN))).status_code == 504
    assert [row["sfxydjuuid"] for row in ask(client, LIST, {"djxh": PERSON.djxh})] == ["uuid-1"]
