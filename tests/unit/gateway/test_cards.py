"""The consent before a photo of a card is read (security.md 15): a payer's at once, a visitor's with the login."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import identity, rights
from contract.errors import Unavailable
from contract.identity import ConsentMissing, LoggedIn
from contract.rights import ConsentKind, ConsentNoted, GiveConsent
from services.gateway.domain.sessions import CARD_PHOTO_VERSION, PRIVACY_VERSION, Session, hash_of
from services.gateway.usecases import cards, login
from services.gateway.usecases.login import Applicant
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import NOW, PAYER, PERSON

LOGIN = LoggedIn("person-1", PERSON, "13800138000", 1, NOW)


@pytest.fixture
def visitor(ports: Ports) -> Session:
    session = Session(
        hash_of("token"), "openid-1", "csrf", NOW, NOW,
        challenge_id="challenge-1", consent_version=PRIVACY_VERSION,
    )  # fmt: skip
    ports.sessions.add(None, session)
    return session


@pytest.fixture
def payer(visitor: Session) -> Session:
    return replace(visitor, payer=PAYER)


@pytest.mark.parametrize("version", ["", "2020-01"])
def test_nothing_is_noted_without_consent_to_the_present_text(
    visitor: Session, payer: Session, ports: Ports, peers: FakePeers, version: str
) -> None:
    for session in (visitor, payer):
        with pytest.raises(ConsentMissing, match="《身份证照片授权说明》"):
            cards.note_consent(session, version, ports)
    assert ports.sessions.rows == {visitor.token_hash: visitor}
    assert not peers.asked


def test_a_payers_consent_is_recorded_before_the_photo_is_read(
    payer: Session, ports: Ports, peers: FakePeers
) -> None:
    peers.answer(rights.give_consent, ConsentNoted(ConsentKind.CARD_PHOTO, CARD_PHOTO_VERSION))
    cards.note_consent(payer, CARD_PHOTO_VERSION, ports)
    given = GiveConsent(PAYER.person_id, ConsentKind.CARD_PHOTO, CARD_PHOTO_VERSION)
    assert peers.asked["give_consent"] == [given]
    peers.answer(rights.give_consent, Unavailable())
    with pytest.raises(Unavailable):
        cards.note_consent(payer, CARD_PHOTO_VERSION, ports)


def test_a_visitors_consent_waits_in_the_session_for_the_login(
    visitor: Session, ports: Ports, peers: FakePeers
) -> None:
    cards.note_consent(visitor, CARD_PHOTO_VERSION, ports)
    assert not peers.asked
    kept = ports.sessions.rows[visitor.token_hash]
    assert kept == replace(visitor, card_consent_version=CARD_PHOTO_VERSION)
    peers.answer(identity.log_in, LOGIN)
    who = Applicant(PERSON.name, PERSON.document_number, "13800138000", "10.0.0.1")
    login.log_in(kept, who, "123456", "iPhone", ports)
    (asked,) = peers.asked["log_in"]
    assert (asked.consent_version, asked.card_consent_version) == (PRIVACY_VERSION, CARD_PHOTO_VERSION)
