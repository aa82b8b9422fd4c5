"""What the notify service does (requirements 3.2.1.2 and 3.2.1.12; design.md §5–6).

A reminder is a row before it is an SMS. A sender claims it in one transaction, calls the provider in none, and
records the answer in another. Whoever dies in between leaves a row in `sending` whose lease ends: the next sender
asks the provider for it by its id before anything is sent again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from contract.notify import CodeSent, SendCode, SmsNotAccepted
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from kit.clock import Clock
from kit.crypto import blind_index
from kit.database import Transactions
from services.notify import domain, wording
from services.notify.adapters.base import Ambiguous, SmsProvider
from services.notify.domain import CodeState, Message, Outcome, Sms, State, Step
from services.notify.templates import Catalogue, Kind

KEEP_CODES = dt.timedelta(days=1)

_log = logging.getLogger(__name__)


class Storage(Protocol):
    """What these use cases need of a database; see NotifyStorage."""

    def add(
        self, tx: Any, event_id: str, kind: Kind, phone: str, variables: Mapping[str, str],
        template_version: str, segments: int, now: dt.datetime,
    ) -> bool: ...  # fmt: skip
    def told(self, tx: Any, event_id: str, kind: Kind) -> bool: ...
    def claim(self, tx: Any, limit: int, now: dt.datetime) -> list[Message]: ...
    def record(self, tx: Any, message: Message, step: Step, now: dt.datetime) -> bool: ...
    def begin_code(self, tx: Any, reference: str, phone: str, now: dt.datetime) -> CodeState | None: ...
    def end_code(
        self, tx: Any, reference: str, state: CodeState, serial: str, reason: str, now: dt.datetime
    ) -> None: ...
    def forget_codes(self, tx: Any, before: dt.datetime) -> None: ...


def occasion(source: str, order_id: str, contribution: Contribution) -> str:
    """What a reminder is about. However often another system tells of it, and under whatever ids, it is one thing."""
    years = ",".join(map(str, sorted(contribution.years)))
    told = (source, order_id, contribution.social_number, contribution.insurance_type.value, years)
    return blind_index("messages.occasion", "\0".join(told)).hex()


def remind_of_success(
    tx: Any, event: PaymentSucceeded, event_id: str, storage: Storage, catalogue: Catalogue, now: dt.datetime
) -> int:
    """Queue the reminders of a payment; returns how many are new."""
    variables = wording.success_variables(event)
    phones = domain.recipients(event.contribution)
    return _queue(tx, event_id, Kind.PAYMENT_SUCCEEDED, phones, variables, storage, catalogue, now)


def remind_of_failure(
    tx: Any, event: PaymentFailed, event_id: str, storage: Storage, catalogue: Catalogue, now: dt.datetime
) -> int:
    """Queue the reminders of a payment that failed, unless the payer closed it, or it was told to have succeeded:
    nobody is told then that it failed. Returns how many are new."""
    if event.reason_code == domain.CLOSED_BY_PAYER or storage.told(tx, event_id, Kind.PAYMENT_SUCCEEDED):
        return 0
    variables = wording.failure_variables(event)
    phones = domain.recipients(event.contribution)
    return _queue(tx, event_id, Kind.PAYMENT_FAILED, phones, variables, storage, catalogue, now)


def remind_of_refund(
    tx: Any, event: PaymentRefunded, event_id: str, storage: Storage, catalogue: Catalogue, now: dt.datetime
) -> int:
    """Queue the reminders of a refund; returns how many are new."""
    phones, variables = domain.recipients(event.contribution), wording.refund_variables(event)
    return _queue(tx, event_id, Kind.PAYMENT_REFUNDED, phones, variables, storage, catalogue, now)


def remind_of_return(
    tx: Any, event: PaymentReturned, event_id: str, storage: Storage, catalogue: Catalogue, now: dt.datetime
) -> int:
    """Queue the reminder that wrongly held money went back, to its payer alone; returns how many are new."""
    phones, variables = domain.phones_of(event.payer_phone), wording.return_variables(event)
    return _queue(tx, event_id, Kind.PAYMENT_RETURNED, phones, variables, storage, catalogue, now)


def claim(transactions: Transactions, storage: Storage, clock: Clock, limit: int) -> list[Message]:
    """Messages that are due, now this sender's for the length of a lease."""
    with transactions.transaction() as tx:
        return storage.claim(tx, limit, clock.now())


