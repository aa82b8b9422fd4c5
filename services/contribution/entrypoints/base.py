"""What contribution's entrypoints share: the outside parties, the keys and the other services."""

from __future__ import annotations

from typing import cast

from kit.breaker import Breaker
from kit.crypto import KeyRing
from kit.open_platform import OpenPlatformKey
from kit.parked import ParkedEntrypoints
from kit.rpc import Caller, RpcCaller
from kit.service import Made
from kit.upstream import Upstream
from services.contribution.adapters.base import TaxCore
from services.contribution.adapters.esb import Esb
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.adapters.taxcore_agreements import EsbAgreements
from services.contribution.adapters.taxcore_declarations import EsbDeclarations
from services.contribution.adapters.taxcore_records import EsbRecords
from services.contribution.adapters.taxcore_wire import read_wire
from services.contribution.config import Config
from services.contribution.storage.enrolments import KeptEnrolments
from services.contribution.storage.query_audit import QueryAudit
from services.contribution.usecases.enrolments import Memory

KEPT, AUDIT = KeptEnrolments(), QueryAudit()


def make_upstream(name: str, config: Config) -> Upstream:
    """What an adapter of a limited upstream calls through."""
    return Upstream(name, Breaker(config.upstream_failures, config.upstream_rest))


def make_taxbank(config: Config) -> HttpTaxBank:
    """The adapter the settings ask for."""
    key = OpenPlatformKey(config.taxbank_app_id, config.taxbank_app_key)
    return HttpTaxBank(
        config.taxbank_url, key, config.taxbank_timeout, config.clock, make_upstream("taxbank", config),
        connections=config.taxbank_limit,
    )  # fmt: skip


def make_taxcore(config: Config) -> TaxCore:
    """The adapters of the tax core, over one ESB."""
    esb = Esb(
        config.taxcore_url, config.taxcore_timeout, config.clock, make_upstream("taxcore", config),
        read_wire(config.taxcore_wire), connections=config.taxcore_limit,
    )  # fmt: skip
    return TaxCore(EsbRecords(esb), EsbDeclarations(esb), EsbAgreements(esb))


class Entrypoints(ParkedEntrypoints):
    """Base of the entrypoint classes."""

    name = "contribution"

    taxbank = Made(make_taxbank)
    taxcore = Made(make_taxcore)
    peers: Caller = cast(Caller, RpcCaller())
    seal = Made(lambda config: KeyRing.parse(config.quote_keys))

    @property
    def memory(self) -> Memory:
        return Memory(self.database, KEPT, self.clock, self.settings.enrolment_kept)
