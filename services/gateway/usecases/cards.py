"""身份证拍摄识别 (3.2.1.3): a photo is read while its sender waits, or a little later."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from dataclasses import replace

from contract import ocr, rights
from contract.errors import ContractError, NotFound
from contract.identity import ConsentMissing
from contract.ocr import CardReading, CardSide, ReadCard
from contract.rights import ConsentKind, GiveConsent
from services.gateway.domain.readings import Reading, ReadingState
from services.gateway.domain.sessions import CARD_PHOTO_VERSION, Session
from services.gateway.photos import Photos
from services.gateway.usecases.ports import Ports, ReadingStorage

LIFE = dt.timedelta(minutes=10)
"""How long what was read can be asked for."""

_log = logging.getLogger(__name__)


def note_consent(session: Session, version: str, ports: Ports) -> None:
    """What was agreed to before a photo is read (security.md 15): recorded of a payer at once, and of a visitor, whom
    nobody knows yet, with the login. Raises ConsentMissing for any version but the present one."""
    if version != CARD_PHOTO_VERSION:
        raise ConsentMissing(f"请先阅读并勾选同意{ConsentKind.CARD_PHOTO.label}，再拍照。", field="consent")
    if session.payer is not None:
        given = GiveConsent(session.payer.person_id, ConsentKind.CARD_PHOTO, version)
        ports.peers.call(rights.give_consent, given)
    elif session.card_consent_version != version:
        with ports.transactions.transaction() as tx:
            ports.sessions.save(tx, replace(session, card_consent_version=version))


def read_card(photo: bytes, side: CardSide | None, photos: Photos, ports: Ports) -> CardReading:
    """The card in a photo. Raises what ocr.read_card does."""
    with photos.held(photo) as address:
        return ports.peers.call(ocr.read_card, ReadCard(address, side))


def begin_reading(
    photo: bytes, side: CardSide | None, owner: str, photos: Photos, readings: ReadingStorage, ports: Ports
) -> Reading:
    """Have a photo read beside this request; what comes of it is kept, encrypted, for LIFE."""
    now = ports.clock.now()
    reading = Reading(secrets.token_urlsafe(24), owner, ReadingState.READING, now, None, "")
    with ports.transactions.transaction() as tx:
        readings.add(tx, reading)
    ports.aside.begin(lambda: _finish(reading, photo, side, photos, readings, ports))
    return reading


def _finish(
    reading: Reading,
    photo: bytes,
    side: CardSide | None,
    photos: Photos,
    readings: ReadingStorage,
    ports: Ports,
) -> None:
    try:
        done = replace(reading, state=ReadingState.DONE, card=read_card(photo, side, photos, ports))
    except ContractError as error:
        done = replace(reading, state=ReadingState.FAILED, problem=error.code)
    with ports.transactions.transaction() as tx:
        readings.save(tx, done)


def get_reading(reading_id: str, owner: str, readings: ReadingStorage, ports: Ports) -> Reading:
    """A caller's own reading. Raises NotFound for any other. One whose gateway was killed has failed."""
    now = ports.clock.now()
    with ports.transactions.read() as tx:
        reading = readings.find(tx, reading_id, owner)
    if reading is None or reading.begun_at < now - LIFE:
        raise NotFound("没有找到这次识别，可能已经过期，请重新拍摄。")
    late = reading.begun_at < now - dt.timedelta(seconds=ocr.read_card.deadline + 5)
    if reading.state is ReadingState.READING and late:
        return replace(reading, state=ReadingState.FAILED, problem=ocr.PhotoGone.code)
    return reading


def forget_old(readings: ReadingStorage, ports: Ports) -> None:
    """What was read of cards is kept for LIFE and no longer."""
    with ports.transactions.transaction() as tx:
        readings.prune(tx, ports.clock.now() - LIFE)
