"""What the certificate service's actions work with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from contract.rpc import Method
from kit.audit import JOURNAL, Acts
from kit.clock import Clock
from kit.database import Transactions
from services.certificate.adapters.base import Press, RevocationLists, Sealer
from services.certificate.domain.authorities import AuthorityBook

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Peers(Protocol):
    """The other services."""

    def call(self, method: Method[Request, Answer], request: Request) -> Answer: ...


@dataclass(frozen=True)
class Printing:
    """How certificates are printed and kept; `check_url` is what is printed on them."""

    check_url: str
    full_number: bool
    kept: dt.timedelta


@dataclass(frozen=True)
class Wiring:
    """`register` is a storage.Register or a fake of it; `sealer` is None where the press itself has the keys."""

    database: Transactions
    register: Any
    peers: Peers
    press: Press
    sealer: Sealer | None
    lists: RevocationLists
    authorities: AuthorityBook
    printing: Printing
    clock: Clock
    journal: Acts = JOURNAL
