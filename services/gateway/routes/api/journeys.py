"""From the enrolment to a quote, kept in a journey."""

from __future__ import annotations

from dataclasses import replace

from werkzeug.wrappers import Request

from contract import contribution, household
from contract.errors import ContractError, InvalidInput, NotFound, Refused
from contract.household import TypedPerson
from contract.insurance import PaymentKind
from kit.clock import china
from kit.http import Access
from kit.masking import mask_name, mask_number
from services.gateway.api.operations import operation
from services.gateway.api.payloads import journeys as payloads
from services.gateway.domain import drafts
from services.gateway.domain.drafts import Journey, Selection
from services.gateway.domain.sessions import Session
from services.gateway.domain.waiting import look_again
from services.gateway.errors import LoginNeeded, StalePage, StillAsking
from services.gateway.routes.base import Routes
from services.gateway.usecases import insured, journeys

JOURNEY_OF_QUOTE = "."
"""Between the journey and the sealed quote of somebody else's contribution: the order takes their relation and phone
from the journey, and a client cannot forget to send it. Sealed quotes hold no such character."""


class JourneysApi(Routes):
    """The steps of a journey without its pages."""

    @operation(
        "POST", "/enrolments", "开始自主缴费或代他人缴费，并查询参保信息", access=Access.PAYER,
        body=payloads.EnrolmentWanted, answer=payloads.EnrolmentFound,
        errors=(
            LoginNeeded, *household.pick_insured.errors, *household.name_insured.errors,
            *contribution.find_enrolment.errors,
        ),
        repeated="另外开始一次办理，取代上一次；还没有缴费。",
    )  # fmt: skip
    def find_enrolment_by_api(
        self, request: Request, session: Session, body: payloads.EnrolmentWanted
    ) -> payloads.EnrolmentFound:
        started = self._started(session, body.insured)
        return self._enrolment(journeys.find_enrolment(started, self.ports))

    @operation(
        "GET", "/enrolments/<journey_id>", "参保信息查询的结果，或前面还有几人", access=Access.PAYER,
        answer=payloads.EnrolmentFound, errors=(LoginNeeded, NotFound, *contribution.find_enrolment.errors),
    )  # fmt: skip
    def show_enrolment(
        self, request: Request, session: Session, body: None, journey_id: str
    ) -> payloads.EnrolmentFound:
        return self._enrolment(self.journey(session, journey_id))

    @operation(
        "GET", "/tiers", "缴费档次", access=Access.PAYER, answer=contribution.Tiers,
        errors=(LoginNeeded, InvalidInput, NotFound),
        query={"journey_id": "查询参保信息时得到", "entry_id": "所选参保信息", "year": "缴费年度"},
    )  # fmt: skip
    def list_tiers(self, request: Request, session: Session, body: None) -> contribution.Tiers:
        journey = self._open_journey(session, request.args["journey_id"])
        year = request.args.get("year", 0, int)
        draft = self._selected(journey, request.args["entry_id"], year)
        return journeys.list_options(draft, self.ports).table or contribution.Tiers(())

    @operation(
        "POST", "/quotes", "查询待缴费记录并锁定金额", access=Access.PAYER, body=payloads.QuoteWanted,
        answer=payloads.QuoteGiven, status=201,
        errors=(LoginNeeded, NotFound, StalePage, StillAsking, *contribution.quote_payable.errors),
        repeated="只查询，还没有缴费；同一次办理只问一次社保系统。",
    )  # fmt: skip
    def quote_payable(
        self, request: Request, session: Session, body: payloads.QuoteWanted
    ) -> payloads.QuoteGiven:
        journey = self._of_kind(session, body.journey_id, PaymentKind.NORMAL)
        wanted = self._selected(journey, body.entry_id, body.year).selection
        journey, options = journeys.select(journey, _with(wanted, body), self.ports)
        drafts.check_selection(journey.draft.selection, options)
        return self._given(journeys.quote_payable(journey, self.ports))

    @operation(
        "POST", "/back-payment-quotes", "查询补缴明细并锁定金额，一次性补缴所有年份", access=Access.PAYER,
        body=payloads.BackPaymentWanted, answer=payloads.QuoteGiven, status=201,
        errors=(LoginNeeded, NotFound, StalePage, StillAsking, *contribution.quote_back_payment.errors),
        repeated="只查询，还没有缴费；同一次办理只问一次社保系统。",
    )  # fmt: skip
    def quote_back_payment(
        self, request: Request, session: Session, body: payloads.BackPaymentWanted
    ) -> payloads.QuoteGiven:
        journey = self._of_kind(session, body.journey_id, PaymentKind.BACK)
        journey = journeys.answer_agency(journey, body.agency_code, self.ports)
        return self._given(journeys.quote_payable(journey, self.ports))

    @operation(
        "GET", "/quotes/<journey_id>", "待缴费记录或补缴明细查询的结果，或前面还有几人", access=Access.PAYER,
        answer=payloads.QuoteGiven,
        errors=(
            LoginNeeded, NotFound, StillAsking, *contribution.quote_payable.errors,
            *contribution.quote_back_payment.errors,
        ),
    )  # fmt: skip
    def show_quote(
        self, request: Request, session: Session, body: None, journey_id: str
    ) -> payloads.QuoteGiven:
        return self._given(self.journey(session, journey_id))

    def _given(self, journey: Journey) -> payloads.QuoteGiven:
        """Raises StillAsking, or how the question was refused."""
        quoted = journey.draft.quoted
        if quoted is None and journey.is_quoting(self.clock.now()):
            place = journeys.find_place(journey.journey_id, self.ports)
            raise StillAsking(ahead=place.ahead, retry_after=look_again(place))
        if quoted is None:
            raise self._refused(journey, "请先查询应缴费额。")
        of = journey.journey_id + JOURNEY_OF_QUOTE if journey.draft.for_other else ""
        return payloads.QuoteGiven(
            of + quoted.quote, quoted.entry.insurance_type, quoted.entry.agency_name, quoted.kind, quoted.lines,
            quoted.amount, quoted.expires_in,
        )  # fmt: skip

    def _of_kind(self, session: Session, journey_id: str, kind: PaymentKind) -> Journey:
        """The journey with its enrolment, for this kind of payment from here on."""
        return journeys.choose_kind(self._open_journey(session, journey_id), kind, self.ports)

    def _started(self, session: Session, wanted: payloads.InsuredWanted | None) -> Journey:
        payer, life = self.payer(session), self.settings.journey_life
        if wanted is None:
            return journeys.start_journey(payer, life, self.ports)
        if wanted.pick_id:
            return insured.pay_for_picked(payer, wanted.pick_id, life, self.ports)
        typed = TypedPerson(
            wanted.document_type, wanted.document_number, wanted.name, wanted.phone, wanted.place
        )
        return insured.pay_for_typed(payer, typed, life, self.ports)

    def _open_journey(self, session: Session, journey_id: str) -> Journey:
        journey = self.journey(session, journey_id)
        if journey.draft.enrolment is None:
            raise Refused("请先查询参保信息。")
        return journey

    def _selected(self, journey: Journey, entry_id: str, year: int) -> drafts.Draft:
        """The draft as if this entry and year were chosen. Raises InvalidInput for what is not offered."""
        return drafts.choose_entry(journey.draft, entry_id, year, china(self.clock.now()).date())

    def _enrolment(self, journey: Journey) -> payloads.EnrolmentFound:
        """Raises how the question was refused."""
        draft, now = journey.draft, self.clock.now()
        enrolment, today, asking = draft.enrolment, china(now).date(), journey.is_asking(now)
        if enrolment is None and not asking:
            raise self._refused(journey, "请先查询参保信息。")
        place = journeys.find_place(journey.journey_id, self.ports) if asking else None
        entries = tuple(
            payloads.EnrolmentChoice(
                entry.entry_id, entry.insurance_type, entry.agency_code, entry.agency_name, entry.person_number,
                drafts.years_of(entry.insurance_type, today),
            )
            for entry in (enrolment.entries if enrolment else ())
        )  # fmt: skip
        return payloads.EnrolmentFound(
            journey.journey_id, "asking" if asking else "found", mask_name(draft.insured.name),
            mask_number(draft.insured.document_number), enrolment.payer_kind if enrolment else None, entries,
            enrolment.as_of if enrolment else None, place.ahead if place else None,
            look_again(place) if place else None,
        )  # fmt: skip

    def _refused(self, journey: Journey, not_asked: str) -> ContractError:
        """How a question that goes on no more ended."""
        refused = journey.draft.refused
        return refused.error if refused else Refused(not_asked)


def _with(selection: Selection, body: payloads.QuoteWanted) -> Selection:
    return replace(selection, tier_code=body.tier_code or None, agency_code=body.agency_code)
