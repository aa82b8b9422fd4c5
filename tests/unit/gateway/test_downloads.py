"""A download link: one file of one payer, ten minutes good, over with its session (docs/adr/0034)."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest

from kit.clock import SetClock
from kit.crypto import personal_data_keys
from services.gateway.domain.sessions import Session, hash_of
from services.gateway.errors import DownloadLinkOver
from services.gateway.usecases import downloads
from services.gateway.usecases.downloads import LIFE, FileKind, WantedFile
from services.gateway.usecases.ports import Ports
from tests.unit.gateway.conftest import NOW, PAYER

IDLE, ABSOLUTE = dt.timedelta(minutes=30), dt.timedelta(hours=8)

FILES = (
    WantedFile(FileKind.CERTIFICATE, "certificate-1"), WantedFile(FileKind.TABLE, "year=2026&result=succeeded"),
    WantedFile(FileKind.TABLE), WantedFile(FileKind.ACCOUNT),
)  # fmt: skip
FILE = FILES[0]


@pytest.fixture
def session(ports: Ports) -> Session:
    session = Session(hash_of("token"), "openid-1", "csrf", NOW, NOW, payer=PAYER)
    ports.sessions.add(None, session)
    return session


def _token(session: Session, ports: Ports, file: WantedFile = FILE) -> str:
    return downloads.make_token(session, PAYER.person_id, file, ports)


def _open(token: str, ports: Ports) -> tuple[Session, WantedFile]:
    return downloads.open_token(token, IDLE, ABSOLUTE, ports)


@pytest.mark.parametrize("file", FILES)
def test_a_link_brings_its_file_as_its_payer(session: Session, ports: Ports, file: WantedFile) -> None:
    assert _open(_token(session, ports, file), ports) == (session, file)


def test_a_link_tells_nothing_and_is_another_each_time(session: Session, ports: Ports) -> None:
    first, second = _token(session, ports), _token(session, ports)
    assert first != second
    told = first.encode() + base64.urlsafe_b64decode(first + "==")
    secrets = PAYER.person_id, session.session_id, FILE.which, PAYER.person.name, PAYER.person.document_number
    assert not any(secret.encode() in told for secret in secrets)


def test_a_link_is_good_for_ten_minutes(session: Session, ports: Ports, clock: SetClock) -> None:
    token = _token(session, ports)
    clock.advance(seconds=LIFE.total_seconds() - 1)
    assert _open(token, ports)
    clock.advance(seconds=1)
    with pytest.raises(DownloadLinkOver):
        _open(token, ports)


def test_a_changed_link_and_what_is_no_link_are_refused(session: Session, ports: Ports) -> None:
    token = _token(session, ports)
    changed = [f"{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}" for at in (0, 9, 40, 100)]
    sealed_for_else = personal_data_keys().seal_text("a b 1 account ", "quote")
    for wrong in (*changed, token[:-8], sealed_for_else, "", "链接", "..", token * 2):
        with pytest.raises(DownloadLinkOver):
            _open(wrong, ports)


def test_a_link_is_over_with_its_session(session: Session, ports: Ports, clock: SetClock) -> None:
    token = _token(session, ports)
    other = replace(session, token_hash=hash_of("another phone of the same payer"))
    ports.sessions.add(None, other)
    ports.sessions.remove(None, session.token_hash)
    with pytest.raises(DownloadLinkOver):
        _open(token, ports)
    assert _open(_token(other, ports), ports)[0] == other
    late = _token(other, ports)
    ports.sessions.save(None, replace(other, last_seen_at=NOW - IDLE * 2))
    with pytest.raises(DownloadLinkOver):
        _open(late, ports)


def test_a_link_made_for_another_person_than_the_sessions_opens_nothing(
    session: Session, ports: Ports
) -> None:
    forged = downloads.make_token(session, "person-2", FILE, ports)
    with pytest.raises(DownloadLinkOver):
        _open(forged, ports)
