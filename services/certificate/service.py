"""Entrypoints of the certificate service."""

from __future__ import annotations

import logging
from typing import Any, cast

import eventlet
from nameko.timer import timer
from prometheus_client import Counter, Gauge

from contract import certificate, checking, register, schools
from contract.certificate import (
    CertificateFile,
    CertificateOfPerson,
    CertificatePicture,
    Certificates,
    CertificateView,
    IssueCertificate,
    ListCertificates,
    PreviewCertificate,
    ReplaceCertificate,
)
from contract.checking import CheckCertificate, Checked, CheckFile
from contract.events import Envelope
from contract.register import (
    AuthorisedSchool,
    AuthorisedSchools,
    AuthoriseSchool,
    CertificateNumbered,
    CertificateSeen,
    ListAuthorised,
    ListSeals,
    ReissueCertificate,
    SchoolNamed,
    SealCertificates,
    VoidCertificate,
)
from contract.rights import PersonErased
from contract.schools import (
    Batches,
    BatchItems,
    BatchOfSchool,
    BatchView,
    FindSchools,
    GetBatchFile,
    ListBatches,
    ListBatchItems,
    MakeSchoolLink,
    ReadSchoolLink,
    SchoolLink,
    Schools,
    SubmitRoll,
)
from contract.staff import Staff
from kit import telemetry
from kit.breaker import Breaker
from kit.consumer import consume
from kit.crypto import personal_data_keys
from kit.open_platform import OpenPlatformKey
from kit.parked import ParkedEntrypoints
from kit.rpc import Caller, RpcCaller, rpc
from kit.service import Made
from kit.staff import staff_rpc
from kit.upstream import Upstream
from services.certificate.adapters import seal_certificates
from services.certificate.adapters.base import RevocationLists, Sealer
from services.certificate.adapters.platform import HttpRevocationLists, HttpSealer
from services.certificate.config import Config
from services.certificate.domain.register import Certificate
from services.certificate.presses import Presses, PressRoom
from services.certificate.storage.check_counts import CheckCounts
from services.certificate.storage.register import Register
from services.certificate.storage.schools import SchoolStorage
from services.certificate.usecases import checking as looking
from services.certificate.usecases import desk, issuing, reading
from services.certificate.usecases import schools as schooling
from services.certificate.usecases.checking import Limits
from services.certificate.usecases.schools import SchoolDesk
from services.certificate.usecases.wiring import Printing, Wiring

REGISTER, COUNTS, SCHOOLS = Register(), CheckCounts(), SchoolStorage()

ENDED = Counter("certificates_ended", "Certificates by the state a step left them in", ["state"])
WAITING = Gauge("certificates_waiting", "Certificates that wait to be issued")

_log = logging.getLogger(__name__)


def make_sealer(config: Config) -> Sealer | None:
    """The seal platform's driver; None where the presses sign with keys of their own."""
    if config.seal_driver != "platform":
        return None
    key = OpenPlatformKey(config.seal_app_id, config.seal_app_key)
    return HttpSealer(config.seal_platform_url, key, config.clock, Upstream("eseal", Breaker(5, 10.0)))


