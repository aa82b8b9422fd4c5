"""Tripartite agreements on PostgreSQL with the real adapter and the sandbox: many at once, and processes that die."""

from __future__ import annotations

import datetime as dt
import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import or_, select, text, update

from contract.agreement import (
    AgreementExists,
    AgreementOfPerson,
    AgreementState,
    AgreementView,
    CancelAgreement,
    PrepareAgreement,
    SignAgreement,
)
from contract.people import DocumentType, Person
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.breaker import Breaker
from kit.clock import SetClock
from kit.crypto import KeyRing
from kit.database import Database
from kit.open_platform import OpenPlatformKey
from kit.upstream import Upstream
from sandbox.personas import personas
from sandbox.settings import DEMO_CREDENTIALS
from services.contribution.adapters.esb import Esb
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.adapters.taxcore_agreements import EsbAgreements
from services.contribution.adapters.taxcore_wire import read_wire
from services.contribution.domain.agreements import ACTIVE, LEASE, Agreement, Question, Report, Trigger, apply
from services.contribution.models import agreement_history, agreements, query_audit
from services.contribution.storage.agreements import AgreementStorage
from services.contribution.storage.enrolments import KeptEnrolments
from services.contribution.storage.query_audit import QueryAudit
from services.contribution.usecases import agreements as usecases
from services.contribution.usecases.agreements import Wiring
from services.contribution.usecases.enrolments import Memory
from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.contribution_agreements import Killed
from tests.integration.contribution.running import Replica
from tests.integration.payment.databases import at_once
from tests.unit.contribution.test_banks import BANKS, CARD

WEI = next(known for known in personas() if known.persona == "medical_only")
PERSON = Person(DocumentType.RESIDENT_ID, WEI.id_number, WEI.name)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def w(contribution_database: Database, sandbox: RunningSandbox) -> Iterator[Wiring]:
    """Nothing signed yet; time stands still until a test moves it."""
    sandbox.api("POST", "/reset")
    with contribution_database.transaction() as tx:
        tx.execute(agreement_history.delete())
        tx.execute(agreements.delete())
    clock = SetClock(dt.datetime.now(dt.UTC))
    esb = Esb(f"{sandbox.url}/esb", 5.0, clock, Upstream("taxcore", Breaker(1000, 0)), read_wire(None))
    seal = KeyRing.parse(QUOTE_KEYS)
    yield Wiring(
        contribution_database, AgreementStorage(), QueryAudit(), EsbAgreements(esb), BANKS, seal, clock,
        dt.timedelta(minutes=15),
    )  # fmt: skip
    esb._http.close()


def draft(w: Wiring, sandbox: RunningSandbox, number: str = CARD, person_id: str = "person-1") -> str:
    key = OpenPlatformKey(DEMO_CREDENTIALS["TAXBANK_APP_ID"], DEMO_CREDENTIALS["TAXBANK_APP_KEY"])
    taxbank = HttpTaxBank(sandbox.url, key, 5.0, w.clock, Upstream("taxbank", Breaker(1000, 0)))
    memory = Memory(w.database, KeptEnrolments(), w.clock, dt.timedelta(days=7))
    prepared = usecases.prepare_agreement(
        PrepareAgreement(person_id, PERSON, "105", number), taxbank, memory, w
    )
    taxbank._http.close()
    return prepared.draft


def sign(w: Wiring, sealed: str, key: str = "key-1", person_id: str = "person-1") -> AgreementView:
    return usecases.sign_agreement(SignAgreement(person_id, sealed, "", "2026-11", key), w)


def check(w: Wiring, view: AgreementView) -> AgreementView:
    return usecases.check_agreement(AgreementOfPerson("person-1", view.agreement_id), w)


def rows(w: Wiring) -> list[Any]:
    with w.database.read() as connection:
        return list(connection.execute(select(agreements)))


def asked_of_the_core(sandbox: RunningSandbox) -> int:
    return int(sandbox.api("GET", "/counters")["calls"].get("taxcore.esb", 0))


