"""Tripartite agreements as the tax core keeps them, and a bank that answers by the last digit of the account.

Column names are those of protocols section 4. Of an account number only what an answer shows is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sandbox.clock import wire_time
from sandbox.people import Person
from sandbox.store import Store

ENDED, ACTIVE, PENDING, ENDING = "0", "1", "2", "3"
"""sfxyztDm."""
VERIFY, CANCEL = "0", "1"
"""VCSign."""
PASSED, FAILED = "0", "1"
"""VCResult; empty while the bank has not answered [A]."""

SLOW_TO_CANCEL, SLOW, REFUSES, KEEPS = "6", "7", "8", "9"
"""Last digits of accounts whose bank is not like the others; how they are is in README.md."""
_SLOW_ANSWERS_AT = 3

Fields = dict[str, str]


class Refusal(Exception):
    """The tax core does not do it; the message says why."""


def sign(store: Store, person: Person, asked: Mapping[str, str], now: float) -> Fields:
    """Keep a new agreement, waiting for its bank; the same sfxydjuuid again is the same one. Raises ``Refusal``."""
    known = _named(store, asked["sfxydjuuid"])
    if known is not None:
        return _shown(known, person)
    account = asked["jkzh"]
    if asked["SKSSSWJG_DM"] not in {enrolment.agency.authority for enrolment in person.enrolments}:
        raise Refusal("主管税务机关与缴费登记信息不符")
    masked, last = f"{account[:4]}****{account[-4:]}", account[-1:]
    same = (person.djxh, asked["SKSSSWJG_DM"], asked["yhhbDm"], masked)
    with store.transaction() as connection:
        standing = connection.execute(
            "SELECT 1 FROM agreements WHERE (djxh, authority, bank, account) = (?, ?, ?, ?) AND state <> ?",
            (*same, ENDED),
        ).fetchone()
        if standing:
            raise Refusal("该账号已签订三方协议，请勿重复签订")
        (serial,) = connection.execute("SELECT count(*) FROM agreements").fetchone()
        number = f"SF{int(now * 1000):013d}{serial:06d}"
        words = "" if asked["jkzhmc"] == person.name else "账户户名与协议户名不符"
        connection.execute(
            "INSERT INTO agreements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (asked["sfxydjuuid"], number, *same, asked["qsyhhh"], last, PENDING, words, now),
        )
    return _shown(_existing(store, asked["sfxydjuuid"]), person)


def verify(store: Store, person: Person, uuid: str, vc_sign: str) -> Fields:
    """Pass the question on to the bank (as TIPS 9114/9115): VCResult and AddWord, and the state it leads to.

    Raises ``Refusal``."""
    row = _existing(store, uuid)
    if vc_sign not in (VERIFY, CANCEL) or row["djxh"] != person.djxh:
        raise Refusal("没有这份三方协议")
    asked = row["asked"] + 1 if row["state"] in (PENDING, ENDING) else 1
    state, result, words = (_cancelled if vc_sign == CANCEL else _verified)(row, asked)
    with store.transaction() as connection:
        connection.execute(
            "UPDATE agreements SET state = ?, asked = ?, words = ? WHERE uuid = ?",
            (state, asked, words or row["words"], uuid),
        )
    return _shown(_existing(store, uuid), person) | {"VCResult": result, "AddWord": words}


def listed(store: Store, person: Person) -> list[Fields]:
    """三方协议查询: all of a person, oldest first."""
    rows = store.all("SELECT * FROM agreements WHERE djxh = ? ORDER BY signed_at", (person.djxh,))
    return [_shown(row, person) for row in rows]


def _verified(row: sqlite3.Row, asked: int) -> tuple[str, str, str]:
    if row["state"] == ACTIVE:
        return ACTIVE, PASSED, ""
    if row["state"] != PENDING:
        return row["state"], FAILED, row["words"] or "协议已解除"
    if row["words"] or row["last"] == REFUSES:
        return ENDED, FAILED, row["words"] or "账户状态异常，请到开户银行网点核实"
    if row["last"] == SLOW and asked < _SLOW_ANSWERS_AT:
        return PENDING, "", ""
    return ACTIVE, PASSED, ""


def _cancelled(row: sqlite3.Row, asked: int) -> tuple[str, str, str]:
    if row["state"] == ENDED:
        return ENDED, PASSED, ""
    if row["last"] == KEEPS:
        return row["state"], FAILED, "账户有未完成的扣款，暂不能解除"
    if row["last"] == SLOW_TO_CANCEL and asked < _SLOW_ANSWERS_AT:
        return ENDING, "", ""
    return ENDED, PASSED, ""


def _named(store: Store, uuid: str) -> sqlite3.Row | None:
    return store.one("SELECT * FROM agreements WHERE uuid = ?", (uuid,))


def _existing(store: Store, uuid: str) -> sqlite3.Row:
    row = _named(store, uuid)
    if row is None:
        raise Refusal("没有这份三方协议")
    return row


def _shown(row: sqlite3.Row, person: Person) -> Fields:
    return {
        "sfxyh": row["number"], "sfxydjuuid": row["uuid"], "djxh": row["djxh"], "yhhbDm": row["bank"],
        "khyhhh": row["clearing"], "qsyhhh": row["clearing"], "jkzh": row["account"], "jkzhmc": person.name,
        "sfxyztDm": row["state"], "SFXYYZTG_RQ": wire_time(row["signed_at"])[:10] if row["state"] == ACTIVE else "",
        "SKSSSWJG_DM": row["authority"], "AddWord": row["words"],
    }  # fmt: skip