class CertificateService(ParkedEntrypoints):
    """Issues sealed certificates of contributions, checks them, and keeps their register."""

    name = "certificate"

    presses: PressRoom = cast(PressRoom, Presses())
    sealer: Sealer | None = cast("Sealer | None", Made(make_sealer))
    lists: RevocationLists = cast(
        RevocationLists, Made(lambda config: HttpRevocationLists(config.seal_crl_urls))
    )
    authorities = Made(Config.authorities)
    peers: Caller = cast(Caller, RpcCaller())

    @property
    def wiring(self) -> Wiring:
        settings: Config = self.settings
        printing = Printing(settings.check_url, settings.full_number, settings.kept)
        return Wiring(
            self.database, REGISTER, self.peers, self.presses, self.sealer, self.lists, self.authorities, printing,
            self.clock,
        )  # fmt: skip

    @property
    def limits(self) -> Limits:
        return Limits(COUNTS, self.settings.checks_per_hour, self.settings.wrong_codes_per_hour)

    @property
    def school_desk(self) -> SchoolDesk:
        return SchoolDesk(SCHOOLS, self.presses, personal_data_keys())

    @rpc(certificate.issue_certificate)
    def issue_certificate(self, request: IssueCertificate) -> CertificateView:
        return issuing.issue_certificate(request, self.wiring)

    @rpc(certificate.get_certificate)
    def get_certificate(self, request: CertificateOfPerson) -> CertificateView:
        return reading.get_certificate(request, self.wiring)

    @rpc(certificate.list_certificates)
    def list_certificates(self, request: ListCertificates) -> Certificates:
        return reading.list_certificates(request, self.wiring)

    @rpc(certificate.get_certificate_file)
    def get_certificate_file(self, request: CertificateOfPerson) -> CertificateFile:
        return reading.get_file(request, self.wiring)

    @rpc(certificate.preview_certificate)
    def preview_certificate(self, request: PreviewCertificate) -> CertificatePicture:
        return reading.preview(request, self.wiring)

    @rpc(certificate.replace_certificate)
    def replace_certificate(self, request: ReplaceCertificate) -> CertificateView:
        return issuing.replace_certificate(request, self.wiring)

    @rpc(checking.check_certificate)
    def check_certificate(self, request: CheckCertificate) -> Checked:
        return looking.check_certificate(request, self.limits, self.wiring)

    @rpc(checking.check_file)
    def check_file(self, request: CheckFile) -> Checked:
        return looking.check_file(request, self.limits, self.wiring)

    @rpc(schools.find_schools)
    def find_schools(self, request: FindSchools) -> Schools:
        return schooling.find_schools(request, self.school_desk, self.wiring)

    @rpc(schools.submit_roll)
    def submit_roll(self, request: SubmitRoll) -> BatchView:
        return schooling.submit_roll(request, self.school_desk, self.wiring)

    @rpc(schools.get_batch)
    def get_batch(self, request: BatchOfSchool) -> BatchView:
        return schooling.get_batch(request, self.school_desk, self.wiring)

    @rpc(schools.list_batches)
    def list_batches(self, request: ListBatches) -> Batches:
        return schooling.list_batches(request, self.school_desk, self.wiring)

    @rpc(schools.list_batch_items)
    def list_batch_items(self, request: ListBatchItems) -> BatchItems:
        return schooling.list_batch_items(request, self.school_desk, self.wiring)

    @rpc(schools.get_batch_file)
    def get_batch_file(self, request: GetBatchFile) -> CertificateFile:
        return schooling.get_batch_file(request, self.school_desk, self.wiring)

    @rpc(schools.make_school_link)
    def make_school_link(self, request: MakeSchoolLink) -> SchoolLink:
        return schooling.make_school_link(request, self.school_desk, self.wiring)

    @rpc(schools.read_school_link)
    def read_school_link(self, request: ReadSchoolLink) -> SchoolLink:
        return schooling.read_school_link(request, self.school_desk, self.wiring)

    @staff_rpc(register.find_certificate)
    def find_certificate(self, request: CertificateNumbered, staff: Staff) -> CertificateSeen:
        return desk.find_certificate(request, staff, self.wiring, self.journal)

    @staff_rpc(register.void_certificate)
    def void_certificate(self, request: VoidCertificate, staff: Staff) -> CertificateSeen:
        return desk.void_certificate(request, staff, self.wiring)

    @staff_rpc(register.reissue_certificate)
    def reissue_certificate(self, request: ReissueCertificate, staff: Staff) -> CertificateSeen:
        return desk.reissue_certificate(request, staff, self.wiring)

    @staff_rpc(register.list_authorised)
    def list_authorised(self, request: ListAuthorised, staff: Staff) -> AuthorisedSchools:
        return desk.list_authorised(request, staff, self.wiring, SCHOOLS)

    @staff_rpc(register.authorise_school)
    def authorise_school(self, request: AuthoriseSchool, staff: Staff) -> AuthorisedSchool:
        return desk.authorise_school(request, staff, self.wiring, SCHOOLS)

    @staff_rpc(register.end_school)
    def end_school(self, request: SchoolNamed, staff: Staff) -> AuthorisedSchool:
        return desk.end_school(request, staff, self.wiring, SCHOOLS)

    @staff_rpc(register.list_seals)
    def list_seals(self, request: ListSeals, staff: Staff) -> SealCertificates:
        of_settings = [
            *seal_certificates.of_roots(self.settings.seal_roots),
            *seal_certificates.of_keys(self.settings.seal_key_directory),
        ]
        return desk.list_seals(request, self.wiring, of_settings, seal_certificates.of_file)

    @timer(interval=1)
    def issue_waiting(self) -> None:
        """Carry out what waits, several at a time, until nothing is due."""
        wiring, count = self.wiring, self.settings.issuers
        pool = eventlet.GreenPool(count)
        while claimed := issuing.claim(count, wiring):
            for wish in claimed:
                pool.spawn_n(self._carry_out, wish, wiring)
            pool.waitall()

    @timer(interval=15)
    def measure(self) -> None:
        with self.database.read() as connection:
            WAITING.set(REGISTER.waiting(connection))

    @timer(interval=600)
    def forget_old(self) -> None:
        """Files past their time, and counts of hours gone by."""
        issuing.forget_old_files(self.wiring)
        with self.database.transaction() as tx:
            COUNTS.forget(tx, self.clock.now())

    @consume(PersonErased)
    def forget_person(self, tx: Any, data: PersonErased, envelope: Envelope) -> None:
        REGISTER.forget_person(tx, data.person_id)

    def _carry_out(self, wish: Certificate, wiring: Wiring) -> None:
        telemetry.correlate(None)  # a greenlet of the pool: what it logs needs an id of its own
        try:
            ENDED.labels(issuing.carry_out(wish, wiring).state.value).inc()
        except Exception:
            # The row keeps its lease; when that ends, somebody tries again.
            _log.exception("a certificate's step crashed", extra={"number": wish.number})
