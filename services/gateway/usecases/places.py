"""What the place picker offers."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from contract.errors import ContractError
from contract.places import GUANGXI, Division, ListDivisions, Place, list_divisions
from services.gateway.domain.places import LEVELS, Level, Picker, settle
from services.gateway.usecases.ports import Ports

_log = logging.getLogger(__name__)


def pick_place(given: Place | None, ports: Ports, wanted: Sequence[tuple[str, str]] = LEVELS) -> Picker:
    """The levels given so far with what may be chosen at each, and the next level, of those that are wanted.

    While identity does not answer, what was given is kept as it is: a place may always be left out.
    """
    levels: list[Level] = []
    parent, answers = GUANGXI, True
    for (name, label), division in zip(wanted, (given or Place()).levels, strict=False):
        options = _divisions(parent, ports) if answers else None
        if options is None:
            answers = False
            levels.append(Level(name, label, None, division))
            continue
        chosen = settle(options, division)
        levels.append(Level(name, label, options, chosen))
        if chosen == Division():
            break
        parent = chosen.code
    return Picker(tuple(levels))


def _divisions(parent: str, ports: Ports) -> tuple[Division, ...] | None:
    """Empty below a level that was typed; None while identity does not answer."""
    if not parent:
        return ()
    try:
        return ports.peers.call(list_divisions, ListDivisions(parent)).divisions
    except ContractError as error:
        _log.warning("places could not be listed: %s", error.code)
        return None
