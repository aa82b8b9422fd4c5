"""Entrypoints of the console, by subject in routes/."""

from __future__ import annotations

from nameko.timer import timer

from services.console.routes.accounts import AccountRoutes
from services.console.routes.audit import AuditRoutes
from services.console.routes.base import REFUSALS, SESSIONS
from services.console.routes.certificates import CertificateRoutes
from services.console.routes.login import LoginRoutes
from services.console.routes.messages import MessageRoutes
from services.console.routes.orders import OrderRoutes
from services.console.routes.parking import ParkingRoutes
from services.console.routes.reconciliation import ReconciliationRoutes
from services.console.routes.refunds import RefundRoutes
from services.console.routes.tiers import TierRoutes


class ConsoleService(
    LoginRoutes, OrderRoutes, TierRoutes, ReconciliationRoutes, RefundRoutes, ParkingRoutes, MessageRoutes,
    CertificateRoutes, AccountRoutes, AuditRoutes,
):  # fmt: skip
    """The staff's door."""

    @timer(interval=600)
    def forget_old(self) -> None:
        """Dead sessions, and refusals of hours gone by."""
        now = self.clock.now()
        with self.database.transaction() as tx:
            SESSIONS.prune(tx, now - self.settings.session_idle, now - self.settings.session_absolute)
            REFUSALS.forget(tx, now)
