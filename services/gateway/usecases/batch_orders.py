"""From a batch to one order for everybody who can be paid for."""

from __future__ import annotations

from dataclasses import replace

from contract import payment
from contract.errors import ContractError
from contract.payment import OrderPlaced, QuoteExpired, QuoteForged, QuoteUsed
from services.gateway.domain.batches import Batch, BatchState, Line, Sheet
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.errors import LineBlocked, StalePage
from services.gateway.usecases.batches import read_sheet
from services.gateway.usecases.ports import Ports


def place_order(payer: LoggedInPayer, batch: Batch, key: str, ports: Ports) -> OrderPlaced:
    """One order for all who can be paid for, once: the key names the quotes that were confirmed, and a batch that has
    its order goes on paying that one.

    All of them or none. Raises StalePage when other quotes were confirmed than there are now, LineBlocked when payment
    refused one, whose line then says why, and what else payment.place_order raises.
    """
    if batch.order_id is not None:
        return ports.peers.call(payment.resume_payment, payment.OrderOfPayer(payer.person_id, batch.order_id))
    sheet = read_sheet(batch, ports)
    if (
        batch.state is not BatchState.OPEN
        or not sheet.payable
        or sheet.waiting
        or key != sheet.idempotency_key
    ):
        raise StalePage
    operator = payment.Payer(payer.person_id, payer.person.name, batch.terms.reminder_phone or "")
    try:
        placed = ports.peers.call(payment.place_order, payment.PlaceOrder(operator, sheet.items, key))
    except QuoteUsed as error:
        if own := error.detail.get("order_id"):
            _become_order(batch, own, ports)
            raise
        raise _blocked(sheet, error, ports) from error
    except ContractError as error:
        raise _blocked(sheet, error, ports) from error
    _become_order(batch, placed.order_id, ports)
    return placed


def _blocked(sheet: Sheet, error: ContractError, ports: Ports) -> ContractError:
    """The error for the payer, after the line it is about keeps it; the error itself where it is about no line."""
    item = error.detail.get("item")
    if item is None:
        return error
    line = sheet.payable[item]
    with ports.transactions.transaction() as tx:
        ports.batches.save_line(tx, _after(line, error))
    return LineBlocked(reason=error.code, line_id=line.line_id)


def _after(line: Line, error: ContractError) -> Line:
    """A quote that ran out is asked for anew; whatever else is wrong stays the reason."""
    if isinstance(error, (QuoteExpired, QuoteForged)):
        return line.waiting()
    detail = {name: value for name, value in error.detail.items() if name != "item"}
    return line.refused(type(error)(error.message, **detail))


def _become_order(batch: Batch, order_id: str, ports: Ports) -> None:
    """A double tap that comes second finds it written already, with the same order."""
    done = replace(batch, state=BatchState.PLACED, order_id=order_id, updated_at=ports.clock.now())
    with ports.transactions.transaction() as tx:
        ports.batches.save(tx, done)
