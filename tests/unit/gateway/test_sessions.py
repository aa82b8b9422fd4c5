"""Own sessions: listed, ended one by one or by what identity says; nobody else's is touched or found."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest

from contract import identity
from contract.errors import NotFound, Unavailable
from contract.identity import EndLogin, LoginEnded
from kit.clock import SetClock
from kit.gathering import Asked
from services.gateway.domain.sessions import Session, device_of, hash_of
from services.gateway.usecases import batches, journeys, sessions, upkeep
from services.gateway.usecases.login import _open_session
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import LIFE, NOW, PAYER

IDLE, ABSOLUTE = dt.timedelta(minutes=30), dt.timedelta(hours=8)
NEIGHBOUR = replace(PAYER, person_id="person-2")


def _session(ports: Ports, serial: int, openid: str = "openid-1", **more: object) -> Session:
    given = {"payer": PAYER, "phone_version": 1, "device": "iPhone", "logged_in_at": NOW} | more
    seen = NOW - dt.timedelta(minutes=serial)
    session = Session(bytes([serial]) * 32, openid, "csrf", seen, seen, **given)  # type: ignore[arg-type]
    ports.sessions.add(None, session)
    return session


def test_each_who_asks_at_once_finds_their_own_session(ports: Ports) -> None:
    one, other = _session(ports, 1), _session(ports, 2)
    hashes = [other.token_hash, b"nobody's", one.token_hash, other.token_hash]
    asked = [Asked(sessions.Presented(token, ports.transactions, ports.sessions)) for token in hashes]
    assert sessions.find_sessions(asked) == [other, None, one, other]


def test_live_sessions_of_the_person_are_listed_the_last_used_first(ports: Ports) -> None:
    older, newer = _session(ports, 5, "openid-2"), _session(ports, 1)
    _session(ports, 31)
    _session(ports, 2, payer=NEIGHBOUR)
    assert sessions.list_sessions("person-1", IDLE, ABSOLUTE, ports) == [newer, older]


def test_a_session_is_ended_with_its_login_even_while_identity_is_away(
    ports: Ports, peers: FakePeers
) -> None:
    mine, other = _session(ports, 1), _session(ports, 2, "openid-2")
    peers.answer(identity.end_login, Unavailable())
    assert sessions.end_session("person-1", other.session_id, ports) == other
    assert list(ports.sessions.rows.values()) == [mine]
    assert peers.asked["end_login"] == [EndLogin("openid-2", "person-1")]
    with pytest.raises(NotFound):
        sessions.end_session("person-1", other.session_id, ports)


def test_another_persons_session_is_not_found(ports: Ports, peers: FakePeers) -> None:
    theirs = _session(ports, 1, payer=NEIGHBOUR)
    with pytest.raises(NotFound):
        sessions.end_session("person-1", theirs.session_id, ports)
    assert list(ports.sessions.rows.values()) == [theirs]
    assert not peers.asked["end_login"]


def test_all_others_end_and_this_one_stays(ports: Ports, peers: FakePeers) -> None:
    peers.answer(identity.end_login, LoginEnded("person-1"))
    current, theirs = _session(ports, 1), _session(ports, 2, payer=NEIGHBOUR)
    _session(ports, 3, "openid-2")
    _session(ports, 4, "openid-2")
    assert sessions.end_other_sessions(current, "person-1", ports) == 2
    assert list(ports.sessions.rows.values()) == [current, theirs]
    assert peers.asked["end_login"] == [EndLogin("openid-2", "person-1")]


def test_another_phone_ends_the_sessions_of_the_old_one(ports: Ports) -> None:
    _session(ports, 1)
    newer, theirs = _session(ports, 2, phone_version=2), _session(ports, 3, payer=NEIGHBOUR)
    for _ in range(2):
        sessions.end_sessions_of_older_phones(None, "person-1", 2, ports.sessions)
        assert list(ports.sessions.rows.values()) == [newer, theirs]


def test_of_an_erased_person_nothing_stays(ports: Ports) -> None:
    _session(ports, 1)
    theirs = _session(ports, 2, payer=NEIGHBOUR)
    journeys.start_journey(PAYER, LIFE, ports)
    kept = journeys.start_journey(NEIGHBOUR, LIFE, ports)
    batches.start_batch(PAYER, LIFE, ports)
    theirs_too = batches.start_batch(NEIGHBOUR, LIFE, ports)
    sessions.forget_person(None, "person-1", ports.sessions, ports.journeys, ports.batches)
    assert list(ports.sessions.rows.values()) == [theirs]
    assert list(ports.journeys.rows.values()) == [kept]
    assert list(ports.batches.rows.values()) == [theirs_too]


def test_dead_sessions_are_forgotten(ports: Ports, clock: SetClock) -> None:
    _session(ports, 1)
    clock.advance(minutes=31)
    upkeep.prune(IDLE, ABSOLUTE, LIFE, ports)
    assert not ports.sessions.rows


def test_a_sessions_token_has_256_random_bits() -> None:
    opened = [_open_session("openid-1", NOW) for _ in range(2)]
    assert len({token for token, _ in opened}) == 2
    for token, session in opened:
        assert len(base64.urlsafe_b64decode(f"{token}=")) == 32
        assert session.token_hash == hash_of(token) and session.csrf_token != token


def test_a_sessions_name_is_neither_its_token_nor_its_hash(ports: Ports) -> None:
    first, second = _session(ports, 1), _session(ports, 2)
    assert first.session_id != second.session_id
    assert first.session_id not in first.token_hash.hex()


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.49", "iPhone"),
        ("Mozilla/5.0 (Linux; Android 13; M2012K11AC) MicroMessenger/8.0.49.2600", "安卓手机"),
        ("Mozilla/5.0 (Linux; Android 13) MicroMessenger/8.0 MiniProgramEnv/android", "小程序"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) WindowsWechat", "电脑"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 13_3) MicroMessenger/6.8", "电脑"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb", "鸿蒙手机"),
        ("curl/8.5", "其他设备"), ("", "其他设备"),
    ],
)  # fmt: skip
def test_a_device_is_told_by_its_kind(agent: str, device: str) -> None:
    assert device_of(agent) == device
