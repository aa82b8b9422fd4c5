"""Our adapters of the tax core against the sandbox, and against whatever may come back instead of an answer."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import services.contribution.adapters
from contract.declarations import DeclarationNotFound, DeclarationPaid, VoidRefused
from contract.insurance import InsuranceType
from contract.people import DocumentType, Person
from contract.records import RecordState
from contract.upstream import UpstreamUnavailable
from kit.breaker import Breaker
from kit.clock import CHINA, SystemClock
from kit.upstream import Upstream
from sandbox.personas import personas
from services.contribution.adapters.esb import CoreRefused, Esb, find_all, find_text
from services.contribution.adapters.taxcore_declarations import EsbDeclarations
from services.contribution.adapters.taxcore_records import EsbRecords
from services.contribution.adapters.taxcore_wire import BadWire, read_wire
from services.contribution.domain.records import CoreRecord
from tests.contract.adapters.esb_answers import HOSTILE, RECORD, envelope, listed, refused, soap, tax_ml
from tests.contract.adapters.sandbox_process import RunningSandbox, answering

KNOWN = {known.persona: known for known in personas()}
PEOPLE = {
    name: Person(DocumentType.RESIDENT_ID, known.id_number, known.name) for name, known in KNOWN.items()
}
WEI = PEOPLE["medical_only"]
YEAR = dt.datetime.now(CHINA).year
THIS_YEAR = (f"{YEAR}01", f"{YEAR}12")


@dataclass(frozen=True)
class Core:
    """The adapters over one ESB."""

    esb: Esb
    records: EsbRecords
    declarations: EsbDeclarations

    def of(self, persona: str, period: tuple[str, str] = ("200001", "209912")) -> Sequence[CoreRecord]:
        return self.records.list_records(PEOPLE[persona], *period)


def core(url: str, timeout: float = 5.0) -> Core:
    patient = Upstream("taxcore", Breaker(failures=1000, rest=0))
    esb = Esb(url, timeout, SystemClock(), patient, read_wire(None))
    return Core(esb, EsbRecords(esb), EsbDeclarations(esb))


@pytest.fixture(scope="module")
def taxcore(sandbox: RunningSandbox) -> Iterator[Core]:
    taxcore = core(f"{sandbox.url}/esb")
    yield taxcore
    taxcore.esb._http.close()


def answered(body: str | bytes, status: int = 200) -> Sequence[CoreRecord]:
    """What our adapter makes of an answer to a question about 韦秀兰."""
    with answering(body, status) as url:
        taxcore = core(url)
        try:
            return taxcore.of("medical_only")
        finally:
            taxcore.esb._http.close()


def test_a_payment_of_another_channel_is_read_whole(taxcore: Core) -> None:
    medical, pension = taxcore.of("declared")
    enrolled, day = KNOWN["declared"].enrolments[0], dt.datetime.now(CHINA) - dt.timedelta(days=60)
    assert (medical.insurance_type, medical.amount) == (InsuranceType.MEDICAL, 40000)
    assert (medical.agency_code, medical.agency_name) == (enrolled.agency.code, enrolled.agency.name)
    assert (medical.person_number, medical.state) == (enrolled.person_number, RecordState.PAID)
    assert (medical.period_from, medical.period_to, medical.channel) == (*THIS_YEAR, "支付宝城市服务")
    assert medical.paid_at is not None and medical.paid_at.utcoffset() == dt.timedelta(hours=8)
    assert (medical.paid_at.date(), medical.declared_on) == (day.date(), day.date())
    assert medical.receipt_number.startswith("3450") and medical.record_id
    assert (pension.insurance_type, pension.amount, pension.channel) == (
        InsuranceType.PENSION,
        30000,
        "银行柜台",
    )


def test_the_period_narrows(taxcore: Core) -> None:
    assert [record.period_from[:4] for record in taxcore.of("all_paid")] == [str(YEAR), str(YEAR + 1)]
    assert [record.period_from[:4] for record in taxcore.of("all_paid", THIS_YEAR)] == [str(YEAR)]


@pytest.mark.parametrize("persona", ["medical_only", "pension_only", "not_enrolled", "no_insurance_type"])
def test_who_has_paid_nothing_has_no_records(taxcore: Core, persona: str) -> None:
    assert list(taxcore.of(persona)) == []


@pytest.mark.parametrize(
    ("number", "name"), [(KNOWN["declared"].id_number, "蒙"), ("1", "蒙立新"), ("", "\x00&<]]>")]
)
def test_number_and_name_must_belong_together(taxcore: Core, number: str, name: str) -> None:
    stranger = Person(DocumentType.RESIDENT_ID, number, name)
    assert list(taxcore.records.list_records(stranger, *THIS_YEAR)) == []


def test_a_declaration_is_voided_and_again(taxcore: Core, sandbox: RunningSandbox) -> None:
    (declared,) = [r for r in taxcore.of("declared_unpaid") if r.state is RecordState.DECLARED]
    assert (declared.amount, declared.paid_at) == (50000, None)
    with pytest.raises(DeclarationNotFound):
        taxcore.declarations.void(WEI, declared.record_id, "somebody else's")
    for _ in range(2):
        taxcore.declarations.void(PEOPLE["declared_unpaid"], declared.record_id, "本人申请作废")
    assert [r.state for r in taxcore.of("declared_unpaid") if r.record_id == declared.record_id] == [
        RecordState.VOIDED
    ]


@pytest.mark.parametrize("persona", ["declared_being_paid", "all_paid"])
def test_what_is_paid_or_being_paid_is_not_voided(taxcore: Core, persona: str) -> None:
    record = taxcore.of(persona)[0]
    with pytest.raises(DeclarationPaid):
        taxcore.declarations.void(PEOPLE[persona], record.record_id, "本人申请作废")


def test_a_refusal_of_its_own_is_repeated() -> None:
    for body, words in [
        (refused("305", "该申报已锁定。"), "税务系统没有同意作废：该申报已锁定。申报没有改变。"),
        (refused("305", reason="该申报已锁定"), "税务系统没有同意作废：该申报已锁定。申报没有改变。"),
        (refused("305"), VoidRefused.text),
    ]:
        with answering(body) as url:
            taxcore = core(url)
            with pytest.raises(VoidRefused) as refusal:
                taxcore.declarations.void(WEI, "1", "本人申请作废")
        taxcore.esb._http.close()
        assert refusal.value.message == words


FAULTS = {
    "503": {"error_rate": 1.0},
    "no answer": {"timeout_rate": 1.0, "timeout_seconds": 0.6},
    "late": {"latency_ms": 600},
    "done, and the answer lost": {"accept_then_timeout_rate": 1.0, "timeout_seconds": 0.6},
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_core_that_does_not_answer_is_unavailable(sandbox: RunningSandbox, fault: str) -> None:
    impatient = core(f"{sandbox.url}/esb", timeout=0.3)
    none = dict.fromkeys(("error_rate", "timeout_rate", "accept_then_timeout_rate", "latency_ms"), 0)
    sandbox.api("PUT", "/people/under_14/settings", {"taxcore": FAULTS[fault]})
    try:
        with pytest.raises(UpstreamUnavailable):
            impatient.of("under_14")
        with pytest.raises(UpstreamUnavailable):
            impatient.declarations.void(PEOPLE["under_14"], "1", "本人申请作废")
    finally:
        sandbox.api("PUT", "/people/under_14/settings", {"taxcore": none})
        impatient.esb._http.close()


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(UpstreamUnavailable):
        core("http://127.0.0.1:9").of("medical_only")


@pytest.mark.parametrize("wrong", sorted(HOSTILE))
def test_what_is_no_answer_is_unavailable_at_once_and_logs_nobody(
    wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()
    with pytest.raises(UpstreamUnavailable):
        answered(HOSTILE[wrong])
    assert time.monotonic() - started < 20
    said = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("services"))
    assert "tax core gave no answer" in said
    assert not any(personal in said for personal in ("韦秀兰", WEI.document_number, "root:"))


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_only_200_is_an_answer(status: int) -> None:
    with pytest.raises(UpstreamUnavailable):
        answered(listed(RECORD), status)


@pytest.mark.parametrize(
    ("rtn_code", "code"), [("1", "000"), ("0", "999"), ("0", ""), ("2", "000"), ("00", "000")]
)
def test_success_needs_both_codes(rtn_code: str, code: str) -> None:
    with pytest.raises(UpstreamUnavailable):
        answered(soap(envelope(tax_ml(RECORD), rtn_code, code)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_none_one_and_several_are_read_alike(count: int) -> None:
    lines = [RECORD | {"SBUUID": f"R{n}"} for n in range(count)]
    assert [record.record_id for record in answered(listed(*lines))] == [f"R{n}" for n in range(count)]


def test_a_payment_may_come_without_its_time_of_day() -> None:
    (record,) = answered(listed(RECORD | {"JKFSRQ": "2026-11-23"}))
    assert record.paid_at == dt.datetime(2026, 11, 23, tzinfo=CHINA)


def test_levies_of_others_and_fields_we_do_not_know_are_left_out() -> None:
    (record,) = answered(listed(RECORD | {"XZLX_DM": "10204"}, RECORD | {"NEW": "<&"}))
    assert record.record_id == RECORD["SBUUID"]


@pytest.mark.parametrize(
    "changed",
    [{"SBUUID": ""}, {"RYBH": ""}, {"GRJFJE": ""}, {"GRJFJE": "-1.00"}, {"GRJFJE": "NaN"}, {"GRJFJE": "0.001"},
     {"FKSSQQ": "2026"}, {"FKSSQZ": "202613"}, {"SBRQ": ""}, {"SBRQ": "yesterday"}, {"JKFSRQ": ""},
     {"JKFSRQ": "2026-13-01 00:00:00"}, {"JFBS": ""}, {"JFBS": "9"}, {"ZJHM": "450327198603142064"}, {"ZJHM": ""}],
    ids=str,
)  # fmt: skip
def test_a_record_that_cannot_be_read_spoils_the_list(
    changed: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UpstreamUnavailable):
        answered(listed(RECORD, RECORD | changed))
    assert "tax core answered a record that cannot be read" in caplog.text
    assert "韦秀兰" not in caplog.text and "450" not in caplog.text.replace("test_450", "")


def test_the_esb_serves_other_subjects_as_well(taxcore: Core) -> None:
    """Agreements are asked for by djxh; a refusal carries its code and its words."""
    answer = taxcore.esb.ask("list_agreements", {"djxh": KNOWN["medical_only"].djxh})
    assert list(find_all(answer, "sfxyGridlb")) == [] and find_text(answer, "sfxyh") == ""
    with pytest.raises(CoreRefused) as refusal:
        taxcore.esb.ask("list_agreements", {"djxh": "nobody"})
    assert (refusal.value.code, refusal.value.message) == ("101", "查询不到该缴费人的登记信息")


def test_the_wire_is_checked(tmp_path: Path) -> None:
    ours = Path(services.contribution.adapters.__path__[0]) / "taxcore.toml"
    text, copy = ours.read_text("utf-8"), tmp_path / "taxcore.toml"
    copy.write_text(text.replace('"SWZJ.HXZG.SB.BCSBZF"', '"ELSE"'), "utf-8")
    assert read_wire(copy).operations.void_declaration == "ELSE"
    for broken, words in [
        (text.replace("not_found =", "found ="), "codes.not_found"),
        (text.replace("[states]", "[state]"), "states"),
        (text + "\n[", "TOMLDecodeError"),
    ]:
        copy.write_text(broken, "utf-8")
        with pytest.raises(BadWire, match=words):
            read_wire(copy)
    with pytest.raises(BadWire, match="FileNotFoundError"):
        read_wire(tmp_path / "nowhere.toml")
