"""代他人缴费统计."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract import paid_for_others
from contract.errors import InvalidInput, NotFound
from contract.paid_for_others import PaidForOthers, PaidTotals
from kit.http import Access
from services.gateway.api.operations import operation
from services.gateway.domain.sessions import Session
from services.gateway.domain.statistics import PARAMETERS, chosen
from services.gateway.errors import LoginNeeded
from services.gateway.routes.statistics import MEDIA, StatisticsRoutes
from services.gateway.usecases import statistics


class StatisticsApi(StatisticsRoutes):
    """What the page shows and the table holds."""

    @operation(
        "GET", "/paid-for-others", "代他人缴费明细，新的在前", access=Access.PAYER, answer=PaidForOthers,
        errors=(LoginNeeded, InvalidInput, *paid_for_others.list_paid_for_others.errors),
        optional=PARAMETERS | {"after": "上一页答复中的 next"},
    )  # fmt: skip
    def list_paid_for_others_by_api(self, request: Request, session: Session, body: None) -> PaidForOthers:
        after = request.args.get("after", "")
        return statistics.list_rows(self.payer(session), chosen(request.args), after, self.ports)

    @operation(
        "GET", "/paid-for-others/totals", "代他人缴费按所在地合计", access=Access.PAYER, answer=PaidTotals,
        errors=(LoginNeeded, InvalidInput), optional=PARAMETERS,
    )  # fmt: skip
    def total_paid_for_others_by_api(self, request: Request, session: Session, body: None) -> PaidTotals:
        return statistics.total_rows(self.payer(session), chosen(request.args), self.ports)

    @operation(
        "GET", "/paid-for-others/table/<extension>", "代他人缴费表格，xlsx 或 csv", access=Access.PAYER,
        media=tuple(MEDIA.values()), errors=(LoginNeeded, NotFound, InvalidInput), optional=PARAMETERS,
    )  # fmt: skip
    def download_paid_for_others_by_api(
        self, request: Request, session: Session, body: None, extension: str
    ) -> Response:
        return self.table_of_paid_for_others(session, extension, request.args)
