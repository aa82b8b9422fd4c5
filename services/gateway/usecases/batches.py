"""The list of a batch: who is in it, for what, and what was chosen for whom (docs/adr/0018)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from contract import household
from contract.contribution import AgencyChoiceNeeded, TierUnknown, YearNotOffered
from contract.errors import ContractError, InvalidInput, NotFound
from contract.household import NameInsured, PickInsured
from contract.insurance import InsuranceType
from kit.clock import china
from services.gateway.domain import drafts, others
from services.gateway.domain.batches import MOST, Batch, BatchState, Line, PersonWanted, Sheet, Terms
from services.gateway.domain.drafts import Draft
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.errors import AlreadyListed, ListFull, StalePage
from services.gateway.usecases.journeys import QUOTE_LEFT, draft_for
from services.gateway.usecases.ports import Ports

_STARTS = 3
"""How often a batch is begun again when another tap opened one at the same moment."""

_TRIES = 2 * MOST
"""As many people of one list are looked at."""


def start_batch(
    payer: LoggedInPayer, life: dt.timedelta, ports: Ports, *, anew: bool = False, batch_id: str | None = None
) -> Batch:
    """The payer's open batch, or a new one; `anew` leaves the open one behind. A batch with this `batch_id` that
    exists is used again. Raises StalePage."""
    now = ports.clock.now()
    batch = Batch(
        batch_id or str(uuid.uuid4()), payer.person_id, BatchState.OPEN, Terms(reminder_phone=payer.phone),
        version=1, created_at=now, updated_at=now,
    )  # fmt: skip
    for _ in range(_STARTS):
        with ports.transactions.transaction() as tx:
            same = ports.batches.find(tx, payer.person_id, batch.batch_id)
            current = same or (None if anew else ports.batches.find_open(tx, payer.person_id, now - life))
            if current is not None:
                return current
            ports.batches.leave_open(tx, payer.person_id, now)
            if ports.batches.add(tx, batch):
                return batch
    raise StalePage


def start_again(payer: LoggedInPayer, order_id: str, life: dt.timedelta, ports: Ports) -> Batch:
    """A new batch for the people of an order that was not paid: nobody is typed twice. Raises NotFound."""
    with ports.transactions.read() as tx:
        before = ports.batches.find_of_order(tx, payer.person_id, order_id)
        lines = ports.batches.lines(tx, before.batch_id) if before else ()
    if before is None:
        raise NotFound("没有找到这次缴费的名单，可能已经过期，请重新选择被缴费人。")
    batch = start_batch(payer, life, ports, anew=True)
    _add([(place, _person_of(line.draft)) for place, line in enumerate(lines)], batch, ports)
    return batch


def _person_of(draft: Draft) -> Draft:
    """What is known of the insured without asking anybody."""
    return Draft(
        draft.insured, insured_relation_id=draft.insured_relation_id, insured_phone=draft.insured_phone,
        insured_place=draft.insured_place,
    )  # fmt: skip


def add_people(
    payer: LoggedInPayer, batch: Batch, wanted: Sequence[PersonWanted], ports: Ports
) -> dict[int, ContractError]:
    """Add everybody who can be added; returns why the others were not, by their place in `wanted`.

    Raises StalePage when the batch is over.
    """
    refused: dict[int, ContractError] = {}
    named: list[tuple[int, Draft]] = []
    for place, one in enumerate(wanted):
        if len(named) == MOST or place >= _TRIES:
            refused[place] = ListFull()
            continue
        try:
            named.append((place, _name(payer, one, ports)))
        except ContractError as error:
            refused[place] = error
    return refused | _add(named, batch, ports)


def _name(payer: LoggedInPayer, one: PersonWanted, ports: Ports) -> Draft:
    """Raises what identity's name_insured and pick_insured raise, InvalidInput for what was left empty."""
    if one.typed is not None:
        for field, text in others.missing(one.typed).items():
            raise InvalidInput(text, field=field)
        insured = ports.peers.call(household.name_insured, NameInsured(payer.person_id, one.typed))
    elif one.pick_id:
        insured = ports.peers.call(household.pick_insured, PickInsured(payer.person_id, one.pick_id))
    else:
        return draft_for(payer, None)
    return draft_for(payer, insured)


def _add(named: Iterable[tuple[int, Draft]], batch: Batch, ports: Ports) -> dict[int, ContractError]:
    refused: dict[int, ContractError] = {}
    with ports.transactions.transaction() as tx:
        _touch(tx, batch, ports)
        before = tuple(ports.batches.lines(tx, batch.batch_id))
        sheet = Sheet(batch, before)
        for place, draft in named:
            if sheet.holds(draft.insured):
                refused[place] = AlreadyListed()
            elif len(sheet.lines) >= MOST:
                refused[place] = ListFull()
            else:
                line = _new_line(batch, draft, sheet)
                sheet = replace(sheet, lines=(*sheet.lines, line))
        ports.batches.add_lines(tx, sheet.lines[len(before) :])
    return refused


def _new_line(batch: Batch, draft: Draft, sheet: Sheet) -> Line:
    position = sheet.lines[-1].position + 1 if sheet.lines else 1
    return Line(str(uuid.uuid4()), batch.batch_id, position, replace(draft, selection=batch.terms.selection))


