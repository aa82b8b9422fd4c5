"""Our adapter of tripartite agreements against the sandbox, and against answers that are none."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from contract.agreement import AgreementState
from contract.upstream import UpstreamUnavailable
from kit.breaker import Breaker
from kit.clock import SystemClock
from kit.upstream import Upstream
from sandbox.personas import personas
from services.contribution.adapters.esb import Esb
from services.contribution.adapters.taxcore_agreements import EsbAgreements
from services.contribution.adapters.taxcore_wire import read_wire
from services.contribution.domain.agreements import Agreement, Question, Report, Trigger
from tests.contract.adapters.esb_answers import HOSTILE, envelope, refused, soap, tax_ml
from tests.contract.adapters.sandbox_process import RunningSandbox, answering

WEI = next(known for known in personas() if known.persona == "medical_only")
SIGN, VERIFY, CANCEL, LOOK_UP = Question.SIGN, Question.VERIFY, Question.CANCEL, Question.LOOK_UP


def make(url: str, timeout: float = 5.0) -> EsbAgreements:
    patient = Upstream("taxcore", Breaker(failures=1000, rest=0))
    return EsbAgreements(Esb(url, timeout, SystemClock(), patient, read_wire(None)))


@pytest.fixture
def desk(sandbox: RunningSandbox) -> Iterator[EsbAgreements]:
    """The sandbox with nothing signed yet."""
    sandbox.api("POST", "/reset")
    desk = make(f"{sandbox.url}/esb")
    yield desk
    desk._esb._http.close()
    sandbox.api("POST", "/reset")


def agreement(last: str = "1", **changed: str) -> Agreement:
    made = Agreement(
        agreement_id=uuid.uuid4().hex, person_id="person-1", idempotency_key="key-1", registration_number=WEI.djxh,
        bank_code="105", bank_name="中国建设银行", clearing_number="105100000017", account_tail=f"005{last}",
        account_number=f"621700341000000005{last}", holder=WEI.name, agency_name="青秀中心",
        authority_code=WEI.enrolments[0].agency.authority, consent_version="2026-11", state=AgreementState.SIGNING,
        created_at=dt.datetime.now(dt.UTC), next_action_at=None,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def test_signed_verified_looked_up_cancelled(desk: EsbAgreements) -> None:
    ours = agreement()
    assert desk.ask(ours, LOOK_UP) == Report(Trigger.ABSENT, LOOK_UP)
    assert desk.ask(ours, SIGN) == Report(Trigger.ACCEPTED, SIGN)
    assert desk.ask(ours, SIGN) == Report(Trigger.ACCEPTED, SIGN), "the same id is the same agreement"
    assert desk.ask(ours, LOOK_UP) == Report(Trigger.ACCEPTED, LOOK_UP)
    assert desk.ask(ours, VERIFY) == Report(Trigger.PASSED, VERIFY)
    assert desk.ask(ours, LOOK_UP) == Report(Trigger.PASSED, LOOK_UP)
    assert desk.ask(ours, CANCEL) == Report(Trigger.OVER, CANCEL)
    assert desk.ask(ours, LOOK_UP).trigger is Trigger.OVER


@pytest.mark.parametrize(
    ("last", "question", "answers", "words"),
    [
        ("7", VERIFY, ["accepted", "accepted", "passed"], ""),
        ("8", VERIFY, ["refused"], "账户状态异常，请到开户银行网点核实"),
        ("6", CANCEL, ["ending", "ending", "over"], ""),
        ("9", CANCEL, ["kept", "kept"], "账户有未完成的扣款，暂不能解除"),
    ],
)
def test_slow_and_unwilling_banks(
    desk: EsbAgreements, last: str, question: Question, answers: list[str], words: str
) -> None:
    ours = agreement(last)
    desk.ask(ours, SIGN)
    if question is CANCEL:
        desk.ask(ours, VERIFY)
    said = [desk.ask(ours, question) for _ in answers]
    assert [report.trigger for report in said] == answers
    assert {report.words for report in said} == {words}


def test_what_the_bank_refused_is_over_with_its_words_when_looked_up(desk: EsbAgreements) -> None:
    ours = agreement(holder="他人")
    desk.ask(ours, SIGN)
    assert desk.ask(ours, VERIFY) == Report(Trigger.REFUSED, VERIFY, "账户户名与协议户名不符")
    assert desk.ask(ours, LOOK_UP) == Report(Trigger.OVER, LOOK_UP, "账户户名与协议户名不符")


def test_the_cores_own_refusals(desk: EsbAgreements) -> None:
    ours = agreement(authority_code="14500000000")
    assert desk.ask(ours, SIGN) == Report(Trigger.REFUSED, SIGN, "主管税务机关与缴费登记信息不符")
    desk.ask(agreement(), SIGN)
    assert "已签订" in desk.ask(agreement(), SIGN).words
    assert desk.ask(ours, VERIFY).trigger is Trigger.UNANSWERED, "the bank has said nothing"
    assert desk.ask(ours, CANCEL) == Report(Trigger.KEPT, CANCEL, "没有这份三方协议")
    with pytest.raises(UpstreamUnavailable):
        desk.ask(replace(ours, registration_number="nobody"), LOOK_UP)


@pytest.mark.parametrize(
    ("question", "transaction", "becomes"),
    [
        (SIGN, "SWZJ.HXZG.ZS.QDSFXY", Trigger.ACCEPTED),
        (VERIFY, "SWZJ.HXZG.ZS.YZSFXY", Trigger.PASSED),
        (CANCEL, "SWZJ.HXZG.ZS.YZSFXY", Trigger.OVER),
    ],
)
def test_a_lost_answer_is_found_by_looking_up(
    desk: EsbAgreements, sandbox: RunningSandbox, question: Question, transaction: str, becomes: Trigger
) -> None:
    ours = agreement()
    for before in {SIGN: [], VERIFY: [SIGN], CANCEL: [SIGN, VERIFY]}[question]:
        desk.ask(ours, before)
    lose = {"accept_then_timeout_rate": 1.0, "timeout_seconds": 0.1, "transaction": transaction}
    sandbox.api("PUT", f"/people/{WEI.djxh}/settings", {"taxcore": lose})
    with pytest.raises(UpstreamUnavailable):
        desk.ask(ours, question)
    assert desk.ask(ours, LOOK_UP).trigger is becomes


def row(ours: Agreement, **changed: str) -> dict[str, str]:
    known = {
        "sfxydjuuid": ours.agreement_id,
        "djxh": ours.registration_number,
        "sfxyztDm": "1",
        "VCResult": "0",
    }
    return known | {"AddWord": ""} | changed


def answered(ours: Agreement, question: Question, body: str | bytes) -> Report:
    with answering(body) as url:
        desk = make(url)
        try:
            return desk.ask(ours, question)
        finally:
            desk._esb._http.close()


def rows(*found: dict[str, str]) -> str:
    return soap(envelope(tax_ml(*found, grid="sfxyGrid", item="sfxyGridlb")))


@pytest.mark.parametrize("question", list(Question))
@pytest.mark.parametrize("wrong", sorted(HOSTILE))
def test_what_is_no_answer_is_unavailable_and_logs_no_account(
    question: Question, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ours = agreement()
    with pytest.raises(UpstreamUnavailable):
        answered(ours, question, HOSTILE[wrong])
    said = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("services"))
    assert not any(personal in said for personal in (str(ours.account_number), WEI.name, WEI.djxh))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (SIGN, []),
        (SIGN, [{"sfxydjuuid": "another"}]),
        (SIGN, [{}, {}]),
        (SIGN, [{"sfxyztDm": ""}]),
        (SIGN, [{"sfxyztDm": "9"}]),
        (VERIFY, [{"VCResult": "1"}]),
        (VERIFY, [{"VCResult": "0", "sfxyztDm": "0"}]),
        (VERIFY, [{"VCResult": "2"}]),
        (CANCEL, [{"VCResult": "0"}]),
        (CANCEL, [{"VCResult": "1", "sfxyztDm": "0"}]),
        (LOOK_UP, [{}, {"sfxyztDm": "0"}]),
    ],
    ids=str,
)
def test_an_answer_that_contradicts_itself_is_unavailable(
    question: Question, found: list[dict[str, str]]
) -> None:
    ours = agreement()
    with pytest.raises(UpstreamUnavailable):
        answered(ours, question, rows(*(row(ours, **changed) for changed in found)))


@pytest.mark.parametrize("question", [SIGN, CANCEL])
@pytest.mark.parametrize("code", ["", "000"])
def test_a_refusal_without_a_code_refuses_nothing(question: Question, code: str) -> None:
    with pytest.raises(UpstreamUnavailable):
        answered(agreement(), question, refused(code, "x"))


def test_words_are_bounded_and_plain() -> None:
    ours = agreement()
    said = row(ours, VCResult="1", sfxyztDm="0", AddWord="<b>" + "账" * 500)
    report = answered(ours, VERIFY, rows(said))
    assert (report.trigger, len(report.words)) == (Trigger.REFUSED, 200)
    assert report.words.startswith("<b>"), "pages escape it"


def test_others_agreements_in_a_list_are_not_ours() -> None:
    ours = agreement()
    found = rows(row(ours, sfxydjuuid="1", sfxyztDm="0"), row(ours), row(ours, sfxydjuuid="2", sfxyztDm="9"))
    assert answered(ours, LOOK_UP, found).trigger is Trigger.PASSED
