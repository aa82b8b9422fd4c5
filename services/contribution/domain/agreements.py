"""The states of a tripartite agreement: one table; what is asked of the tax core next, and when (3.2.1.11)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from contract.agreement import AgreementNotActive, AgreementState, Authority, AuthorityUnknown
from contract.contribution import EnrolmentEntry
from contract.people import Person

SIGNING, PENDING, ACTIVE = AgreementState.SIGNING, AgreementState.PENDING, AgreementState.ACTIVE
FAILED, CANCELLING, ENDED = AgreementState.FAILED, AgreementState.CANCELLING, AgreementState.ENDED


class Trigger(enum.StrEnum):
    """What may happen to an agreement: the tax core's own word, the want of it, or the person's wish."""

    ACCEPTED = "accepted"  # the core has it and waits for the bank
    PASSED = "passed"  # it is in force
    REFUSED = "refused"  # the core or the bank does not sign it
    WISHED_AWAY = "wished_away"  # the person cancels it
    ENDING = "ending"  # the core waits for the bank to cancel it
    KEPT = "kept"  # the core or the bank does not cancel it
    OVER = "over"  # the core has it as no longer in force
    ABSENT = "absent"  # the core has no such agreement
    GONE = "gone"  # nor will it have one: the time for that is over
    UNANSWERED = "unanswered"  # asked, and no clear answer


EDGES: dict[tuple[AgreementState, Trigger], AgreementState] = {
    (SIGNING, Trigger.ACCEPTED): PENDING,
    (SIGNING, Trigger.ENDING): CANCELLING,
    (SIGNING, Trigger.PASSED): ACTIVE,
    (SIGNING, Trigger.REFUSED): FAILED,
    (SIGNING, Trigger.OVER): FAILED,
    (SIGNING, Trigger.GONE): FAILED,
    (PENDING, Trigger.PASSED): ACTIVE,
    (PENDING, Trigger.ENDING): CANCELLING,
    (PENDING, Trigger.REFUSED): FAILED,
    (PENDING, Trigger.OVER): FAILED,
    (PENDING, Trigger.GONE): FAILED,
    (ACTIVE, Trigger.WISHED_AWAY): CANCELLING,
    (ACTIVE, Trigger.ENDING): CANCELLING,
    (ACTIVE, Trigger.OVER): ENDED,
    (ACTIVE, Trigger.GONE): ENDED,
    (CANCELLING, Trigger.OVER): ENDED,
    (CANCELLING, Trigger.GONE): ENDED,
    (CANCELLING, Trigger.KEPT): ACTIVE,
}
"""Every edge of the graph. What is not here changes nothing. Without us it ends at the bank or at a counter."""

LIVE = frozenset({SIGNING, PENDING, ACTIVE, CANCELLING})
"""An agreement in one of these keeps any other away from its person and account."""

FINAL = frozenset({FAILED, ENDED})
"""Nothing happens any more."""


class Question(enum.StrEnum):
    """What the tax core is asked."""

    SIGN = "sign"
    VERIFY = "verify"
    CANCEL = "cancel"
    LOOK_UP = "look_up"


_NEXT = {
    SIGNING: Question.SIGN, PENDING: Question.VERIFY, CANCELLING: Question.CANCEL, ACTIVE: Question.LOOK_UP,
}  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """An agreement as stored.

    `agreement_id` is also the tax core's sfxydjuuid: sent again, it is the same agreement. `account_number` and
    `holder` are there only until the core has them. `in_doubt`: something was sent, or may have been, whose answer we
    do not have. `attempts` counts questions since the last answer that changed something; `next_action_at` is None
    where nothing is expected. Until `held_until` somebody is asking the core. `words` are the core's or the bank's.
    `forgotten`: its person was erased.
    """

    agreement_id: str
    person_id: str
    idempotency_key: str
    registration_number: str
    bank_code: str
    bank_name: str
    clearing_number: str
    account_tail: str
    account_number: str | None
    holder: str | None
    agency_name: str
    authority_code: str
    consent_version: str
    state: AgreementState
    created_at: dt.datetime
    next_action_at: dt.datetime | None
    in_doubt: bool = False
    attempts: int = 0
    looked_at: dt.datetime | None = None
    held_until: dt.datetime | None = None
    active_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    words: str = ""
    forgotten: bool = False


@dataclass(frozen=True)
class Report:
    """What the tax core said of an agreement, in answer to which question; `words` are its own or the bank's."""

    trigger: Trigger
    question: Question
    words: str = ""


def next_question(agreement: Agreement) -> Question | None:
    """What to ask now. In doubt, the core is asked what it knows before anything is sent again."""
    if agreement.state in FINAL:
        return None
    return Question.LOOK_UP if agreement.in_doubt else _NEXT[agreement.state]


_GIVEN_UP_AFTER = dt.timedelta(days=1)


