"""One wish, one number, one file; and nothing issued that is not right."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import pytest

from contract.audit import Action
from contract.certificate import (
    CertificateKeyUsed,
    CertificateNotFound,
    CertificateNotIssued,
    CertificateOfPerson,
    CertificateState,
    CertificateView,
    GlyphMissing,
    IssueCertificate,
    ReplaceCertificate,
    SealUnavailable,
    VoidReasonMissing,
)
from contract.people import Person
from contract.records import InvalidPeriod
from contract.schools import BatchOfSchool, School, SchoolNotFound
from contract.upstream import UpstreamUnavailable
from kit.crypto import KeyRing
from services.certificate.usecases import issuing, reading, schools
from services.certificate.usecases.desk import ACTS
from services.certificate.usecases.schools import SchoolDesk
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.certificate_register import AUTHORITY, WEI, Office, paid

ASKED = IssueCertificate("person-1", WEI, "202601", "202712", "key-1")


@pytest.fixture
def office() -> Office:
    return Office()


def issue(office: Office, **other: str) -> CertificateView:
    """Ask and carry out what is due."""
    asked = issuing.issue_certificate(replace(ASKED, **other), office.wiring)
    for wish in issuing.claim(10, office.wiring):
        issuing.carry_out(wish, office.wiring)
    return reading.get_certificate(CertificateOfPerson("person-1", asked.certificate_id), office.wiring)


def test_a_wish_becomes_a_sealed_file_with_its_hash(office: Office) -> None:
    asked = issuing.issue_certificate(ASKED, office.wiring)
    assert (asked.state, asked.number[:10]) == (CertificateState.WAITING, "GX20261126")
    found = issue(office)
    assert (found.state, found.total, found.line_count, found.authority_name) == (
        CertificateState.ISSUED, 40_000, 1, AUTHORITY.name,
    )  # fmt: skip
    named = CertificateOfPerson("person-1", found.certificate_id)
    first, again = (reading.get_file(named, office.wiring) for _ in range(2))
    assert first == again
    assert base64.b64decode(first.content).endswith(b" signed")
    assert [line[1] for line in office.register.lines] == ["asked", "described", "issued", "read", "read"]
    assert {line[1] for line in office.register.lines} <= set(ACTS), "staff read each in words"


def test_the_paper_says_the_amount_of_the_core_and_hides_the_number(office: Office) -> None:
    office.peers.records = (paid(40_000), paid(12_345))
    issue(office)
    words = office.press.set_words[0]
    assert (words["total"], words["total_in_words"]) == ("523.45", "伍佰贰拾叁元肆角伍分")
    assert words["document_number"] == "4501**********2040"


def test_the_same_key_never_gives_two_numbers(office: Office) -> None:
    numbers = {issue(office).number for _ in range(3)}
    assert len(numbers) == 1
    with pytest.raises(CertificateKeyUsed) as refused:
        issue(office, period_to="202612")
    assert refused.value.detail["certificate_id"] in office.register.rows


def test_while_one_waits_another_key_is_the_same_wish(office: Office) -> None:
    first = issuing.issue_certificate(ASKED, office.wiring)
    second = issuing.issue_certificate(replace(ASKED, idempotency_key="key-2"), office.wiring)
    assert first.number == second.number
    issue(office)
    assert issue(office, idempotency_key="key-3").number != first.number, "a new one once it is there"


def test_what_was_asked_of_the_core_is_asked_once_and_kept(office: Office) -> None:
    office.press.intact = False
    waiting = issue(office)
    assert waiting.state is CertificateState.WAITING
    office.peers.records, office.press.intact = (paid(99),), True
    office.clock.advance(minutes=10)
    found = issue(office)
    assert (found.state, found.total, office.peers.asked) == (CertificateState.ISSUED, 40_000, 1)
    assert office.press.set_words[0] == office.press.set_words[1]


@pytest.mark.parametrize("change", [
    {"intact": False}, {"revoked": True}, {"signer": "14502020000"},
], ids=str)  # fmt: skip
def test_what_is_not_sealed_right_is_never_issued(office: Office, change: dict[str, object]) -> None:
    office.press = replace(office.press, **change)  # type: ignore[arg-type]
    found = issue(office)
    assert (found.state, found.words) == (CertificateState.WAITING, SealUnavailable.text)
    assert office.register.files == {}


def test_a_platform_that_gives_back_another_page_issues_nothing(office: Office) -> None:
    class Other:
        def seal(self, request_id: str, printed: object, authority: object) -> bytes:
            return b"%PDF-another page, signed"

    office.sealer = Other()
    assert issue(office).state is CertificateState.WAITING
    assert office.register.files == {}


def test_the_platform_is_asked_under_the_certificates_own_id(office: Office) -> None:
    requests = []

    class Loses:
        def seal(self, request_id: str, printed: object, authority: object) -> bytes:
            requests.append((request_id, printed))
            raise SealUnavailable

    office.sealer = Loses()
    certificate_id = issue(office).certificate_id
    office.clock.advance(minutes=10)
    issue(office)
    assert len(requests) == 2
    assert requests[0] == requests[1]
    assert requests[0][0] == certificate_id


def test_who_does_not_answer_is_asked_later_and_after_a_day_no_more(office: Office) -> None:
    office.peers.error = UpstreamUnavailable()
    assert issue(office).state is CertificateState.WAITING
    assert issuing.claim(10, office.wiring) == []
    office.clock.advance(hours=25)
    assert issue(office).state is CertificateState.FAILED


def test_nothing_paid_no_seal_and_no_glyph_are_said_plainly(office: Office) -> None:
    office.peers.records = ()
    nothing = issue(office)
    assert (nothing.state, nothing.words) == (CertificateState.FAILED, issuing.NOTHING_PAID)
    office.peers.records = (paid(authority="14509990000"),)
    no_seal = issue(office, idempotency_key="key-2")
    assert no_seal.state is CertificateState.FAILED
    assert "还没有启用电子签章" in no_seal.words
    office.peers.records, office.press.error = (paid(),), GlyphMissing("“龘”字在证明的字库里没有。")
    no_glyph = issue(office, idempotency_key="key-3")
    assert (no_glyph.state, no_glyph.words) == (CertificateState.FAILED, "“龘”字在证明的字库里没有。")


def test_a_lease_that_ran_out_does_not_issue_twice(office: Office) -> None:
    issuing.issue_certificate(ASKED, office.wiring)
    slow = issuing.claim(1, office.wiring)[0]
    office.clock.advance(minutes=5)
    quick = issuing.claim(1, office.wiring)[0]
    done = issuing.carry_out(quick, office.wiring)
    assert issuing.carry_out(slow, office.wiring).file_hash == done.file_hash
    assert len(office.register.files) == 1


def test_only_months_make_a_period(office: Office) -> None:
    for first, last in (("202613", "202712"), ("202712", "202601"), ("2026", "202712")):
        with pytest.raises(InvalidPeriod):
            issue(office, period_from=first, period_to=last)


def test_a_replacement_voids_the_old_one_once(office: Office) -> None:
    old = issue(office)
    asked = ReplaceCertificate("person-1", WEI, old.certificate_id, "缴费记录有变化", "key-2")
    with pytest.raises(VoidReasonMissing):
        issuing.replace_certificate(replace(asked, reason=" "), office.wiring)
    new, again = (issuing.replace_certificate(asked, office.wiring) for _ in range(2))
    assert new.number == again.number != old.number
    voided = reading.get_certificate(CertificateOfPerson("person-1", old.certificate_id), office.wiring)
    assert (voided.state, voided.void_reason, voided.replaced_by) == (
        CertificateState.VOIDED, "缴费记录有变化", new.certificate_id,
    )  # fmt: skip
    with pytest.raises(CertificateNotIssued):
        issuing.replace_certificate(replace(asked, idempotency_key="key-3"), office.wiring)


def test_an_officer_voids_by_number(office: Office) -> None:
    found = issue(office)
    w = office.wiring
    issuing.void(found.number, "缴费已退", "officer-1", w.database, w.register, w.clock)
    assert office.register.lines[-1] == (found.certificate_id, "voided", "officer-1", "缴费已退")
    with pytest.raises(CertificateNotFound):
        issuing.void("GX000", "缴费已退", "officer-1", w.database, w.register, w.clock)


def test_anothers_certificate_is_not_found_and_that_is_journalled(office: Office) -> None:
    found = issue(office)
    stranger = CertificateOfPerson("person-2", found.certificate_id)
    for act in (reading.get_certificate, reading.get_file):
        with pytest.raises(CertificateNotFound):
            act(stranger, office.wiring)
    asked = [(act.actor, act.target, act.result) for act in office.journal.of(Action.FOREIGN_ASKED)]
    target = f"certificate:{found.certificate_id}"
    assert asked == [("resident:person-2", target, CertificateNotFound.code)] * 2


class NobodysSchools:
    """Who asks is authorised for none of the schools there are."""

    def of_operator(self, tx: object, person: Person) -> list[School]:
        return []

    def batch(self, tx: object, batch_id: str) -> SimpleNamespace | None:
        return SimpleNamespace(batch_id=batch_id, school_id="school-1") if batch_id == "batch-1" else None


@pytest.mark.parametrize(
    ("batch_id", "target"), [("batch-1", "school:school-1"), ("batch-2", "batch:batch-2")]
)
def test_a_list_of_anothers_school_is_not_found_and_that_is_journalled(
    office: Office, batch_id: str, target: str
) -> None:
    desk = SchoolDesk(NobodysSchools(), office.press, KeyRing.parse(QUOTE_KEYS))  # type: ignore[arg-type]
    with pytest.raises(SchoolNotFound):
        schools.get_batch(BatchOfSchool(WEI, batch_id), desk, office.wiring)
    (act,) = office.journal.of(Action.FOREIGN_ASKED)
    assert (act.target, act.result) == (target, SchoolNotFound.code)
    assert act.actor.startswith("visitor:") and WEI.document_number not in act.actor


def test_a_file_too_old_to_be_kept_is_said_to_be(office: Office) -> None:
    found = issue(office)
    office.register.files.clear()
    office.clock.advance(days=2000)
    named = CertificateOfPerson("person-1", found.certificate_id)
    assert not reading.get_certificate(named, office.wiring).readable
    with pytest.raises(CertificateNotIssued, match="超过保存期限"):
        reading.get_file(named, office.wiring)
    assert office.clock.now() > found.asked_at + dt.timedelta(days=1825)
