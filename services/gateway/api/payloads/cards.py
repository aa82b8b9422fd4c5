"""Identity cards read from photos."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import ContractError
from contract.ocr import CardItem, CardReading, CardSide, CardWarning, NumberState
from services.gateway.domain.readings import Reading, ReadingState

_ASK_AGAIN = 1


@dataclass(frozen=True)
class CardPhoto:
    """`image` is the photo in base64 (with or without `data:image/jpeg;base64,`), at most 10 MB of JPEG, PNG, WebP or
    HEIC; addresses of photos are not fetched. `side`: which side is wanted, left out for either. `consent_version`:
    with a session, the text about photos of cards that was agreed to before this one was taken; programs with a key
    leave it out."""

    image: str
    side: CardSide | None = None
    consent_version: str = ""


@dataclass(frozen=True)
class ItemRead:
    """`confidence` is that of the least sure character; `unsure` are the places, from 0, of characters to look at."""

    item: CardItem
    label: str
    text: str
    confidence: float
    unsure: tuple[int, ...]


@dataclass(frozen=True)
class WarningSeen:
    """`code` is Tencent's where it has one (-9101 border, -9107 reflection …); `advice` says what to do."""

    code: int
    name: str
    advice: str


@dataclass(frozen=True)
class CardRead:
    """`number_state`: -1 no number, 0 not sure or not valid, 1 valid and consistent, 2 birth and sex differ, 3 birth
    differs, 4 sex differs. Rely on a number only where it is 1. Have the person confirm everything."""

    side: CardSide
    items: tuple[ItemRead, ...]
    number_state: int
    number_valid: bool
    warnings: tuple[WarningSeen, ...]
    engine: str


@dataclass(frozen=True)
class ProblemSeen:
    """Why nothing was read."""

    code: str
    text: str


@dataclass(frozen=True)
class ReadingShown:
    """A reading that was begun; ask again after `retry_after` seconds while `state` is `reading`."""

    reading_id: str
    state: ReadingState
    retry_after: int | None = None
    card: CardRead | None = None
    problem: ProblemSeen | None = None


def card_read(reading: CardReading) -> CardRead:
    items = tuple(ItemRead(f.item, f.item.label, f.text, f.confidence, f.unsure) for f in reading.fields)
    warnings = tuple(_warning(warning) for warning in reading.warnings)
    valid = reading.number_state is NumberState.VALID
    return CardRead(reading.side, items, reading.number_state.value, valid, warnings, reading.engine)


def reading_shown(reading: Reading) -> ReadingShown:
    return ReadingShown(
        reading.reading_id, reading.state, _ASK_AGAIN if reading.state is ReadingState.READING else None,
        card_read(reading.card) if reading.card else None,
        ProblemSeen(reading.problem, ContractError.of(reading.problem, "", {}).message) if reading.problem else None,
    )  # fmt: skip


def _warning(warning: CardWarning) -> WarningSeen:
    return WarningSeen(warning.value, warning.name.lower(), warning.advice)
