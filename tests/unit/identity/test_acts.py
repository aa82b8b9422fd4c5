"""What identity journals: logins, refused ones, and whoever asks for what is another's."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from contract.audit import Action
from contract.household import InsuredNotFound, MemberNotFound, MemberOfOwner, PickInsured
from contract.identity import EndLogin, WrongCode
from contract.rights import PersonNamed
from kit.clock import SetClock
from services.identity.usecases import household, recall, relations, rights
from services.identity.usecases.login import visitor
from tests.factories.identity_logins import ASKED, Desk
from tests.factories.identity_people import NOW, OWNER, STRANGER, adding, known_person, somebody
from tests.fakes.audit import FakeJournal
from tests.fakes.identity_rows import FakeRows, wired
from tests.fakes.identity_storage import FakeIdentityStorage


def test_a_login_and_its_end_are_journalled_with_their_address() -> None:
    desk = Desk(FakeIdentityStorage())
    sent = desk.ask()
    payer = desk.type(sent, desk.code_for(sent))
    recall.end_login(EndLogin(ASKED.openid, payer.person_id), desk.wiring)
    login, logout = desk.journal.acts
    assert (login.action, login.origin, login.result) == (Action.LOGIN, ASKED.client_ip, "ok")
    assert (logout.action, logout.actor) == (Action.LOGOUT, login.actor)
    told = json.dumps([asdict(act) for act in desk.journal.acts], ensure_ascii=False)
    for secret in (ASKED.openid, ASKED.name, ASKED.document_number, ASKED.phone):
        assert secret not in told


def test_a_wrong_code_is_journalled_for_who_typed_it() -> None:
    desk = Desk(FakeIdentityStorage())
    sent = desk.ask()
    with pytest.raises(WrongCode):
        desk.type(sent, "000000" if desk.code_for(sent) != "000000" else "000001")
    (refused,) = desk.journal.of(Action.LOGIN_REFUSED)
    assert (refused.actor, refused.result, refused.origin) == (
        visitor(ASKED.openid),
        WrongCode.code,
        ASKED.client_ip,
    )


def test_who_asks_for_anothers_household_is_journalled() -> None:
    rows = FakeRows(persons={OWNER: known_person(1), STRANGER: known_person(2)})
    w = wired(rows, SetClock(NOW))
    member = household.add_member(adding(somebody()), w)
    for ask in (household.get_member, household.remove_member):
        with pytest.raises(MemberNotFound):
            ask(MemberOfOwner(STRANGER, member.member_id), w)
    with pytest.raises(InsuredNotFound):
        relations.pick_insured(PickInsured(STRANGER, member.member_id), w)
    journal = w.journal
    assert isinstance(journal, FakeJournal)
    acts = journal.of(Action.FOREIGN_ASKED)
    assert {act.actor for act in acts} == {f"resident:{STRANGER}"}
    assert [act.target.partition(":")[0] for act in acts] == ["member", "member", "insured"]


def test_an_export_is_journalled() -> None:
    rows = FakeRows(persons={OWNER: known_person(1)})
    w = wired(rows, SetClock(NOW))
    rights.export_person(PersonNamed(OWNER), w)
    assert isinstance(w.journal, FakeJournal)
    assert [act.target for act in w.journal.of(Action.PERSON_EXPORTED)] == [f"person:{OWNER}"]
