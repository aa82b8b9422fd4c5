"""三方协议 (3.2.1.11)."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import eventlet
from nameko.timer import timer
from prometheus_client import Gauge

from contract import agreement
from contract.agreement import (
    AgreementOfPerson,
    Agreements,
    AgreementView,
    Banks,
    CancelAgreement,
    DraftOfPerson,
    ListAgreements,
    ListBanks,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
from contract.errors import Unavailable
from contract.events import Envelope
from contract.rights import PersonErased
from kit import telemetry
from kit.consumer import consume
from kit.limiter import limited
from kit.rpc import rpc
from kit.service import Made
from kit.waiting import Priority
from services.contribution.config import Config
from services.contribution.entrypoints.base import AUDIT, Entrypoints
from services.contribution.storage.agreements import AgreementStorage
from services.contribution.usecases import agreements

AGREEMENTS = AgreementStorage()

_DUE_AT_ONCE = 40
_ASKED_AT_ONCE = 5
_UNSETTLED = Gauge("agreements_unsettled", "Agreements that wait for the tax core or a bank", ["state"])

_log = logging.getLogger(__name__)


class AgreementEntrypoints(Entrypoints):
    """From which account a person's contributions are debited."""

    banks = Made(Config.banks)

    @rpc(agreement.list_banks)
    def list_banks(self, request: ListBanks) -> Banks:
        return agreements.list_banks(self.banks)

    @limited(agreement.prepare_agreement, Priority.QUERY)
    def prepare_agreement(self, request: PrepareAgreement) -> Prepared:
        return agreements.prepare_agreement(request, self.taxbank, self.memory, self._wiring())

    @rpc(agreement.read_draft)
    def read_draft(self, request: DraftOfPerson) -> Prepared:
        return agreements.read_draft(request, self._wiring())

    @rpc(agreement.sign_agreement)
    def sign_agreement(self, request: SignAgreement) -> AgreementView:
        return agreements.sign_agreement(request, self._wiring())

    @rpc(agreement.get_agreement)
    def get_agreement(self, request: AgreementOfPerson) -> AgreementView:
        return agreements.get_agreement(request, self._wiring())

    @rpc(agreement.list_agreements)
    def list_agreements(self, request: ListAgreements) -> Agreements:
        return agreements.list_agreements(request, self._wiring())

    @rpc(agreement.cancel_agreement)
    def cancel_agreement(self, request: CancelAgreement) -> AgreementView:
        return agreements.cancel_agreement(request, self._wiring())

    @limited(agreement.check_agreement, Priority.QUERY)
    def check_agreement(self, request: AgreementOfPerson) -> AgreementView:
        return agreements.check_agreement(request, self._wiring())

    @consume(PersonErased)
    def forget_person(self, tx: Any, data: PersonErased, envelope: Envelope) -> None:
        agreements.forget_person(tx, data.person_id, AGREEMENTS)

    @timer(interval=2)
    def look_after_agreements(self) -> None:
        """Nothing waits for ever. The work goes over the bus, to whichever replica may ask the tax core."""
        wiring = self._wiring()
        pool = eventlet.GreenPool(_ASKED_AT_ONCE)
        while due := agreements.claim_due(wiring, _DUE_AT_ONCE):
            for _ in pool.imap(self._look_after, due):
                pass

    @timer(interval=15)
    def measure_agreements(self) -> None:
        with self.database.read() as connection:
            counts = AGREEMENTS.unsettled(connection)
        for state in ("signing", "pending", "cancelling"):
            _UNSETTLED.labels(state).set(counts.get(state, 0))

    def _look_after(self, due: AgreementOfPerson) -> None:
        telemetry.correlate(None)  # a greenlet of the pool: what it logs and publishes needs an id of its own
        try:
            self.peers.call(agreement.check_agreement, due)
        except Unavailable as error:
            _log.info("an agreement is asked about later: %s", error.code)

    def _wiring(self) -> agreements.Wiring:
        return agreements.Wiring(
            self.database, AGREEMENTS, AUDIT, self.taxcore.agreements, self.banks, self.seal, self.clock,
            dt.timedelta(seconds=self.settings.agreement_valid_for),
        )  # fmt: skip
