"""What the upstream is asked about the people of a batch: enrolment once and payable once each, a few people at a
time, beside the requests (3.2.1.5, 3.1 容峰).

Every answer is kept with its line. Who looks at the progress keeps the questions going, so that a batch whose gateway
was killed goes on from any other; a line that was being asked about then is asked about again after its deadline.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial

from contract import contribution
from contract.contribution import AgencyChoiceNeeded, TierUnknown
from contract.errors import ContractError
from kit.clock import china
from services.gateway.domain import drafts
from services.gateway.domain.batches import AT_ONCE, Batch, Line, Progress
from services.gateway.domain.drafts import AgencyChoice, Draft
from services.gateway.domain.waiting import ASKING
from services.gateway.errors import TypeNotEnrolled
from services.gateway.usecases.journeys import in_words_for_payer, list_options
from services.gateway.usecases.ports import Ports


def ask(batch: Batch, ports: Ports) -> Progress:
    """Have everybody asked about who waits for it; returns how far that is after a moment."""
    progress = find_progress(batch, ports)
    more = min(progress.waiting, AT_ONCE) - progress.asking
    if not batch.ready or more <= 0:
        return progress
    turn = partial(_ask_in_turn, batch.batch_id, ports)
    for _ in range(more - 1):
        ports.aside.begin(turn)
    ports.aside.run(turn)
    return find_progress(batch, ports)


def find_progress(batch: Batch, ports: Ports) -> Progress:
    """How far the questions are."""
    with ports.transactions.read() as tx:
        return ports.batches.progress(tx, batch.batch_id, ports.clock.now() - ASKING)


def _ask_in_turn(batch_id: str, ports: Ports) -> None:
    """One person after the other, until nobody is left or the batch is over."""
    while (line := _claim(batch_id, ports)) is not None:
        _ask_about(line, ports)


def _claim(batch_id: str, ports: Ports) -> Line | None:
    now = ports.clock.now()
    with ports.transactions.transaction() as tx:
        return ports.batches.claim_line(tx, batch_id, now, now - ASKING, AT_ONCE)


def _ask_about(line: Line, ports: Ports) -> None:
    """To the end: the line is settled, unless somebody changed or removed it meanwhile, who has it asked anew."""
    asked: Line | None = line
    try:
        with in_words_for_payer(line.draft):
            asked = _with_enrolment(line, ports)
            if asked is None:
                return
            settled = asked.settled(_quoted(asked, ports))
    except ContractError as error:
        settled = _refused(asked or line, error)
    except Exception:
        _keep((asked or line).refused(ContractError()), ports)
        raise
    _keep(settled, ports)


def _with_enrolment(line: Line, ports: Ports) -> Line | None:
    """The line with its enrolment, kept before anything else is asked; None when it was changed meanwhile."""
    enrolment = line.draft.enrolment
    if enrolment is not None and enrolment.as_of is None:
        return line
    question = contribution.FindEnrolment(line.draft.insured, line.line_id)
    enrolment = ports.peers.call(contribution.find_enrolment, question)
    found = replace(line.draft, enrolment=enrolment)
    return _keep(replace(line, draft=found, asked_at=ports.clock.now()), ports)


def _quoted(line: Line, ports: Ports) -> Draft:
    """The draft with its quote. Raises TypeNotEnrolled, TierUnknown and AgencyChoiceNeeded where the payer has to
    choose, and what contribution.quote_payable raises."""
    draft, now = line.draft, ports.clock.now()
    kind = draft.selection.insurance_type
    assert draft.enrolment is not None
    assert kind is not None
    if kind not in drafts.types_of(draft.enrolment):
        raise TypeNotEnrolled(f"查询不到您的{kind.label}参保登记信息，请前往社保（医保）部门办理参保登记。")
    selection = drafts.settle(draft, draft.selection, china(now).date())
    if selection.entry_id is None:
        raise AgencyChoiceNeeded
    tiers = list_options(replace(draft, selection=selection), ports).tiers or ()
    selection = drafts.with_tier(selection, tiers)
    if tiers and selection.tier_code is None:
        raise TierUnknown
    draft = replace(draft, selection=selection, refused=None)
    quoted = ports.peers.call(contribution.quote_payable, drafts.question_of(draft, line.line_id))
    return replace(draft, quoted=quoted, quote_expires_at=now + dt.timedelta(seconds=quoted.expires_in))


def _refused(line: Line, error: ContractError) -> Line:
    offered = error.detail.get("agencies", ()) if isinstance(error, AgencyChoiceNeeded) else ()
    if offered:
        agencies = tuple(AgencyChoice(agency["code"], agency["name"]) for agency in offered)
        line = replace(line, draft=replace(line.draft, agencies=agencies))
    return line.refused(error)


def _keep(line: Line, ports: Ports) -> Line | None:
    with ports.transactions.transaction() as tx:
        return ports.batches.save_line(tx, line)