def apply(agreement: Agreement, report: Report, now: dt.datetime) -> Agreement:
    """The agreement after a report. Pure: the caller holds the row's lock.

    An agreement the core does not know is gone once its time is over; until then it is only not there yet, and what
    was sent is sent again. Once the core has it, we forget account number and holder.
    """
    trigger = report.trigger
    if trigger is Trigger.ABSENT and now >= agreement.created_at + _GIVEN_UP_AFTER:
        trigger = Trigger.GONE
    to = EDGES.get((agreement.state, trigger), agreement.state)
    moved = to is not agreement.state
    unclear = trigger is Trigger.UNANSWERED or (trigger is Trigger.ABSENT and agreement.state is not SIGNING)
    attempts = 0 if moved else agreement.attempts + 1
    secret = to is SIGNING
    after = replace(
        agreement, state=to, in_doubt=unclear and agreement.in_doubt, attempts=attempts, held_until=None,
        looked_at=now, next_action_at=None if to.settled else next_look(attempts, now),
        account_number=agreement.account_number if secret else None, holder=agreement.holder if secret else None,
        active_at=now if moved and to is ACTIVE and agreement.active_at is None else agreement.active_at,
        ended_at=now if moved and to in FINAL else agreement.ended_at,
        words=report.words or ("" if moved else agreement.words),
    )  # fmt: skip
    return forget(after) if after.forgotten else after


def forget(agreement: Agreement) -> Agreement:
    """The agreement of a person who was erased: states and dates, and nothing of person or account. One that still
    stands, which the bank debits by, keeps what the tax core is asked by until it has ended (security.md 15)."""
    if agreement.state not in FINAL:
        return replace(agreement, forgotten=True)
    return replace(
        agreement, forgotten=True, registration_number="", account_tail="", account_number=None, holder=None, words=""
    )  # fmt: skip


def wish_away(agreement: Agreement, now: dt.datetime) -> Agreement:
    """The agreement as its person wants it: cancelled, and the same where that is under way or done. Raises
    AgreementNotActive."""
    if agreement.state in (CANCELLING, ENDED):
        return agreement
    to = EDGES.get((agreement.state, Trigger.WISHED_AWAY))
    if to is None:
        raise AgreementNotActive()
    return replace(
        agreement, state=to, in_doubt=False, attempts=0, looked_at=None, next_action_at=now, words=""
    )


def may_ask(agreement: Agreement, now: dt.datetime) -> bool:
    """Whether the core may be asked about an agreement now: nobody is at it, and nobody just was."""
    if agreement.state in FINAL or (agreement.held_until is not None and now < agreement.held_until):
        return False
    rest = ACTIVE_REST if agreement.state is ACTIVE else REST
    return agreement.looked_at is None or now >= agreement.looked_at + rest


def hold(agreement: Agreement, now: dt.datetime) -> Agreement:
    """The agreement while the core is asked about it: nobody else asks, and after a crash it is due again."""
    due = None if agreement.next_action_at is None else now + LEASE
    return replace(agreement, held_until=now + LEASE, looked_at=now, next_action_at=due)


def goes_on(before: Agreement, report: Report, after: Agreement) -> bool:
    """Whether there is something else to ask at once: the report led on, or took a doubt away."""
    cleared = report.question is Question.LOOK_UP and before.in_doubt and not after.in_doubt
    return (cleared or after.state is not before.state) and not after.state.settled


_FIRST_LOOKS = (5, 10, 20, 40, 60, 120, 300)
_LONG_LOOK = dt.timedelta(minutes=10)
_LONGEST_LOOK = dt.timedelta(hours=6)

LEASE = dt.timedelta(seconds=30)
"""How long an agreement is kept from others while the core is asked, more than any piece of work may take; after a
crash it is due again then."""

REST = dt.timedelta(seconds=2)
"""However often a page is reloaded, the core is not asked more often than this about what is under way."""

ACTIVE_REST = dt.timedelta(minutes=10)
"""The same about an agreement in force, which may have ended elsewhere."""


def next_look(attempts: int, now: dt.datetime) -> dt.datetime:
    """When to ask again about what is under way: soon at first, then ever more slowly, but never not at all."""
    if attempts < len(_FIRST_LOOKS):
        return now + dt.timedelta(seconds=_FIRST_LOOKS[attempts])
    doubled: dt.timedelta = _LONG_LOOK * 2 ** min(attempts - len(_FIRST_LOOKS), 8)
    return now + min(doubled, _LONGEST_LOOK)


@dataclass(frozen=True)
class Draft:
    """A checked account and the authorities to choose from, sealed between the check page and the signature."""

    person_id: str
    person: Person
    registration_number: str
    bank_code: str
    account_number: str
    authorities: tuple[Authority, ...]
    expires_at: dt.datetime


def account_shown(tail: str) -> str:
    """An account number as everybody may see it: 尾号 and nothing else."""
    return f"**** {tail}"


def authority_of(entry: EnrolmentEntry) -> Authority:
    """主管税务机关 of an enrolment entry: the one 缴费登记 names, else the one of its 行政区划, whose code is
    1 + 区划 + 0000 (protocols.md §2 [A])."""
    code = entry.authority_code or f"1{entry.division_code[:6]}0000"
    return Authority(code, entry.agency_name, entry.division_code)


def authorities_of(entries: Iterable[EnrolmentEntry]) -> tuple[Authority, ...]:
    """Every authority a person is enrolled at, once, in the order of the enrolment."""
    found: dict[str, Authority] = {}
    for authority in map(authority_of, entries):
        found.setdefault(authority.code, authority)
    return tuple(found.values())


def choose_authority(authorities: Iterable[Authority], code: str) -> Authority:
    """The authority a person chose; where there is one, an empty code is that one. Raises AuthorityUnknown."""
    offered = tuple(authorities)
    if not code and len(offered) == 1:
        return offered[0]
    for authority in offered:
        if authority.code == code:
            return authority
    raise AuthorityUnknown(field="authority_code")
