"""What the first page shows, and the texts that are agreed to."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract.rights import CONSENT_VERSIONS
from kit.http import Access
from kit.masking import mask_name
from services.gateway.api.operations import operation
from services.gateway.api.payloads import menu as payloads
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.menu import MenuRoutes


class MenuApi(MenuRoutes):
    """继续上次缴费, and what every consent says."""

    @operation(
        "GET", "/unfinished", "继续上次缴费：没有办完的缴费", access=Access.PAYER, answer=payloads.Unfinished,
        errors=(LoginNeeded,),
    )  # fmt: skip
    def show_unfinished_by_api(self, request: Request, session: Session, body: None) -> payloads.Unfinished:
        left = self.unfinished(session)
        unpaid = self.unpaid(self.latest_orders(session))
        return payloads.Unfinished(
            unpaid.order_id if unpaid else None, left.journey.journey_id if left.journey else None,
            mask_name(left.journey.draft.insured.name) if left.journey else "",
            left.batch.batch_id if left.batch else None, left.people,
        )  # fmt: skip

    @operation(
        "GET",
        "/consent-texts",
        "需要同意的各份说明的全文和版本",
        access=Access.PUBLIC,
        answer=payloads.ConsentTexts,
    )
    def list_consent_texts_by_api(self, request: Request, caller: None, body: None) -> payloads.ConsentTexts:
        return payloads.ConsentTexts(
            tuple(
                payloads.ConsentText(kind, kind.label, version, self.pages.paragraphs(f"consents/{kind}.html", version))
                for kind, version in CONSENT_VERSIONS.items()
            )
        )  # fmt: skip
