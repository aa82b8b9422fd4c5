"""代他人缴费统计 (3.2.1.13): what the payer paid for others, added up, and as a table to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from contract.errors import NotFound
from contract.paid_for_others import ExportFormat
from kit.clock import china
from kit.http import Access, http
from services.gateway.domain import statistics as asked_for
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import statistics

MEDIA = {
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.CSV: "text/csv",
}
"""What each format is sent as."""


class StatisticsRoutes(Routes):
    """The filter travels in the address: it names places, years and kinds, nobody."""

    @http("GET", "/paid-for-others", access=Access.PAYER)
    def show_paid_for_others(self, request: Request, session: Session) -> Response:
        asked = asked_for.chosen(request.args)
        payer, after = self.payer(session), request.args.get("after", "")
        shown = statistics.overview(payer, asked_for.without_errors(asked), after, self.ports)
        return self.show(
            "paid_for_others.html", request, session, 422 if asked.errors else 200, asked=asked, errors=asked.errors,
            view=shown, later=bool(after), formats=ExportFormat,
        )  # fmt: skip

    @http("GET", "/paid-for-others/table.<extension>", access=Access.PAYER)
    def download_paid_for_others(self, request: Request, session: Session, extension: str) -> Response:
        return self.table_of_paid_for_others(session, extension, request.args)

    def table_of_paid_for_others(
        self, session: Session, extension: str, given: Mapping[str, str]
    ) -> Response:
        """The file, while it is still being made. Raises NotFound for a format we do not have, InvalidInput."""
        if extension not in set(ExportFormat):
            raise NotFound()
        format_ = ExportFormat(extension)
        asked = asked_for.chosen(given)
        pieces = statistics.export(self.payer(session), asked, format_, self.ports)
        return self.browser.protect(_attachment(pieces, format_, f"{china(self.clock.now()):%Y%m%d}"))


def _attachment(pieces: Iterator[bytes], format_: ExportFormat, day: str) -> Response:
    """With a Chinese name, and one for programs that do not know RFC 6266."""
    response = Response(pieces, mimetype=MEDIA[format_])
    name = quote(f"代他人缴费统计-{day}.{format_.value}")
    plain = f"paid-for-others-{day}.{format_.value}"
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{name}"
    return response
