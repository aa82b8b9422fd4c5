"""What the first page shows besides the menu itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unfinished:
    """What the payer may go on with (继续上次缴费), each null where there is none: `order_id` is not settled yet;
    `journey_id` is kept with `insured_name`, masked; `batch_id` has so many `people`."""

    order_id: str | None
    journey_id: str | None
    insured_name: str
    batch_id: str | None
    people: int


@dataclass(frozen=True)
class ConsentText:
    """A text to agree to. Send `version` where it is asked for; `paragraphs` are shown in full, the title first."""

    kind: str
    label: str
    version: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class ConsentTexts:
    """All present texts."""

    texts: tuple[ConsentText, ...]
