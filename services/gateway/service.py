"""Entrypoints of the gateway, by subject in routes/."""

from __future__ import annotations

from typing import Any

from nameko.timer import timer

from contract.events import Envelope
from contract.identity import PhoneChanged
from contract.rights import PersonErased
from kit.consumer import consume
from services.gateway.routes.account import AccountRoutes
from services.gateway.routes.agreement import AgreementRoutes
from services.gateway.routes.api.account import AccountApi
from services.gateway.routes.api.agreements import AgreementsApi
from services.gateway.routes.api.batches import BatchesApi
from services.gateway.routes.api.cards import CardsApi
from services.gateway.routes.api.certificates import CertificatesApi
from services.gateway.routes.api.documents import DocumentRoutes
from services.gateway.routes.api.household import HouseholdApi
from services.gateway.routes.api.journeys import JourneysApi
from services.gateway.routes.api.login import LoginApi
from services.gateway.routes.api.menu import MenuApi
from services.gateway.routes.api.orders import OrdersApi
from services.gateway.routes.api.records import RecordsApi
from services.gateway.routes.api.reminders import RemindersApi
from services.gateway.routes.api.schools import SchoolsApi
from services.gateway.routes.api.standards import StandardsApi
from services.gateway.routes.api.statistics import StatisticsApi
from services.gateway.routes.base import BATCHES, JOURNEYS, RATES, READINGS, SESSIONS
from services.gateway.routes.batch import BatchRoutes
from services.gateway.routes.batch_check import BatchCheckRoutes
from services.gateway.routes.cards import CardRoutes
from services.gateway.routes.certificates import CertificateRoutes
from services.gateway.routes.checking import CheckingRoutes
from services.gateway.routes.contributions import ContributionRoutes
from services.gateway.routes.declarations import DeclarationRoutes
from services.gateway.routes.downloads import DownloadRoutes
from services.gateway.routes.entry import EntryRoutes
from services.gateway.routes.household import HouseholdRoutes
from services.gateway.routes.insured import InsuredRoutes
from services.gateway.routes.journey import JourneyRoutes
from services.gateway.routes.login import LoginRoutes
from services.gateway.routes.menu import MenuRoutes
from services.gateway.routes.order import OrderRoutes
from services.gateway.routes.reminders import ReminderRoutes
from services.gateway.routes.schools import SchoolRoutes
from services.gateway.routes.standards import StandardsRoutes
from services.gateway.routes.statistics import StatisticsRoutes
from services.gateway.routes.waiting import WaitingRoutes
from services.gateway.usecases import cards, rates, sessions, upkeep


class GatewayService(
    DocumentRoutes, LoginApi, MenuApi, AccountApi, HouseholdApi, JourneysApi, BatchesApi, OrdersApi, StandardsApi,
    RecordsApi, AgreementsApi, RemindersApi, CertificatesApi, SchoolsApi, StatisticsApi, CardsApi, DownloadRoutes,
    EntryRoutes, LoginRoutes, AccountRoutes, MenuRoutes, HouseholdRoutes, InsuredRoutes, JourneyRoutes, WaitingRoutes,
    BatchRoutes, BatchCheckRoutes, OrderRoutes, StandardsRoutes, ContributionRoutes, DeclarationRoutes,
    AgreementRoutes, ReminderRoutes, CertificateRoutes, CheckingRoutes, SchoolRoutes, StatisticsRoutes, CardRoutes,
):  # fmt: skip
    """The residents' door."""

    @timer(interval=600)
    def forget_old(self) -> None:
        """Dead sessions and old journeys hold personal data nobody needs."""
        settings = self.settings
        upkeep.prune(settings.session_idle, settings.session_absolute, settings.journey_life, self.ports)
        cards.forget_old(READINGS, self.ports)
        rates.forget_old(RATES, self.ports)

    @timer(interval=1)
    def share_rates(self) -> None:
        rates.share(self.rates, RATES, self.ports)

    @consume(PhoneChanged)
    def end_sessions_of_older_phones(self, tx: Any, data: PhoneChanged, envelope: Envelope) -> None:
        sessions.end_sessions_of_older_phones(tx, data.person_id, data.phone_version, SESSIONS)

    @consume(PersonErased)
    def forget_person(self, tx: Any, data: PersonErased, envelope: Envelope) -> None:
        sessions.forget_person(tx, data.person_id, SESSIONS, JOURNEYS, BATCHES)