def test_thirty_signs_at_once_are_one_agreement(w: Wiring, sandbox: RunningSandbox) -> None:
    sealed = draft(w, sandbox)
    answers = at_once(lambda n: sign(w, sealed, f"key-{n}"), 30)
    assert Counter(type(answer) for answer in answers) == {AgreementView: 1, AgreementExists: 29}
    assert len(rows(w)) == 1


def test_one_key_thirty_times_is_one_agreement_and_one_answer(w: Wiring, sandbox: RunningSandbox) -> None:
    sealed = draft(w, sandbox)
    answers = at_once(lambda n: sign(w, sealed), 30)
    assert len({answer.agreement_id for answer in answers if isinstance(answer, AgreementView)}) == 1
    assert {type(answer) for answer in answers} == {AgreementView}


def test_thirty_who_check_at_once_ask_the_core_once(w: Wiring, sandbox: RunningSandbox) -> None:
    view = sign(w, draft(w, sandbox))
    sandbox.api("PUT", "/settings", {"taxcore": {"latency_ms": 300}})
    answers = at_once(lambda n: check(w, view), 30)
    assert all(isinstance(answer, AgreementView) for answer in answers)
    assert asked_of_the_core(sandbox) == 2, "signed and verified, once each"
    assert check(w, view).state is AgreementState.ACTIVE


def test_the_account_is_encrypted_and_then_forgotten(w: Wiring, sandbox: RunningSandbox) -> None:
    view = sign(w, draft(w, sandbox))
    (row,) = rows(w)
    assert (row.account_number, row.holder) == (CARD, WEI.name)
    with w.database.read() as connection:
        raw = str(connection.execute(text("SELECT agreements.*::text FROM agreements")).one())
    assert not any(personal in raw for personal in (CARD, CARD.encode().hex(), WEI.name, WEI.id_number))
    check(w, view)
    (row,) = rows(w)
    assert (row.account_number, row.holder, row.account_tail, row.live) == (None, None, "0051", True)
    assert sign(w, draft(w, sandbox)).agreement_id == view.agreement_id, "the same key knows it by its index"
    with pytest.raises(AgreementExists):
        sign(w, draft(w, sandbox), "key-2")


class Dying(EsbAgreements):
    """The core does what it is asked, and our process does not live to hear of it."""

    def __init__(self, desk: Any, question: Question) -> None:
        super().__init__(desk._esb)
        self._last = question

    def ask(self, agreement: Agreement, question: Question) -> Report:
        report = super().ask(agreement, question)
        if question is self._last:
            raise Killed
        return report


@pytest.mark.parametrize("question", [Question.SIGN, Question.VERIFY, Question.CANCEL])
def test_killed_between_asking_and_hearing_it_ends_by_itself(
    w: Wiring, sandbox: RunningSandbox, question: Question
) -> None:
    view = sign(w, draft(w, sandbox))
    wanted = AgreementState.ACTIVE
    if question is Question.CANCEL:
        check(w, view)
        usecases.cancel_agreement(CancelAgreement("person-1", PERSON, view.agreement_id), w)
        wanted = AgreementState.ENDED
    with pytest.raises(Killed):
        check(replace(w, desk=Dying(w.desk, question)), view)
    assert rows(w)[0].in_doubt
    asked = asked_of_the_core(sandbox)
    assert check(w, view).state not in (wanted, AgreementState.FAILED)
    assert asked_of_the_core(sandbox) == asked, "the dead one's lease still holds"
    assert usecases.claim_due(w, 10) == []
    later = replace(w, clock=SetClock(w.clock.now() + LEASE))
    (due,) = usecases.claim_due(later, 10)
    assert usecases.claim_due(later, 10) == [], "one replica looks after it"
    assert usecases.check_agreement(due, later).state is wanted
    assert asked_of_the_core(sandbox) == asked + (2 if question is Question.SIGN else 1)


