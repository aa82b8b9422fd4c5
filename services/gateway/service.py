"""Entrypoints of the gateway, by subject in routes/."""

from __future__ import annotations

from nameko.timer import timer

from services.gateway.routes.api.journeys import JourneysApi
from services.gateway.routes.api.login import LoginApi
from services.gateway.routes.api.orders import OrdersApi
from services.gateway.routes.entry import EntryRoutes
from services.gateway.routes.journey import JourneyRoutes
from services.gateway.routes.login import LoginRoutes
from services.gateway.routes.menu import MenuRoutes
from services.gateway.routes.order import OrderRoutes
from services.gateway.usecases import upkeep


class GatewayService(
    EntryRoutes, LoginRoutes, MenuRoutes, JourneyRoutes, OrderRoutes,
    LoginApi, JourneysApi, OrdersApi,
):  # fmt: skip
    """The residents' door."""

    @timer(interval=600)
    def forget_old(self) -> None:
        """Dead sessions and old journeys hold personal data nobody needs."""
        settings = self.settings
        upkeep.prune(settings.session_idle, settings.session_absolute, settings.journey_life, self.ports)