def read_sheet(batch: Batch, ports: Ports) -> Sheet:
    """The batch with its lines as they are now."""
    with ports.transactions.read() as tx:
        return Sheet(batch, tuple(ports.batches.lines(tx, batch.batch_id)))


def find_line(batch: Batch, line_id: str, ports: Ports) -> Line:
    """One line of a batch. Raises NotFound."""
    with ports.transactions.read() as tx:
        line = ports.batches.find_line(tx, batch.batch_id, line_id)
    if line is None:
        raise NotFound("名单里没有这位被缴费人，可能已经移除。")
    return line


def keep(batch: Batch, terms: Terms, ports: Ports) -> Batch:
    """Save changed terms. Raises StalePage when another tab was quicker, or the batch is over."""
    if batch.state is not BatchState.OPEN:
        raise StalePage
    if terms == batch.terms:
        return batch
    with ports.transactions.transaction() as tx:
        return _save(tx, replace(batch, terms=terms), ports)


def choose_terms(batch: Batch, insurance_type: InsuranceType | None, year: int | None, ports: Ports) -> Batch:
    """For which insurance type and year everybody is paid for; another choice than before has everybody asked about
    again, with the enrolment that is known. Raises InvalidInput, YearNotOffered, StalePage."""
    if insurance_type is None:
        raise InvalidInput("请选择缴费险种...", field="insurance_type")
    if year not in drafts.years_of(insurance_type, china(ports.clock.now()).date()):
        raise YearNotOffered(field="year")
    if batch.state is not BatchState.OPEN:
        raise StalePage
    if (insurance_type, year) == (batch.terms.insurance_type, batch.terms.year):
        return batch
    terms = replace(batch.terms, insurance_type=insurance_type, year=year, tier_code=None)
    with ports.transactions.transaction() as tx:
        saved = _save(tx, replace(batch, terms=terms), ports)
        for line in ports.batches.lines(tx, batch.batch_id):
            _save_line(tx, line.waiting(terms.selection), ports)
    return saved


def choose(
    batch: Batch, line: Line, ports: Ports, *, year: int | None = None, tier_code: str = "", agency_code: str = "",
    tier_for_all: bool = False,
) -> Batch:  # fmt: skip
    """Keep what was chosen for one insured, who is asked about again; what is left out stays. `tier_for_all` gives the
    tier to all others who need one, too. Raises InvalidInput, YearNotOffered, StalePage."""
    draft = line.draft
    _check_choice(line, tier_code, agency_code)
    if agency_code:
        draft = drafts.choose_agency(draft, agency_code)
    selection = draft.selection
    if year is not None and year not in drafts.years_of(
        selection.insurance_type, china(ports.clock.now()).date()
    ):
        raise YearNotOffered(field="year")
    chosen = replace(selection, year=year or selection.year, tier_code=tier_code or selection.tier_code)
    changed = [line.waiting(chosen)]
    if tier_for_all and tier_code:
        batch = keep(batch, replace(batch.terms, tier_code=tier_code), ports)
        alike = read_sheet(batch, ports).like(line)
        changed += [one.waiting(replace(one.draft.selection, tier_code=tier_code)) for one in alike]
    _keep_lines(batch, changed, ports)
    return batch


def _check_choice(line: Line, tier_code: str, agency_code: str) -> None:
    """What a line waits for must be among what was chosen. Raises InvalidInput with the prompts of 3.2.1.6."""
    if isinstance(line.error, AgencyChoiceNeeded) and line.blocked and not agency_code:
        raise InvalidInput("请选择社保经办机构...", field="agency_code")
    if isinstance(line.error, TierUnknown) and line.blocked and not tier_code:
        raise InvalidInput(TierUnknown.text, field="tier_code")


def remove_line(batch: Batch, line_id: str, ports: Ports) -> None:
    """Take somebody off the list; who is off it already stays so. Raises StalePage when the batch is over."""
    with ports.transactions.transaction() as tx:
        _touch(tx, batch, ports)
        ports.batches.remove_line(tx, batch.batch_id, line_id)


def wait_again(batch: Batch, ports: Ports) -> None:
    """All who were not answered are to be asked about again (再查一次). Raises StalePage."""
    _keep_lines(batch, [line.waiting() for line in read_sheet(batch, ports).again], ports)


def renew_expiring(sheet: Sheet, ports: Ports) -> bool:
    """All whose quotes have run out, or are about to, are to be asked about again; False when there are none."""
    if sheet.batch.state is not BatchState.OPEN:
        return False
    expiring = sheet.expiring(ports.clock.now(), QUOTE_LEFT)
    _keep_lines(sheet.batch, [line.waiting() for line in expiring], ports)
    return bool(expiring)


def _keep_lines(batch: Batch, lines: Sequence[Line], ports: Ports) -> None:
    if not lines:
        return
    with ports.transactions.transaction() as tx:
        _touch(tx, batch, ports)
        for line in lines:
            _save_line(tx, line, ports)


def _touch(tx: Any, batch: Batch, ports: Ports) -> None:
    if not ports.batches.touch(tx, batch.batch_id, ports.clock.now()):
        raise StalePage


def _save(tx: Any, batch: Batch, ports: Ports) -> Batch:
    saved = ports.batches.save(tx, replace(batch, updated_at=ports.clock.now()))
    if saved is None:
        raise StalePage
    return saved


def _save_line(tx: Any, line: Line, ports: Ports) -> None:
    if ports.batches.save_line(tx, line) is None:
        raise StalePage
