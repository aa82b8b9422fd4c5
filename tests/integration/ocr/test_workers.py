"""Reading in processes of their own: nothing waits for it, a full queue says so, and a dead process is replaced."""

from __future__ import annotations

import kit.runner  # noqa: F401 - patches the standard library, as in the service

# isort: split

import datetime as dt
import itertools
import time
from collections.abc import Iterator

import eventlet
import pytest

from bench.cards.phone import Tier, photo
from contract.errors import ContractError
from contract.ocr import CardReading, OcrBusy, UnfitImage
from services.ocr.config import Config
from services.ocr.workers import Workers

TODAY = dt.date(2026, 11, 26)
CARD = photo(11, Tier.EASY, 0)


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(
        Config(
            http_address="",
            amqp_uri="memory://",
            personal_data_keys="",
            blind_index_key="",
            row_seal_keys="",
            room=1,
            seconds=60,
        )
    )
    yield made
    made.end()


def _read(workers: Workers) -> CardReading | ContractError:
    try:
        return workers.read(CARD.jpeg, None, TODAY)
    except ContractError as error:
        return error


def test_others_go_on_and_who_finds_no_room_is_told_when_to_come_back(workers: Workers) -> None:
    beats: list[float] = []

    def beat() -> None:
        while True:
            beats.append(time.monotonic())
            eventlet.sleep(0.02)

    heart = eventlet.spawn(beat)
    answers = [green.wait() for green in [eventlet.spawn(_read, workers) for _ in range(3)]]
    heart.kill()
    assert [type(answer) for answer in answers] == [CardReading, CardReading, OcrBusy]
    assert answers[2].detail["retry_after"] >= 1
    assert max(later - earlier for earlier, later in itertools.pairwise(beats)) < 1


def test_a_process_that_dies_is_replaced(workers: Workers) -> None:
    assert isinstance(_read(workers), CardReading)
    workers._idle[0]._process.kill()
    assert type(_read(workers)) is ContractError
    assert isinstance(_read(workers), CardReading)


def test_what_is_no_photo_is_refused_and_the_process_stays(workers: Workers) -> None:
    with pytest.raises(UnfitImage):
        workers.read(b"<svg/>", None, TODAY)
    before = workers._idle[0]
    assert isinstance(_read(workers), CardReading)
    assert workers._idle[0] is before
