"""Logins, what they end and who is recalled afterwards, on PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from contract.identity import ConsentMissing, Recalled, Standing, WrongCode
from contract.people import DocumentType, Person
from contract.rights import CONSENT_VERSIONS, ConsentKind, Deletion
from kit.database import Database
from services.identity.adapters.base import RegisteredPerson, RegistryUnavailable
from services.identity.domain.codes import LOGIN
from services.identity.domain.people import Applicant
from services.identity.models import bindings, challenges, consents, outbox, persons
from services.identity.storage.codes import CodeStorage
from services.identity.storage.consents import Consents
from services.identity.storage.rights import AccountStorage
from tests.factories.identity_logins import ASKED, PRIVACY, RULES, id_number
from tests.integration.identity.desk import DatabaseDesk
from tests.integration.identity.keeping import dump

WEI = Person(DocumentType.RESIDENT_ID, ASKED.document_number, ASKED.name)
CARD_PHOTO = CONSENT_VERSIONS[ConsentKind.CARD_PHOTO]
HUANG = Person(DocumentType.RESIDENT_ID, "450202198503243121", "黄丽华")
ENTRY = RegisteredPerson(DocumentType.RESIDENT_ID, HUANG.document_number, HUANG.name, "13900770002")


@pytest.fixture
def desk(database: Database) -> DatabaseDesk:
    return DatabaseDesk(database, RULES)


def test_after_29_minutes_the_visit_is_recent_and_after_31_known(desk: DatabaseDesk) -> None:
    logged_in = desk.log_in()
    desk.clock.advance(minutes=29)
    assert desk.recall() == Recalled(Standing.RECENT, WEI, ASKED.phone, logged_in, PRIVACY)
    desk.clock.advance(minutes=2)
    assert desk.recall() == Recalled(Standing.KNOWN, WEI, ASKED.phone, None, PRIVACY)
    assert desk.recall("openid-2") == Recalled(Standing.NEW)


def test_a_change_of_phone_ends_the_other_wechat_users_and_is_told_once(desk: DatabaseDesk) -> None:
    first = desk.log_in(openid="openid-2")
    stranger = desk.log_in(openid="openid-3", document_number=id_number(3), phone="13700137000")
    moved = desk.log_in(phone="13900139000")
    assert (moved.person_id, moved.phone_version) == (first.person_id, 2)
    with desk.storage.read() as connection:
        events = [json.loads(row.body) if isinstance(row.body, str) else row.body
                  for row in connection.execute(select(outbox))]  # fmt: skip
    (event,) = events
    assert event["type"] == "person.phone_changed.v1"
    assert event["data"] == {"person_id": first.person_id, "phone_version": 2}
    assert desk.recall().login == moved
    assert desk.recall("openid-2") == Recalled(Standing.KNOWN, WEI, "13900139000", None, PRIVACY)
    assert desk.recall("openid-3").login == stranger


def test_the_newest_person_of_a_wechat_user_counts_and_may_leave(desk: DatabaseDesk) -> None:
    desk.log_in()
    second = desk.log_in(name=HUANG.name, document_number=HUANG.document_number)
    assert desk.recall().login == second
    desk.leave(second.person_id)
    desk.leave(second.person_id)
    assert desk.recall() == Recalled(Standing.KNOWN, HUANG, ASKED.phone, None, PRIVACY)


@pytest.mark.parametrize(
    "change",
    ["logged_in_at = now()", "ended = false", "person_id = (SELECT person_id FROM persons WHERE phone_version = 2)",
     "seal = NULL", "seal = (SELECT seal FROM bindings WHERE NOT ended)"],
)  # fmt: skip
def test_a_login_that_was_written_with_sql_lets_nobody_in(desk: DatabaseDesk, change: str) -> None:
    desk.log_in(openid="elsewhere", name=HUANG.name, document_number=HUANG.document_number)
    desk.log_in(
        openid="elsewhere", name=HUANG.name, document_number=HUANG.document_number, phone="13900139000"
    )
    desk.leave(desk.log_in().person_id)
    with desk.storage.transaction() as tx:
        tx.execute(text(f"UPDATE bindings SET {change} WHERE ended"))
    assert desk.recall() == Recalled(Standing.NEW), "nobody is named, and nobody is let in without a code"
    desk.log_in()
    assert desk.recall().standing is Standing.RECENT, "the right code writes it anew"


def test_whoever_is_registered_is_known_with_their_own_consent(desk: DatabaseDesk) -> None:
    desk.real_names.registered["openid-2"] = ENTRY
    assert desk.recall("openid-2") == Recalled(Standing.KNOWN, HUANG, ENTRY.phone, None, "")
    desk.log_in(openid="elsewhere", name=HUANG.name, document_number=HUANG.document_number)
    assert desk.recall("openid-2").consent_version == PRIVACY
    desk.real_names.fails = RegistryUnavailable("ReadTimeout")
    assert desk.recall("openid-2") == Recalled(Standing.NEW)


def test_a_code_is_good_for_its_purpose_alone(desk: DatabaseDesk) -> None:
    sent, storage = desk.ask(), CodeStorage()
    who = Applicant(ASKED.openid, WEI, ASKED.phone)
    with desk.storage.transaction() as tx:
        now = desk.clock.now()
        assert storage.guess(tx, sent.challenge_id, "agreement", who, RULES.tries, now) is None
        assert storage.guess(tx, sent.challenge_id, LOGIN, who, RULES.tries, now) is not None


def test_a_code_without_consent_leaves_no_trace(desk: DatabaseDesk) -> None:
    sent = desk.ask()
    with pytest.raises(ConsentMissing):
        desk.type(sent, desk.code_for(sent), consent="")
    with desk.storage.read() as connection:
        for table in (persons, bindings, consents):
            assert connection.execute(select(table)).all() == []
        assert connection.execute(select(challenges.c.tries)).scalar_one() == 0
    person_id = desk.type(sent, desk.code_for(sent)).person_id
    desk.log_in()
    with desk.storage.read() as connection:
        (given,) = Consents().of(connection, person_id)
        assert (given.kind, given.version) == (ConsentKind.PRIVACY, PRIVACY)


def test_a_photo_agreed_to_before_the_login_is_recorded_with_it(desk: DatabaseDesk) -> None:
    sent = desk.ask()
    with pytest.raises(WrongCode):
        desk.type(sent, desk.wrong_for(sent), card_consent=CARD_PHOTO)
    with desk.storage.read() as connection:
        assert connection.execute(select(consents)).all() == []
    person_id = desk.type(sent, desk.code_for(sent), card_consent=CARD_PHOTO).person_id
    desk.log_in()  # without a photo: what stands goes on standing
    with desk.storage.read() as connection:
        given = {one.kind: (one.version, one.withdrawn_at) for one in Consents().of(connection, person_id)}
    assert given == {ConsentKind.PRIVACY: (PRIVACY, None), ConsentKind.CARD_PHOTO: (CARD_PHOTO, None)}
    accounts, now = AccountStorage(), desk.clock.now()
    with desk.storage.transaction() as tx:
        accounts.request_deletion(tx, person_id, Deletion(now, now))
        accounts.erase_due(tx, now, 10)
    with desk.storage.read() as connection:
        assert all(one.withdrawn_at == now for one in Consents().of(connection, person_id))


def test_whoever_wants_to_be_forgotten_may_log_in_until_then_and_is_new_afterwards(
    desk: DatabaseDesk,
) -> None:
    first = desk.log_in()
    accounts, now = AccountStorage(), desk.clock.now()
    with desk.storage.transaction() as tx:
        accounts.request_deletion(tx, first.person_id, Deletion(now, now))
    assert desk.log_in().person_id == first.person_id
    with desk.storage.transaction() as tx:
        assert list(accounts.erase_due(tx, desk.clock.now(), 10)) == [first.person_id]
    assert desk.recall() == Recalled(Standing.NEW)
    again = desk.log_in(phone="13900139000")
    assert again.person_id != first.person_id
    assert again.phone_version == 1


def test_the_holder_of_a_passport_logs_in_and_is_recalled(desk: DatabaseDesk) -> None:
    request = replace(
        ASKED, document_type=DocumentType.PASSPORT, document_number="e12345678", name="John Smith"
    )
    desk.log_in(request)
    assert desk.recall().person == Person(DocumentType.PASSPORT, "E12345678", "JOHN SMITH")


def test_the_database_holds_nothing_personal_in_plain(desk: DatabaseDesk) -> None:
    desk.log_in(openid="openid-of-wei")
    desk.log_in(openid="openid-of-wei", phone="13900139000")
    desk.clock.advance(seconds=60)
    sent = desk.ask()
    kept = dump(desk.storage)
    with desk.storage.read() as connection:
        kept += "".join(
            row
            for table in (persons, bindings, challenges, outbox)
            for row in connection.execute(
                text(f"SELECT encode(t::text::bytea, 'escape') FROM {table.name} t")
            ).scalars()
        )
    assert sent.challenge_id in kept
    personal = ASKED.name, ASKED.document_number, ASKED.phone, "13900139000", "openid-of-wei"
    # The address somebody comes from is what the audit journal is to say, and stands nowhere else.
    assert ASKED.client_ip not in "".join(
        line for line in kept.splitlines() if not line.startswith("journal ")
    )
    for plain in personal:
        for form in (plain, plain.encode().hex()):
            assert form not in kept
    for sms in desk.phones.sent:
        assert sms.code.encode().hex() not in kept
