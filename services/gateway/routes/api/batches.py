"""一次为多人缴费: a list of people, asked about in the background, and one order for all who can be paid for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from werkzeug.wrappers import Request

from contract import contribution, payment
from contract.errors import ContractError, InvalidInput, NotFound, Refused
from contract.household import TypedPerson
from contract.payment import OrderPlaced
from kit.http import Access
from kit.masking import mask_name, mask_number
from services.gateway.api.operations import IDEMPOTENCY_KEY, idempotency_key, operation
from services.gateway.api.payloads import batches as payloads
from services.gateway.api.payloads.journeys import InsuredWanted
from services.gateway.domain import drafts
from services.gateway.domain.batches import Batch, BatchState, Line, LineState, PersonWanted, agencies_of
from services.gateway.domain.sessions import Session
from services.gateway.domain.waiting import look_again
from services.gateway.errors import AlreadyListed, LineBlocked, LoginNeeded, StalePage
from services.gateway.routes.batch import BatchPages
from services.gateway.usecases import batch_orders, batch_questions, batches, journeys

_OVER = (LoginNeeded, NotFound, StalePage)


class BatchesApi(BatchPages):
    """The pages of a batch without pages. Who asks for the state keeps the questions going."""

    @operation(
        "POST", "/batches", "开始一次为多人缴费，并查询每个人的应缴费额", access=Access.PAYER,
        body=payloads.BatchWanted, answer=payloads.BatchShown, status=201,
        errors=(LoginNeeded, InvalidInput, StalePage, contribution.YearNotOffered),
        headers=IDEMPOTENCY_KEY,
    )  # fmt: skip
    def create_batch_by_api(
        self, request: Request, session: Session, body: payloads.BatchWanted
    ) -> payloads.BatchShown:
        """In place of the payer's open batch. The same key leads to the same batch, adds nobody twice, and says again
        who was refused."""
        payer = self.payer(session)
        name = f"{payer.person_id} {idempotency_key(request)}"
        batch = batches.start_batch(
            payer, self.settings.journey_life, self.ports, anew=True,
            batch_id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        )  # fmt: skip
        if batch.state is not BatchState.OPEN:
            return self._shown(batch)
        batch = batches.choose_terms(batch, body.insurance_type, body.year, self.ports)
        refused = batches.add_people(payer, batch, _wanted(body.people, body.own), self.ports)
        listed = {at for at, error in refused.items() if isinstance(error, AlreadyListed)}
        return self._shown(batch, {at: refused[at] for at in refused.keys() - listed}, body.own)

    @operation(
        "GET", "/batches/<batch_id>", "名单现在的状态，或前面还有几人", access=Access.PAYER,
        answer=payloads.BatchShown, errors=(LoginNeeded, NotFound),
    )  # fmt: skip
    def show_batch_by_api(
        self, request: Request, session: Session, body: None, batch_id: str
    ) -> payloads.BatchShown:
        """Quotes that are running out are asked for again."""
        batch = self.batch(session, batch_id)
        batches.renew_expiring(batches.read_sheet(batch, self.ports), self.ports)
        return self._shown(batch)

    @operation(
        "PUT", "/batches/<batch_id>/terms", "改为另一个险种或年度，名单上的人重新查询", access=Access.PAYER,
        body=payloads.TermsWanted, answer=payloads.BatchShown,
        errors=(*_OVER, InvalidInput, contribution.YearNotOffered),
    )  # fmt: skip
    def choose_terms_by_api(
        self, request: Request, session: Session, body: payloads.TermsWanted, batch_id: str
    ) -> payloads.BatchShown:
        batch = self.batch(session, batch_id)
        return self._shown(batches.choose_terms(batch, body.insurance_type, body.year, self.ports))

    @operation(
        "POST", "/orders/<order_id>/batch", "一笔没有缴成的多人缴费，用同样的名单重新开始", access=Access.PAYER,
        answer=payloads.BatchShown, status=201, errors=(LoginNeeded, NotFound, StalePage),
        repeated="每次都是一份新名单，取代上一份；还没有缴费。",
    )  # fmt: skip
    def start_batch_again_by_api(
        self, request: Request, session: Session, body: None, order_id: str
    ) -> payloads.BatchShown:
        """Its `terms` are still to be chosen."""
        life = self.settings.journey_life
        return self._shown(batches.start_again(self.payer(session), order_id, life, self.ports))

    @operation(
        "POST", "/batches/<batch_id>/people", "往名单里加人", access=Access.PAYER, body=payloads.PeopleWanted,
        answer=payloads.BatchShown, errors=_OVER,
        repeated="已经在名单里的人不会加第二次。",
    )  # fmt: skip
    def add_people_by_api(
        self, request: Request, session: Session, body: payloads.PeopleWanted, batch_id: str
    ) -> payloads.BatchShown:
        batch = self.batch(session, batch_id)
        wanted = _wanted(body.people, body.own)
        refused = batches.add_people(self.payer(session), batch, wanted, self.ports)
        return self._shown(batch, refused, body.own)

    @operation(
        "POST", "/batches/<batch_id>/questions", "没有查到结果的人再查一次", access=Access.PAYER,
        answer=payloads.BatchShown, errors=_OVER,
        repeated="只是再查一次，还没有缴费。",
    )  # fmt: skip
    def ask_again_by_api(
        self, request: Request, session: Session, body: None, batch_id: str
    ) -> payloads.BatchShown:
        batch = self.batch(session, batch_id)
        batches.wait_again(batch, self.ports)
        return self._shown(batch)

    @operation(
        "GET", "/batches/<batch_id>/lines/<line_id>/tiers", "名单里一个人的缴费档次", access=Access.PAYER,
        answer=payloads.TiersOfLine, errors=(LoginNeeded, NotFound, Refused),
    )  # fmt: skip
    def list_tiers_of_line(
        self, request: Request, session: Session, body: None, batch_id: str, line_id: str
    ) -> payloads.TiersOfLine:
        line = batches.find_line(self.batch(session, batch_id), line_id, self.ports)
        if line.draft.enrolment is None:
            raise Refused("请先查询参保信息。")
        return payloads.TiersOfLine(journeys.list_options(line.draft, self.ports).tiers or ())

    @operation(
        "PUT", "/batches/<batch_id>/lines/<line_id>", "为名单里的一个人选择年度、档次或社保经办机构",
        access=Access.PAYER, body=payloads.LineWanted, answer=payloads.BatchShown,
        errors=(*_OVER, InvalidInput, contribution.YearNotOffered),
    )  # fmt: skip
    def choose_for_line_by_api(
        self, request: Request, session: Session, body: payloads.LineWanted, batch_id: str, line_id: str
    ) -> payloads.BatchShown:
        batch = self.batch(session, batch_id)
        line = batches.find_line(batch, line_id, self.ports)
        batch = batches.choose(
            batch, line, self.ports, year=body.year, tier_code=body.tier_code, agency_code=body.agency_code,
            tier_for_all=body.tier_for_all,
        )  # fmt: skip
        return self._shown(batch)

    @operation(
        "DELETE",
        "/batches/<batch_id>/lines/<line_id>",
        "从名单移除",
        access=Access.PAYER,
        status=204,
        errors=_OVER,
    )
    def remove_line_by_api(
        self, request: Request, session: Session, body: None, batch_id: str, line_id: str
    ) -> None:
        batches.remove_line(self.batch(session, batch_id), line_id, self.ports)

    @operation(
        "POST", "/batches/<batch_id>/order", "为所有可以缴费的人下一笔订单，返回银联商务支付页地址",
        access=Access.PAYER, body=payloads.BatchOrderWanted, answer=OrderPlaced, status=201,
        errors=(*_OVER, InvalidInput, LineBlocked, *payment.place_order.errors, payment.OrderNotPayable),
        headers={"Idempotency-Key": "名单给出的 idempotency_key：名单变了，它也变"},
    )  # fmt: skip
    def place_batch_order_by_api(
        self, request: Request, session: Session, body: payloads.BatchOrderWanted, batch_id: str
    ) -> OrderPlaced:
        key = idempotency_key(request)
        batch = self.batch(session, batch_id)
        if body.reminder_phone is not None and batch.order_id is None:
            phone = drafts.reminder_phone(body.reminder_phone)
            batch = batches.keep(batch, replace(batch.terms, reminder_phone=phone), self.ports)
        return batch_orders.place_order(self.payer(session), batch, key, self.ports)

    def _shown(
        self, batch: Batch, refused: Mapping[int, ContractError] | None = None, own: bool = False
    ) -> payloads.BatchShown:
        """As it is after a moment with the questions."""
        if batch.state is BatchState.OPEN:
            batch_questions.ask(batch, self.ports)
        sheet = batches.read_sheet(batch, self.ports)
        asking = batch.state is BatchState.OPEN and batch.ready and sheet.waiting
        ticket = next((line.line_id for line in sheet.lines if line.is_asking(self.clock.now())), "")
        place = journeys.find_place(ticket, self.ports) if asking else None
        status = "asking" if asking else "ready" if batch.ready else "choosing"
        status = status if batch.state is BatchState.OPEN else batch.state.value
        turned_away = tuple(
            payloads.PersonRefused(at - own, error.code, error.message)
            for at, error in sorted((refused or {}).items())
        )
        return payloads.BatchShown(
            batch.batch_id, status, batch.terms.insurance_type, batch.terms.year,
            sum(line.state is LineState.SETTLED for line in sheet.lines), len(sheet.payable), len(sheet.blocked),
            sheet.amount, sheet.idempotency_key, tuple(_line(line) for line in sheet.lines), turned_away,
            batch.order_id, place.ahead if place else None, look_again(place) if place else None,
        )  # fmt: skip


def _wanted(people: tuple[InsuredWanted, ...], own: bool) -> list[PersonWanted]:
    """The payer first."""
    wanted = [PersonWanted()] if own else []
    for one in people:
        typed = TypedPerson(one.document_type, one.document_number, one.name, one.phone, one.place)
        wanted.append(PersonWanted(one.pick_id) if one.pick_id else PersonWanted(typed=typed))
    return wanted


def _line(line: Line) -> payloads.LineShown:
    person, quoted = line.draft.insured, line.draft.quoted
    shown = payloads.LineShown(
        line.line_id, mask_name(person.name), mask_number(person.document_number), "waiting",
        line.draft.selection.year, line.draft.selection.tier_code,
    )  # fmt: skip
    if line.payable and quoted is not None:
        (year,) = quoted.lines
        return replace(
            shown, status="payable", year=year.year, tier_label=year.tier_label, amount=quoted.amount,
            agency_name=quoted.entry.agency_name, expires_at=line.draft.quote_expires_at,
        )  # fmt: skip
    if line.blocked:
        agencies = tuple(payloads.AgencyOffered(one.code, one.name) for one in agencies_of(line.draft))
        return replace(
            shown, status="blocked", reason=line.error.code, title=line.error.message, way=line.way.value,
            agencies=agencies,
        )  # fmt: skip
    return shown
