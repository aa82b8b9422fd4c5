"""The three cases of 3.2.1.2 as the gateway takes them from identity, and what a login leaves in its session."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract import identity
from contract.errors import InvalidInput, Unavailable
from contract.identity import ConsentMissing, LoggedIn, LoginCodeSent, Recalled, Standing
from contract.people import DocumentType
from services.gateway.domain import sessions
from services.gateway.domain.sessions import PRIVACY_VERSION, RecalledPerson, Session
from services.gateway.usecases import login
from services.gateway.usecases.login import Applicant
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import NOW, PAYER, PERSON

WHO = Applicant("韦秀兰", "450103197806122040", "13800138000", "10.0.0.1")
LOGIN = LoggedIn("person-1", PERSON, "13800138000", 2, NOW - dt.timedelta(minutes=12))
NEW = Recalled(Standing.NEW)
KNOWN = Recalled(Standing.KNOWN, PERSON, "13800138000", None, PRIVACY_VERSION)
RECENT = Recalled(Standing.RECENT, PERSON, "13800138000", LOGIN, PRIVACY_VERSION)


def _enter(ports: Ports, peers: FakePeers, recalled: Recalled | Exception) -> Session:
    peers.answer(identity.recall_visitor, recalled)
    token, session = login.enter("openid-1", "iPhone", ports)
    assert ports.sessions.rows[sessions.hash_of(token)] == session
    return session


@pytest.fixture
def visitor(ports: Ports, peers: FakePeers) -> Session:
    return _enter(ports, peers, NEW)


@pytest.fixture
def payer(ports: Ports, peers: FakePeers) -> Session:
    return _enter(ports, peers, RECENT)


def test_within_the_half_hour_the_session_is_a_payers_at_once(payer: Session) -> None:
    assert (payer.payer, payer.recalled) == (PAYER, None)
    assert (payer.logged_in_at, payer.phone_version) == (LOGIN.logged_in_at, 2)
    assert (payer.device, payer.consent_version) == ("iPhone", PRIVACY_VERSION)


def test_later_the_session_recalls_the_person_and_is_nobodys(ports: Ports, peers: FakePeers) -> None:
    session = _enter(ports, peers, KNOWN)
    assert session.payer is None
    assert session.recalled == RecalledPerson(PERSON, "13800138000", PRIVACY_VERSION)
    assert login.recalled_applicant(session, "10.0.0.1") == WHO


@pytest.mark.parametrize("recalled", [NEW, Unavailable()])
def test_a_stranger_types_everything_and_so_does_everybody_while_identity_is_away(
    ports: Ports, peers: FakePeers, recalled: Recalled | Exception
) -> None:
    session = _enter(ports, peers, recalled)
    assert (session.payer, session.recalled) == (None, None)
    assert login.recalled_applicant(session, "10.0.0.1") is None


def test_a_payer_who_enters_again_goes_on_in_the_same_session(
    payer: Session, ports: Ports, peers: FakePeers
) -> None:
    assert login.enter_again(payer, "iPhone", ports) == (None, payer)
    peers.answer(identity.recall_visitor, Unavailable())
    assert login.enter_again(payer, "iPhone", ports) == (None, payer)


def test_a_payer_who_enters_after_the_half_hour_is_asked_for_a_code_and_can_go_back(
    payer: Session, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(identity.recall_visitor, KNOWN)
    token, asked = login.enter_again(payer, "iPhone", ports)
    assert token is None
    assert (asked.payer, asked.recalled) == (PAYER, RecalledPerson(PERSON, "13800138000", PRIVACY_VERSION))
    assert ports.sessions.rows[payer.token_hash] == asked
    peers.answer(identity.recall_visitor, RECENT)  # the code was typed in another browser of the same WeChat
    assert login.enter_again(asked, "iPhone", ports) == (None, payer)


def test_a_visitor_who_enters_again_keeps_the_code_that_is_on_its_way(
    visitor: Session, ports: Ports, peers: FakePeers
) -> None:
    asked = replace(visitor, challenge_id="challenge-1")
    assert login.enter_again(asked, "iPhone", ports) == (None, asked)
    ports.sessions.add(None, asked)
    peers.answer(identity.recall_visitor, KNOWN)
    _, recalled = login.enter_again(asked, "iPhone", ports)
    assert (recalled.challenge_id, recalled.recalled is not None) == ("challenge-1", True)


@pytest.mark.parametrize(
    ("recalled", "person_id"),
    [
        (NEW, None),
        (replace(RECENT, login=replace(LOGIN, person_id="person-2")), "person-2"),
        (replace(RECENT, login=replace(LOGIN, phone_version=3)), "person-1"),
    ],
)
def test_another_person_or_phone_gets_another_session(
    payer: Session, ports: Ports, peers: FakePeers, recalled: Recalled, person_id: str | None
) -> None:
    peers.answer(identity.recall_visitor, recalled)
    token, newer = login.enter_again(payer, "iPhone", ports)
    assert token
    assert (newer.payer and newer.payer.person_id) == person_id
    assert ports.sessions.rows == {sessions.hash_of(token): newer}


def test_no_code_without_consent_to_the_present_text(
    visitor: Session, ports: Ports, peers: FakePeers
) -> None:
    with pytest.raises(ConsentMissing):
        login.request_login_code(visitor, WHO, "an older text", ports)
    assert not peers.asked["request_login_code"]


def test_who_is_recalled_consents_again_only_to_a_new_text(ports: Ports, peers: FakePeers) -> None:
    peers.answer(identity.request_login_code, LoginCodeSent("challenge-1", 60, 300))
    known = _enter(ports, peers, KNOWN)
    login.request_login_code(known, WHO, "", ports)
    assert ports.sessions.rows[known.token_hash].consent_version == PRIVACY_VERSION
    with pytest.raises(ConsentMissing):
        login.request_login_code(known, replace(WHO, phone="13900139000"), "", ports)
    of_an_old_text = _enter(ports, peers, replace(KNOWN, consent_version="2025-01"))
    with pytest.raises(ConsentMissing):
        login.request_login_code(of_an_old_text, WHO, "", ports)


def test_the_challenge_and_the_consent_stay_in_the_session(
    visitor: Session, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(identity.request_login_code, LoginCodeSent("challenge-1", 60, 300))
    abroad = replace(WHO, document_type=DocumentType.PASSPORT, document_number="E12345678")
    login.request_login_code(visitor, abroad, PRIVACY_VERSION, ports)
    kept = ports.sessions.rows[visitor.token_hash]
    assert (kept.challenge_id, kept.consent_version) == ("challenge-1", PRIVACY_VERSION)
    assert kept.consented_at == ports.clock.now()
    (asked,) = peers.asked["request_login_code"]
    assert (asked.document_type, asked.document_number) == (DocumentType.PASSPORT, "E12345678")


def test_login_kills_the_old_session_and_tells_identity_the_consent(
    visitor: Session, ports: Ports, peers: FakePeers
) -> None:
    ready = replace(visitor, challenge_id="challenge-1", consent_version=PRIVACY_VERSION)
    peers.answer(identity.log_in, LOGIN)
    token, session = login.log_in(ready, WHO, "123456", "安卓手机", ports)
    assert ports.sessions.rows == {sessions.hash_of(token): session}
    assert (session.payer, session.device, session.phone_version) == (PAYER, "安卓手机", 2)
    assert session.csrf_token != visitor.csrf_token
    assert (session.challenge_id, session.recalled) == (None, None)
    assert peers.asked["log_in"][0].consent_version == session.consent_version == PRIVACY_VERSION
    assert len(token) >= 43


@pytest.mark.parametrize(("challenge", "code"), [(None, "123456"), ("challenge-1", " ")])
def test_login_needs_a_code_that_was_asked_for(
    visitor: Session, ports: Ports, challenge: str | None, code: str
) -> None:
    ready = replace(visitor, challenge_id=challenge, consent_version=PRIVACY_VERSION)
    with pytest.raises(InvalidInput) as refused:
        login.log_in(ready, WHO, code, "iPhone", ports)
    assert refused.value.detail["field"] == "code"


@pytest.mark.parametrize("answer", [identity.LoginEnded("person-1"), Unavailable()])
def test_logging_out_kills_the_session_whether_or_not_identity_hears_it(
    payer: Session, ports: Ports, peers: FakePeers, answer: identity.LoginEnded | Exception
) -> None:
    peers.answer(identity.end_login, answer)
    login.log_out(payer, ports)
    assert not ports.sessions.rows
    assert peers.asked["end_login"] == [identity.EndLogin("openid-1", "person-1")]


def test_a_visitor_has_no_login_to_end(visitor: Session, ports: Ports, peers: FakePeers) -> None:
    login.log_out(visitor, ports)
    assert not ports.sessions.rows
    assert not peers.asked["end_login"]
