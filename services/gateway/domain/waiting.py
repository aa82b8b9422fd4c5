"""How long a journey's questions may take, and how often a phone looks for their answers."""

from __future__ import annotations

import datetime as dt

from contract import contribution
from contract.contribution import QueuePlace

ASKING = dt.timedelta(seconds=contribution.find_enrolment.deadline + 3)
"""As long as this, a question for the enrolment may still be answered and is not asked again."""

QUOTING = dt.timedelta(seconds=contribution.quote_payable.deadline + 3)
"""The same of a question for the amount."""


_SOONEST, _LATEST = 3, 10


def look_again(place: QueuePlace) -> int:
    """After how many seconds to look for an answer again: a crowd that looks too often slows down what it waits for."""
    return min(max(_SOONEST, (place.seconds or 0) // 3), _LATEST)
