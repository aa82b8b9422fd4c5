"""Who a WeChat user was last time: cases 2 and 3 of requirement 3.2.1.2."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from contract.identity import Recalled, Standing
from contract.people import DocumentType, Person
from contract.rights import ConsentKind
from services.identity.adapters.base import RegisteredPerson, RegistryUnavailable
from tests.factories.identity_logins import ASKED, PRIVACY, RULES, Desk
from tests.fakes.identity_storage import FakeIdentityStorage, FakePhones, FakeRealNames

WEI = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
HUANG = Person(DocumentType.RESIDENT_ID, "450202198503243121", "黄丽华")
ENTRY = RegisteredPerson(DocumentType.RESIDENT_ID, HUANG.document_number, HUANG.name, "13900770002")
AS_HUANG = {"name": HUANG.name, "document_number": HUANG.document_number}


@pytest.fixture
def desk() -> Desk:
    storage = FakeIdentityStorage()
    return Desk(storage, RULES, FakePhones(storage), FakeRealNames(storage))


def test_who_was_never_seen_is_new(desk: Desk) -> None:
    assert desk.recall() == Recalled(Standing.NEW)


def test_within_half_an_hour_the_login_counts_and_the_registry_is_not_asked(desk: Desk) -> None:
    logged_in = desk.log_in()
    desk.real_names.registered[ASKED.openid] = ENTRY
    desk.clock.advance(minutes=29, seconds=59)
    assert desk.recall() == Recalled(Standing.RECENT, WEI, "13800138000", logged_in, PRIVACY)
    assert desk.real_names.asked == 0


def test_after_half_an_hour_the_person_of_last_time_is_known(desk: Desk) -> None:
    desk.log_in()
    desk.clock.advance(minutes=30)
    assert desk.recall() == Recalled(Standing.KNOWN, WEI, "13800138000", None, PRIVACY)


def test_the_half_hour_does_not_slide(desk: Desk) -> None:
    desk.log_in()
    for standing in (Standing.RECENT, Standing.RECENT, Standing.KNOWN):
        desk.clock.advance(minutes=14)
        assert desk.recall().standing is standing


def test_another_wechat_user_of_a_person_is_new(desk: Desk) -> None:
    desk.log_in()
    assert desk.recall("openid-2") == Recalled(Standing.NEW)


def test_who_left_is_known(desk: Desk) -> None:
    person_id = desk.log_in().person_id
    for _ in range(2):
        desk.leave(person_id)
        assert desk.recall() == Recalled(Standing.KNOWN, WEI, "13800138000", None, PRIVACY)
    assert desk.log_in().person_id == person_id
    assert desk.recall().standing is Standing.RECENT


def test_leaving_where_nobody_was_changes_nothing(desk: Desk) -> None:
    desk.log_in()
    desk.leave("no-such-person")
    desk.leave("no-such-person", "openid-2")
    assert desk.recall().standing is Standing.RECENT


def test_a_change_of_phone_elsewhere_asks_for_a_code_here(desk: Desk) -> None:
    desk.log_in(openid="openid-2")
    desk.log_in(phone="13900139000")
    assert desk.recall().standing is Standing.RECENT
    assert desk.recall("openid-2") == Recalled(Standing.KNOWN, WEI, "13900139000", None, PRIVACY)


def test_the_newest_person_of_a_wechat_user_counts(desk: Desk) -> None:
    first = desk.log_in()
    second = desk.log_in(**AS_HUANG)
    assert desk.recall().login == second
    desk.leave(second.person_id)
    recalled = desk.recall()
    assert (recalled.standing, recalled.person) == (Standing.KNOWN, HUANG)
    again = desk.log_in()
    assert (again.person_id, desk.recall().login) == (first.person_id, again)


def test_who_was_forgotten_is_new(desk: Desk) -> None:
    person_id = desk.log_in().person_id
    del desk.storage.persons[person_id]
    assert desk.recall() == Recalled(Standing.NEW)


def test_who_is_registered_is_known_without_ever_having_been_here(desk: Desk) -> None:
    desk.real_names.registered["openid-2"] = ENTRY
    assert desk.recall("openid-2") == Recalled(Standing.KNOWN, HUANG, "13900770002", None, "")
    assert not desk.storage.persons, "a read makes nobody"


def test_the_registry_goes_before_the_last_login(desk: Desk) -> None:
    desk.log_in()
    desk.real_names.registered[ASKED.openid] = ENTRY
    desk.clock.advance(minutes=31)
    assert desk.recall() == Recalled(Standing.KNOWN, HUANG, "13900770002", None, "")


def test_the_consent_of_a_registered_person_is_their_own(desk: Desk) -> None:
    desk.log_in(openid="elsewhere", **AS_HUANG)
    desk.real_names.registered["openid-2"] = ENTRY
    assert desk.recall("openid-2").consent_version == PRIVACY


def test_an_older_consent_is_told_as_it_was_given(desk: Desk) -> None:
    person_id = desk.log_in().person_id
    desk.storage.consents = [(person_id, ConsentKind.PRIVACY, "2020-01")]
    assert desk.recall().consent_version == "2020-01"


def test_a_registered_persons_data_is_read_as_if_typed(desk: Desk) -> None:
    number = "45010319890214018x"
    desk.real_names.registered["openid-2"] = RegisteredPerson(
        DocumentType.RESIDENT_ID, f" {number}", "唐 小凤", "+86 139-0077-0016"
    )
    recalled = desk.recall("openid-2")
    assert recalled.person == Person(DocumentType.RESIDENT_ID, number.upper(), "唐小凤")
    assert recalled.phone == "13900770016"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "黄***"},
        {"document_number": "450202********3121"},
        {"document_number": ""},
        {"document_type": DocumentType.PASSPORT, "document_number": "E"},
        {"phone": ""},
        {"phone": "139****0002"},
        {"phone": "0771-5551234"},
    ],
)
def test_an_entry_that_cannot_be_used_counts_as_none(
    desk: Desk, change: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.real_names.registered[ASKED.openid] = replace(ENTRY, **change)
    assert desk.recall() == Recalled(Standing.NEW)
    desk.log_in()
    desk.clock.advance(minutes=31)
    assert desk.recall().person == WEI
    _assert_one_warning_each(caplog, 2)


def test_a_registry_that_does_not_answer_blocks_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk.real_names.fails = RegistryUnavailable("ReadTimeout")
    assert desk.recall() == Recalled(Standing.NEW)
    desk.log_in()
    assert desk.recall().standing is Standing.RECENT
    desk.clock.advance(minutes=31)
    assert desk.recall() == Recalled(Standing.KNOWN, WEI, "13800138000", None, PRIVACY)
    _assert_one_warning_each(caplog, 2)


def _assert_one_warning_each(caplog: pytest.LogCaptureFixture, times: int) -> None:
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == times
    logged = " ".join(str(vars(record)) for record in caplog.records)
    for personal in (
        HUANG.name,
        HUANG.document_number,
        ENTRY.phone,
        WEI.name,
        WEI.document_number,
        ASKED.openid,
    ):
        assert personal not in logged
