"""社保费查询 and 我的申报: whom a question is about, and what is said when there is no answer (3.2.1.8, 3.2.1.10)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager

from contract import declarations, records, schema
from contract.declarations import DeclarationOfPerson, Declarations, ListDeclarations, Voiding
from contract.errors import DeadlineExceeded, Unavailable
from contract.household import CheckPerson, InsuredNotFound, TypedPerson, check_person
from contract.people import Person
from contract.records import AskedAs, Contributions, ListContributions
from contract.upstream import UpstreamBusy, UpstreamUnavailable
from kit.crypto import Unreadable, personal_data_keys
from services.gateway.domain.searches import Subject
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.errors import StalePage
from services.gateway.usecases import insured
from services.gateway.usecases.ports import Ports

_TYPED = "typed."
_TYPED_LIFE = dt.timedelta(days=1)


def find_subject(payer: LoggedInPayer, of: str, ports: Ports) -> Subject:
    """Whom an address names. Raises InsuredNotFound for what is not in this payer's list, StalePage for a sealed name
    that is too old or another payer's."""
    if of.startswith(_TYPED):
        return Subject(of, _opened(payer, of.removeprefix(_TYPED), ports), AskedAs.TYPED)
    return pick_subject(payer, of, ports)


def pick_subject(payer: LoggedInPayer, pick_id: str, ports: Ports) -> Subject:
    """The payer, where nobody is picked, or somebody of their list. Raises InsuredNotFound."""
    if not pick_id:
        return Subject("", payer.person, AskedAs.OWN)
    for pick in insured.list_picks(payer.person_id, ports):
        if pick.pick_id == pick_id:
            return Subject(pick_id, pick.person, AskedAs.PICKED)
    raise InsuredNotFound


def name_subject(payer: LoggedInPayer, typed: TypedPerson, ports: Ports) -> Subject:
    """Whom name and number name: the payer, somebody of their list, or a stranger. Raises what check_person raises."""
    person = ports.peers.call(check_person, CheckPerson(typed)).person
    if person == payer.person:
        return Subject("", person, AskedAs.OWN)
    try:
        picks = insured.list_picks(payer.person_id, ports)
    except Unavailable:
        picks = ()  # they are asked about like a stranger
    for pick in picks:
        if pick.person == person:
            return Subject(pick.pick_id, person, AskedAs.PICKED)
    return Subject(_TYPED + _sealed(payer, person, ports), person, AskedAs.TYPED)


def list_contributions(
    payer: LoggedInPayer, subject: Subject, period_from: str, period_to: str, ports: Ports
) -> Contributions:
    """缴费记录. Raises what contribution.list_contributions raises, in words for somebody who may have paid."""
    asked = ListContributions(payer.person_id, subject.person, subject.asked_as, period_from, period_to)
    with _in_words("现在查不到缴费记录，请稍后再查。如果您已经缴费，请勿重复缴费。"):
        return ports.peers.call(records.list_contributions, asked)


def list_declarations(payer: LoggedInPayer, subject: Subject, ports: Ports) -> Declarations:
    """申报记录. Raises what contribution.list_declarations raises."""
    asked = ListDeclarations(payer.person_id, subject.person, subject.asked_as)
    with _in_words("现在查不到申报记录，请稍后再查。申报没有改变。"):
        return ports.peers.call(declarations.list_declarations, asked)


def void_declaration(payer: LoggedInPayer, subject: Subject, record_id: str, ports: Ports) -> Voiding:
    """申报作废. Raises what contribution.void_declaration raises; after DeadlineExceeded nobody knows."""
    with _in_words("社保系统暂时没有响应，没有作废，申报没有改变，请稍后再试。"):
        return ports.peers.call(declarations.void_declaration, _named(payer, subject, record_id))


def check_voiding(payer: LoggedInPayer, subject: Subject, record_id: str, ports: Ports) -> Voiding:
    """What became of a void. Raises DeclarationNotFound where none was sent."""
    with _in_words("现在查不到作废的结果，请稍后再查，不用重复提交。"):
        return ports.peers.call(declarations.check_voiding, _named(payer, subject, record_id))


def _named(payer: LoggedInPayer, subject: Subject, record_id: str) -> DeclarationOfPerson:
    return DeclarationOfPerson(payer.person_id, subject.person, subject.asked_as, record_id)


@contextmanager
def _in_words(text: str) -> Iterator[None]:
    """The general texts speak to somebody on the way to pay, who has paid nothing yet; here nobody is."""
    try:
        yield
    except UpstreamBusy as busy:
        ahead, after = busy.detail.get("ahead", 0), busy.detail.get("retry_after", 5)
        place = f"您前面还有{ahead}人，" if ahead else ""
        raise UpstreamBusy(f"现在查询的人较多，{place}请{after}秒后再试。", **busy.detail) from busy
    except UpstreamUnavailable as error:
        said = error.message if error.message != UpstreamUnavailable.text else text
        raise UpstreamUnavailable(said) from error
    except DeadlineExceeded as error:
        raise DeadlineExceeded(text) from error


def _sealed(payer: LoggedInPayer, person: Person, ports: Ports) -> str:
    """Opens only for the same payer."""
    typed = {"person": schema.dump(person), "at": ports.clock.now().isoformat()}
    return personal_data_keys().seal_text(json.dumps(typed, ensure_ascii=False), _context(payer))


def _opened(payer: LoggedInPayer, token: str, ports: Ports) -> Person:
    try:
        typed = json.loads(personal_data_keys().open_text(token, _context(payer)))
    except Unreadable:
        raise StalePage from None
    if ports.clock.now() - dt.datetime.fromisoformat(typed["at"]) > _TYPED_LIFE:
        raise StalePage
    return schema.load(Person, typed["person"])


def _context(payer: LoggedInPayer) -> str:
    return f"typed person of {payer.person_id}"
