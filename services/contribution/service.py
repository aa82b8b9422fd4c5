"""Entrypoints of the contribution service."""

from __future__ import annotations

from contract import contribution
from contract.contribution import Enrolment, FindEnrolment, ListTiers, Quoted, QuotePayable, Tiers
from kit.crypto import KeyRing
from kit.open_platform import OpenPlatformKey
from kit.rpc import rpc
from kit.service import Made, Service
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.config import Config
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import payables


def make_taxbank(config: Config) -> HttpTaxBank:
    """The adapter the settings ask for."""
    key = OpenPlatformKey(config.taxbank_app_id, config.taxbank_app_key)
    return HttpTaxBank(config.taxbank_url, key, config.taxbank_timeout, config.clock)


class ContributionService(Service):
    """Asks the tax–bank subsystem, keeps the tiers, seals quotes."""

    name = "contribution"

    taxbank = Made(make_taxbank)
    seal = Made(lambda config: KeyRing.parse(config.quote_keys))
    tiers = TierTable()

    @rpc(contribution.find_enrolment)
    def find_enrolment(self, request: FindEnrolment) -> Enrolment:
        return payables.find_enrolment(request, self.taxbank)

    @rpc(contribution.list_tiers)
    def list_tiers(self, request: ListTiers) -> Tiers:
        with self.database.read() as connection:
            return payables.list_tiers(request, connection, self.tiers)

    @rpc(contribution.quote_payable)
    def quote_payable(self, request: QuotePayable) -> Quoted:
        tiers = self.list_tiers(payables.tiers_asked(request)).tiers
        return payables.quote_payable(
            request, tiers, self.taxbank, self.seal, self.clock, self.settings.quote_valid_for
        )
