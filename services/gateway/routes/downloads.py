"""Downloads for who is in WeChat, whose browser saves no files: a link for the phone's own (docs/adr/0034)."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl, urlencode

from werkzeug.wrappers import Request, Response

from contract.certificate import CertificateState
from contract.paid_for_others import ExportFormat
from kit.http import Access, http
from services.gateway.domain import statistics as asked_for
from services.gateway.domain.sessions import Session
from services.gateway.routes.account import AccountRoutes
from services.gateway.routes.certificates import CertificateRoutes
from services.gateway.routes.statistics import StatisticsRoutes
from services.gateway.usecases import downloads
from services.gateway.usecases.downloads import FileKind, WantedFile


class DownloadRoutes(AccountRoutes, CertificateRoutes, StatisticsRoutes):
    """Who has the link has the file, as if the payer had pressed 下载: it is recorded the same."""

    @http("GET", "/certificates/<certificate_id>/link", access=Access.PAYER)
    def show_certificate_link(self, request: Request, session: Session, certificate_id: str) -> Response:
        found = self.own_certificate(session, certificate_id)
        own = f"/certificates/{certificate_id}"
        if found.state is not CertificateState.ISSUED or not found.readable:
            return self._to_certificate(certificate_id)
        return self._link_page(request, session, WantedFile(FileKind.CERTIFICATE, certificate_id), own)

    @http("GET", "/paid-for-others/link", access=Access.PAYER)
    def show_table_link(self, request: Request, session: Session) -> Response:
        asked = asked_for.without_errors(asked_for.chosen(request.args))
        wanted = WantedFile(FileKind.TABLE, urlencode(asked.given))
        return self._link_page(request, session, wanted, asked.address("/paid-for-others"))

    @http("GET", "/account/export/link", access=Access.PAYER)
    def show_export_link(self, request: Request, session: Session) -> Response:
        return self._link_page(request, session, WantedFile(FileKind.ACCOUNT), "/account/export")

    @http("GET", "/downloads/<token>", access=Access.SIGNED)
    def download_by_link(self, request: Request, caller: None, token: str) -> Response:
        limits = self.settings.session_idle, self.settings.session_absolute
        session, file = downloads.open_token(token, *limits, self.ports)
        self.count_person(session)
        if file.kind is FileKind.CERTIFICATE:
            return self.certificate_file(session, file.which)
        if file.kind is FileKind.TABLE:
            return self.table_of_paid_for_others(
                session, ExportFormat.XLSX.value, dict(parse_qsl(file.which))
            )
        return self.account_file(session)

    def _link_page(self, request: Request, session: Session, file: WantedFile, back: str) -> Response:
        token = downloads.make_token(session, self.payer(session).person_id, file, self.ports)
        return self.show(
            "download_link.html", request, session, kind=file.kind.value, back=back,
            link=f"{self.settings.public_url.rstrip('/')}/downloads/{token}",
            until=self.clock.now() + downloads.LIFE, minutes=downloads.LIFE // dt.timedelta(minutes=1),
        )  # fmt: skip