def deliver(
    message: Message,
    transactions: Transactions,
    storage: Storage,
    provider: SmsProvider,
    clock: Clock,
    grace: dt.timedelta,
) -> Step | None:
    """Bring a claimed message one step on; None when the claim was too old to act on."""  # fmt: skip
    if message.doubtful:
        outcome = _look_up(message, provider, clock)
    elif domain.may_still_send(message, clock.now()):
        outcome = _send(message.sms, provider, clock)
    else:
        return None
    now = clock.now()
    step = domain.next_step(message, outcome, now, grace)
    with transactions.transaction() as tx:
        recorded = storage.record(tx, message, step, now)
    if not recorded:
        _log.warning("a later claim has overtaken this one", extra={"message_id": message.sms.message_id})
    elif step.state is State.UNDELIVERED:
        _log.error("a reminder was not delivered", extra=_described(message, step))
    elif step.reason:
        _log.warning("a reminder is not sent yet", extra=_described(message, step))
    return step


def send_code(
    request: SendCode, transactions: Transactions, storage: Storage, provider: SmsProvider, clock: Clock
) -> CodeSent:
    """Send a code now or not at all; a repeat of the same reference never sends again. Raises SmsNotAccepted."""
    with transactions.transaction() as tx:
        earlier = storage.begin_code(tx, request.reference, request.phone, clock.now())
    if earlier is CodeState.REFUSED:
        raise SmsNotAccepted
    if earlier is CodeState.SENT:
        return CodeSent(request.reference)
    outcome = _code_outcome(request, provider, clock, repeated=earlier is not None)
    sent = isinstance(outcome, domain.Accepted | domain.Found)
    with transactions.transaction() as tx:
        storage.end_code(
            tx, request.reference, CodeState.SENT if sent else CodeState.REFUSED, getattr(outcome, "serial", ""),
            getattr(outcome, "reason", ""), clock.now(),
        )  # fmt: skip
    if not sent:
        _log.warning("a code was not sent", extra={"reason": getattr(outcome, "reason", "not found")})
        raise SmsNotAccepted
    return CodeSent(request.reference)


def forget_codes(transactions: Transactions, storage: Storage, clock: Clock) -> None:
    """Delete the records of codes that mean nothing any more."""
    with transactions.transaction() as tx:
        storage.forget_codes(tx, clock.now() - KEEP_CODES)


def _queue(
    tx: Any, event_id: str, kind: Kind, phones: Iterable[str], variables: dict[str, str], storage: Storage,
    catalogue: Catalogue, now: dt.datetime,
) -> int:  # fmt: skip
    fitted = domain.fitted(catalogue, kind, variables)
    segments = catalogue.segments(kind, fitted)
    return sum(
        storage.add(tx, event_id, kind, phone, fitted, catalogue.version, segments, now) for phone in phones
    )


def _send(sms: Sms, provider: SmsProvider, clock: Clock) -> Outcome:
    try:
        return provider.send(sms, clock.now())
    except Ambiguous as error:
        return domain.Unclear(str(error))


def _look_up(message: Message, provider: SmsProvider, clock: Clock) -> Outcome:
    try:
        return provider.find(message.sms.message_id, message.sms.phone, message.created_at, clock.now())
    except Ambiguous as error:
        return domain.Unclear(str(error))


def _code_outcome(request: SendCode, provider: SmsProvider, clock: Clock, repeated: bool) -> Outcome:
    """A code whose sending began before, or got no answer, is only looked up, once: a late code is worthless,
    and the person can ask for another."""
    asked_at = clock.now()
    outcome: Outcome = domain.Unclear("asked for again")
    if not repeated:
        variables = {"code": request.code, "minutes": str(request.valid_minutes)}
        outcome = _send(Sms(request.reference, Kind.LOGIN_CODE, request.phone, variables), provider, clock)
    if isinstance(outcome, domain.Unclear):
        try:
            outcome = provider.find(request.reference, request.phone, asked_at, clock.now())
        except Ambiguous as error:
            outcome = domain.Unclear(str(error))
    return outcome


def _described(message: Message, step: Step) -> dict[str, object]:
    return {
        "message_id": message.sms.message_id, "kind": message.sms.kind.value, "tries": message.tries,
        "state": step.state.value, "reason": step.reason,
    }  # fmt: skip
