"""首页: today's payments as charts, and what waits for whoever is logged in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError
from contract.parking import LIST_PARKED, ListParked
from contract.payment_desk import DayTotals, TotalDay, total_day
from contract.pooling import ListPoolingLevels, list_pooling_levels
from contract.reconciliation import ListBreaks, list_breaks
from contract.refunds import ListRefunds, RefundState, list_refunds
from contract.rpc import Method
from kit.clock import china
from kit.http import Access, http
from services.console.browser import go
from services.console.domain.charts import Bar
from services.console.domain.menu import may
from services.console.domain.sessions import Session
from services.console.routes.base import Routes

Wanted = TypeVar("Wanted")
Answer = TypeVar("Answer")


class HomeRoutes(Routes):
    """What is seen first."""

    @http("GET", "/", access=Access.PUBLIC)
    def show_name(self, request: Request, caller: None = None) -> Response:
        return self.browser.protect(go("/home"))

    @http("GET", "/home", access=Access.STAFF)
    def show_home(self, request: Request, session: Session) -> Response:
        day = _day(request.args.get("day", ""), china(self.clock.now()).date())
        totals = self._told(session, total_day, TotalDay(day))
        places, channels = self._bars(session, totals) if totals else ((), ())
        self.level_names(session)  # for the head of this page and of those that follow
        breaks = self._told(session, list_breaks, ListBreaks(limit=1))
        failed = self._told(session, list_refunds, ListRefunds(state=RefundState.FAILED, limit=200))
        return self.show(
            "home.html", request, session, day=day, totals=totals, places=places, channels=channels,
            open_breaks=breaks.total if breaks else None, failed_refunds=len(failed.refunds) if failed else None,
            parked=self._how_many_parked(session),
        )  # fmt: skip

    def level_names(self, session: Session) -> Mapping[str, str]:
        """Full names of the pooling levels, by their codes; empty where the role may not ask or nobody answers."""
        if not self.levels:
            known = self._told(session, list_pooling_levels, ListPoolingLevels())
            self.levels.update({level.code: level.name for level in known.levels} if known else {})
        return self.levels

    def _bars(self, session: Session, totals: DayTotals) -> tuple[tuple[Bar, ...], tuple[Bar, ...]]:
        names = self.level_names(session)
        places = tuple(
            Bar(names.get(one.code.ljust(6, "0"), one.code), one.amount, one.lines) for one in totals.places
        )
        channels = tuple(Bar(one.channel.label, one.amount, one.lines) for one in totals.channels)
        return places, channels

    def _how_many_parked(self, session: Session) -> int | None:
        if not may(session.account.role, "payment.list_parked"):
            return None
        told = [self._told(session, method, ListParked()) for method in LIST_PARKED.values()]
        return sum(one.total for one in told if one)

    def _told(self, session: Session, method: Method[Wanted, Answer], request: Wanted) -> Answer | None:
        """An answer, or None: a service that is away, or a right that is not had, must not hide the rest of a page."""
        if not may(session.account.role, f"{method.service}.{method.name}"):
            return None
        try:
            return self.ask(session, method, request)
        except ContractError:
            return None


def _day(text: str, today: dt.date) -> dt.date:
    try:
        return min(dt.date.fromisoformat(text), today)
    except ValueError:
        return today
