"""Asking for a code and logging in with it, without a database or a phone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.identity import (
    CodeExpired,
    ConsentMissing,
    InvalidDocumentNumber,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    PhoneChanged,
    TooManyCodes,
    WrongCode,
)
from contract.people import DocumentType, Person, check_digit
from contract.rights import ConsentKind
from tests.factories.identity_logins import ASKED, PRIVACY, RULES, Desk, somebody
from tests.fakes.identity_storage import FakeIdentityStorage, FakePhones, FakeRealNames


@pytest.fixture
def desk() -> Desk:
    storage = FakeIdentityStorage()
    return Desk(storage, RULES, FakePhones(storage), FakeRealNames(storage))


def test_the_code_that_arrived_logs_in(desk: Desk) -> None:
    sent = desk.ask()
    assert (sent.resend_after, sent.valid_for, sent.notice) == (60, 300, "")
    assert desk.phones.sent[0].reference == sent.challenge_id
    assert desk.phones.sent[0].valid_minutes == 5
    assert len(desk.code_for(sent)) == 6
    logged_in = desk.type(sent, desk.code_for(sent))
    assert logged_in.person.name == "韦秀兰"
    assert logged_in.phone == "13800138000"


def test_a_code_is_drawn_from_the_systems_own_randomness(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("secrets.randbelow", lambda below: asked.append(below) or 7)
    assert desk.code_for(desk.ask()) == "000007", "six digits, whatever is drawn"
    assert asked == [10**6]


def test_a_code_typed_with_spaces_in_full_width_logs_in(desk: Desk) -> None:
    sent = desk.ask()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in desk.code_for(sent))
    assert desk.type(sent, f" {wide[:3]} {wide[3:]} ").person_id


def test_a_login_says_when_it_was(desk: Desk) -> None:
    logged_in = desk.log_in()
    assert (logged_in.phone_version, logged_in.logged_in_at) == (1, desk.clock.now())


def test_another_name_with_the_same_number_is_another_person(desk: Desk) -> None:
    assert desk.log_in(name="韦秀蓝").person_id != desk.log_in().person_id


def test_two_persons_may_share_a_phone_and_a_wechat_user(desk: Desk) -> None:
    first = desk.log_in()
    second = desk.log_in(name="黄丽华", document_number="450202198503243121")
    assert first.person_id != second.person_id
    assert desk.storage.bindings.keys() == {("openid-1", first.person_id), ("openid-1", second.person_id)}
    assert not desk.storage.events


def test_one_person_may_use_two_wechat_users(desk: Desk) -> None:
    first, second = desk.log_in(), desk.log_in(openid="openid-2")
    assert (second.person_id, second.phone_version) == (first.person_id, 1)
    assert not any(ended for _, ended in desk.storage.bindings.values())


def test_another_phone_ends_the_persons_other_wechat_users_and_is_told_once(desk: Desk) -> None:
    stranger = desk.log_in(somebody(7))
    first = desk.log_in(openid="openid-2")
    moved = desk.log_in(phone="13900139000")
    assert (moved.person_id, moved.phone, moved.phone_version) == (first.person_id, "13900139000", 2)
    ended = {openid: ended for (openid, _), (_, ended) in desk.storage.bindings.items()}
    assert ended == {"openid-7": False, "openid-2": True, "openid-1": False}
    changed = PhoneChanged(first.person_id, 2)
    assert desk.storage.events == [(changed, first.person_id)]
    assert desk.storage.persons[stranger.person_id].phone_version == 1
    desk.log_in(phone="13900139000")
    assert desk.storage.events == [(changed, first.person_id)]


def test_a_login_ends_nothing_for_another_person_of_the_same_wechat_user(desk: Desk) -> None:
    desk.log_in()
    other = desk.log_in(name="黄丽华", document_number="450202198503243121")
    desk.log_in(phone="13900139000")
    assert desk.storage.bindings["openid-1", other.person_id][1] is False


@pytest.mark.parametrize(
    ("document_type", "number", "name"),
    [
        (DocumentType.RESIDENCE_PERMIT, "81000019780612204", "陈大文"),
        (DocumentType.PERMANENT_RESIDENT, "USA310065010101", "JOHN SMITH"),
        (DocumentType.PASSPORT, "E12345678", "O'BRIEN-SMITH J."),
    ],
)
def test_the_holder_of_another_document_logs_in(
    desk: Desk, document_type: DocumentType, number: str, name: str
) -> None:
    if document_type is DocumentType.RESIDENCE_PERMIT:
        number += check_digit(number)
    request = replace(ASKED, document_type=document_type, document_number=number.lower(), name=name.lower())
    assert desk.log_in(request).person == Person(document_type, number, name)


def test_a_permit_typed_as_a_resident_id_and_as_itself_is_one_person(desk: Desk) -> None:
    number = "81000019780612204" + check_digit("81000019780612204")
    typed = replace(ASKED, document_number=number)
    sent = desk.ask(typed)
    as_itself = replace(typed, document_type=DocumentType.RESIDENCE_PERMIT)
    logged_in = desk.type(sent, desk.code_for(sent), as_itself)
    assert logged_in.person.document_type is DocumentType.RESIDENCE_PERMIT


def test_the_present_privacy_text_is_agreed_to_once(desk: Desk) -> None:
    person_id = desk.log_in().person_id
    desk.log_in()
    assert desk.storage.consents == [(person_id, ConsentKind.PRIVACY, PRIVACY)]


@pytest.mark.parametrize("consent", ["", "2020-01"])
def test_without_the_present_consent_the_right_code_logs_nobody_in_and_stays_good(
    desk: Desk, consent: str
) -> None:
    sent = desk.ask()
    for _ in range(7):
        with pytest.raises(ConsentMissing) as refused:
            desk.type(sent, desk.code_for(sent), consent=consent)
        assert refused.value.detail == {"field": "consent"}
    assert not desk.storage.persons
    assert desk.type(sent, desk.code_for(sent)).person_id


def test_who_agreed_before_is_not_asked_again(desk: Desk) -> None:
    desk.log_in()
    desk.clock.advance(minutes=31)
    sent = desk.ask()
    assert desk.type(sent, desk.code_for(sent), consent="").person_id


def test_who_agreed_to_an_older_text_is_asked_again(desk: Desk) -> None:
    person_id = desk.log_in().person_id
    desk.storage.consents = [(person_id, ConsentKind.PRIVACY, "2020-01")]
    desk.clock.advance(minutes=31)
    sent = desk.ask()
    with pytest.raises(ConsentMissing):
        desk.type(sent, desk.code_for(sent), consent="")


def test_a_wrong_code_without_consent_is_a_wrong_code(desk: Desk) -> None:
    sent = desk.ask()
    with pytest.raises(WrongCode):
        desk.type(sent, desk.wrong_for(sent), consent="")


def test_nothing_tells_whether_the_person_exists(desk: Desk) -> None:
    """Somebody who logged in before and somebody who never did: the same answers, messages and counters."""
    desk.log_in(somebody(1))
    desk.clock.advance(minutes=31)
    known, unknown = replace(somebody(1), openid="a"), replace(somebody(2), openid="b")
    seen = []
    for request in (known, unknown):
        desk.storage.limits.clear()
        sent = desk.ask(request)
        outcomes: list[object] = [replace(sent, challenge_id="")]
        for code, typed in (
            (desk.wrong_for(sent), request),
            (desk.code_for(sent), replace(request, openid="c")),
            (desk.code_for(sent), replace(request, phone="13900139000")),
        ):
            with pytest.raises((WrongCode, CodeExpired)) as refused:
                desk.type(sent, code, typed)
            outcomes.append((refused.type, refused.value.message, refused.value.detail))
        with pytest.raises(TooManyCodes) as waits:
            desk.ask(request)
        outcomes.append((waits.value.message, waits.value.detail))
        outcomes.append([(sms.phone == request.phone, sms.valid_minutes) for sms in desk.phones.sent[-1:]])
        outcomes.append(sorted((scope, used) for (scope, _), (used, _) in desk.storage.limits.items()))
        outcomes.append(len(desk.storage.events))
        seen.append(outcomes)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"name": "韦"}, InvalidName),
        ({"document_number": "450103197806122041"}, InvalidIdNumber),
        ({"phone": "12345678901"}, InvalidPhone),
        ({"document_type": DocumentType.PASSPORT, "document_number": "E1"}, InvalidDocumentNumber),
        ({"document_type": DocumentType.RESIDENCE_PERMIT}, InvalidDocumentNumber),
    ],
)
def test_bad_input_sends_nothing(desk: Desk, change: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        desk.ask(replace(ASKED, **change))
    assert not desk.phones.sent
    assert not desk.storage.limits