def test_the_history_tells_who_moved_it_and_holds_nothing_personal(
    w: Wiring, sandbox: RunningSandbox
) -> None:
    view = sign(w, draft(w, sandbox))
    check(w, view)
    usecases.cancel_agreement(CancelAgreement("person-1", PERSON, view.agreement_id), w)
    check(w, view)
    with w.database.read() as connection:
        lines = connection.execute(select(agreement_history).order_by(agreement_history.c.id)).all()
    assert [(line.source, line.trigger, line.from_state, line.to_state) for line in lines] == [
        ("person", "wished", "", "signing"),
        ("sign", "accepted", "signing", "pending"),
        ("verify", "passed", "pending", "active"),
        ("person", "wished_away", "active", "cancelling"),
        ("cancel", "over", "cancelling", "ended"),
    ]
    with w.database.read() as connection:
        about = select(query_audit.c.act).where(query_audit.c.query_id == view.agreement_id)
        audited = connection.execute(about.order_by(query_audit.c.id)).scalars().all()
    assert audited == ["sign_agreement", "cancel_agreement"]
    assert "0051" not in str(lines)


def test_a_service_killed_while_it_signs_is_followed_by_one_that_looks_first(
    w: Wiring, sandbox: RunningSandbox, postgres: PostgreSQL, rabbitmq: RabbitMQ, tmp_path: Path
) -> None:
    settings = {
        "AMQP_URI": rabbitmq.url("contribution"), "CONTRIBUTION_DATABASE_URL": postgres.url("contribution"),
        "TAXBANK_URL": sandbox.url, "TAXCORE_URL": f"{sandbox.url}/esb", "TAXCORE_TIMEOUT": "5",
    }  # fmt: skip
    hang = {"accept_then_timeout_rate": 1.0, "timeout_seconds": 20, "transaction": "SWZJ.HXZG.ZS.QDSFXY"}
    sandbox.api("PUT", "/settings", {"taxcore": hang})
    view = sign(w, draft(w, sandbox))
    first = Replica(settings, tmp_path / "first.log").start()
    assert wait_until(lambda: asked_of_the_core(sandbox) == 1, 20), "its timer asks, over the bus"
    first.kill()
    assert rows(w)[0].in_doubt
    with w.database.transaction() as tx:  # its lease runs out
        tx.execute(update(agreements).values(held_until=w.clock.now(), next_action_at=w.clock.now()))
    second = Replica(settings, tmp_path / "second.log").start()
    try:
        assert wait_until(lambda: rows(w)[0].state == "active", 40), (tmp_path / "second.log").read_text()[
            -3000:
        ]
    finally:
        second.kill(signal.SIGTERM)
    assert asked_of_the_core(sandbox) == 3, "signed once, looked up, verified"
    assert check(w, view).state is AgreementState.ACTIVE
    logs = (tmp_path / "first.log").read_text() + (tmp_path / "second.log").read_text()
    assert not any(personal in logs for personal in (CARD, WEI.id_number, WEI.name))


def test_ids_are_the_cores_length(w: Wiring, sandbox: RunningSandbox) -> None:
    agreement_id = sign(w, draft(w, sandbox)).agreement_id
    assert len(agreement_id) == 32
    assert uuid.UUID(agreement_id).version == 4


def test_of_who_was_erased_nothing_stays_once_the_agreement_is_over(
    w: Wiring, sandbox: RunningSandbox
) -> None:
    view = check(w, sign(w, draft(w, sandbox)))
    before = rows(w)[0]
    with w.database.transaction() as tx:
        usecases.forget_person(tx, "person-1", w.agreements)
    assert (rows(w)[0].account_tail, rows(w)[0].forgotten) == (before.account_tail, True), (
        "the bank debits by it"
    )
    w.clock.advance(hours=1)
    with w.database.transaction() as tx:
        standing = replace(w.agreements.lock(tx, view.agreement_id), state=ACTIVE)
        w.agreements.save(
            tx, apply(standing, Report(Trigger.OVER, Question.LOOK_UP, "已终止"), w.clock.now())
        )
    (kept,) = rows(w)
    assert (kept.state, kept.account_tail, kept.registration_number, kept.words) == ("ended", "", "", "")
    assert kept.account_number is None and kept.holder is None
    with w.database.read() as connection:
        indexes = select(agreements.c.agreement_id).where(
            or_(agreements.c.person_index == f"201:{PERSON.document_number}",
                agreements.c.account_index == f"105:{CARD}")
        )  # fmt: skip
        assert connection.execute(indexes).first() is None, "nor is it found by the number of either"
        assert connection.execute(select(agreement_history.c.to_state)).scalars().all(), "its history stays"
