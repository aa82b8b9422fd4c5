"""What a person may see, take along and have deleted (security.md 15)."""

from __future__ import annotations

import datetime as dt

import pytest

from contract import schema
from contract.household import Kinship, PickInsured
from contract.identity import ConsentMissing, PersonNotFound
from contract.rights import CONSENT_VERSIONS, ConsentKind, Deletion, GiveConsent, PersonErased, PersonNamed
from kit.clock import SetClock
from services.identity.usecases import household, relations, rights
from services.identity.usecases.wiring import Wiring
from tests.factories.identity_people import (
    NANNING,
    NOW,
    OWNER,
    STRANGER,
    adding,
    known_person,
    naming,
    number,
    somebody,
)
from tests.fakes.identity_rows import FakeRelations, FakeRows, wired

ME = PersonNamed(OWNER)
DUE = NOW + dt.timedelta(days=15)


@pytest.fixture
def rows() -> FakeRows:
    return FakeRows(
        persons={OWNER: known_person(1), STRANGER: known_person(2)},
        bindings=[("openid-1", OWNER), ("openid-2", OWNER), ("openid-2", STRANGER)],
    )


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def w(rows: FakeRows, clock: SetClock) -> Wiring:
    return wired(rows, clock)


def live(w: Wiring, owner_id: str = OWNER) -> str:
    """A household with a child that was paid for, and somebody named; returns the child's relation."""
    child = somebody(1, born="20190520", phone="13900139000", place=NANNING)
    member = household.add_member(adding(child, Kinship.CHILD, owner_id), w)
    paid = relations.pick_insured(PickInsured(owner_id, member.member_id), w)
    relations.name_insured(naming(somebody(2, name="黄小明"), owner_id), w)
    w.relations.mark_paid(None, paid.relation_id, NOW, NOW)
    return paid.relation_id


def test_an_account_is_shown_masked(w: Wiring) -> None:
    account = rights.get_account(ME, w)
    assert (account.name, account.document_number, account.phone) == (
        "韦**", f"4501**********{number('19780612', 1)[-4:]}", "138****0001",
    )  # fmt: skip
    assert (account.created_at, account.last_login_at, account.deletion) == (NOW, NOW, None)


def test_consents_are_listed_with_what_became_of_them(w: Wiring, clock: SetClock) -> None:
    member = household.add_member(adding(somebody(born="20190520")), w)
    clock.advance(days=1)
    household.remove_member(household.MemberOfOwner(OWNER, member.member_id), w)
    household.add_member(adding(somebody(2)), w)
    listed = rights.list_consents(ME, w).consents
    assert [(given.kind, given.withdrawn_at) for given in listed] == [
        (ConsentKind.HOUSEHOLD, None), (ConsentKind.HOUSEHOLD, clock.now()), (ConsentKind.GUARDIAN, clock.now()),
    ]  # fmt: skip
    assert rights.list_consents(PersonNamed(STRANGER), w).consents == ()


def test_an_export_holds_everything_and_nothing_whole(w: Wiring) -> None:
    live(w)
    export = rights.export_person(ME, w)
    assert [(p.name, p.kinship, p.paid_at, p.place) for p in export.household] == [
        ("谭**", Kinship.CHILD, NOW, "南宁市青秀区")
    ]
    assert [(p.name, p.kinship, p.paid_at, p.phone) for p in export.paid_for] == [
        ("谭**", None, NOW, "139****9000"), ("黄**", None, None, ""),
    ]  # fmt: skip
    assert len(export.consents) == 2 and export.wechat_users == 2
    text = str(schema.dump(export))
    for whole in (
        "谭子涵",
        "黄小明",
        "韦秀兰",
        number("20190520", 1),
        number(serial=2),
        "13900139000",
        "13800130001",
    ):
        assert whole not in text


def test_an_export_holds_nothing_of_anybody_else(w: Wiring) -> None:
    live(w)
    export = rights.export_person(PersonNamed(STRANGER), w)
    assert (export.household, export.paid_for, export.consents, export.wechat_users) == ((), (), (), 1)


def test_a_wish_to_be_forgotten_counts_from_when_it_was_first_made(w: Wiring, clock: SetClock) -> None:
    wish = Deletion(NOW, DUE)
    assert rights.request_deletion(ME, w) == wish
    clock.advance(days=3)
    assert rights.request_deletion(ME, w) == wish
    assert rights.get_account(ME, w).deletion == wish


def test_a_wish_may_be_taken_back_until_it_is_carried_out(w: Wiring, clock: SetClock, rows: FakeRows) -> None:
    rights.cancel_deletion(ME, w)
    rights.request_deletion(ME, w)
    clock.advance(days=14)
    assert rights.cancel_deletion(ME, w).person_id == OWNER
    clock.advance(days=14)
    assert rights.carry_out_deletions(w) == 0
    assert rights.get_account(ME, w).deletion is None
    assert rights.request_deletion(ME, w).requested_at == clock.now(), "a new wish has its own time"


def test_what_is_due_is_forgotten_and_told(w: Wiring, clock: SetClock, rows: FakeRows) -> None:
    relation_id = live(w)
    live(w, STRANGER)
    rights.request_deletion(ME, w)
    clock.advance(days=14, hours=23, minutes=59)
    assert rights.carry_out_deletions(w) == 0
    clock.advance(minutes=1)
    assert rights.carry_out_deletions(w) == 1
    assert rows.events == [(PersonErased(OWNER), OWNER)]
    assert set(rows.persons) == {STRANGER} and rows.bindings == [("openid-2", STRANGER)]
    assert {owner for owner, _ in rows.members.values()} == {STRANGER}
    assert {payer for payer, _, _ in rows.relations.values()} == {STRANGER}
    kept = rights.list_consents(ME, w).consents
    assert {given.kind for given in kept} == {ConsentKind.HOUSEHOLD, ConsentKind.GUARDIAN}
    for given in kept:
        assert (given.about, given.given_at, given.withdrawn_at) == ("", NOW, DUE)
    FakeRelations(rows).mark_paid(None, relation_id, DUE, DUE)
    assert relation_id not in rows.relations
    assert rights.carry_out_deletions(w) == 0 and len(rows.events) == 1


def test_more_than_one_batch_is_carried_out(w: Wiring, clock: SetClock, rows: FakeRows) -> None:
    due = Deletion(NOW, DUE)
    rows.persons |= {f"person-{n}": known_person(n, due) for n in range(100, 100 + rights.ERASED_AT_ONCE + 3)}
    clock.advance(days=15)
    assert rights.carry_out_deletions(w) == rights.ERASED_AT_ONCE + 3
    assert set(rows.persons) == {OWNER, STRANGER}
    assert len(rows.events) == rights.ERASED_AT_ONCE + 3


@pytest.mark.parametrize(
    "act", [rights.get_account, rights.export_person, rights.request_deletion, rights.cancel_deletion]
)
def test_who_is_gone_is_not_found(act: object, w: Wiring) -> None:
    with pytest.raises(PersonNotFound):
        act(PersonNamed("nobody"), w)  # type: ignore[operator]


def bank_account(
    person_id: str = OWNER, version: str = CONSENT_VERSIONS[ConsentKind.BANK_ACCOUNT]
) -> GiveConsent:
    return GiveConsent(person_id, ConsentKind.BANK_ACCOUNT, version)


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        (ConsentKind.BANK_ACCOUNT, "《银行账户信息授权说明》"),
        (ConsentKind.CARD_PHOTO, "《身份证照片授权说明》"),
    ],
)
def test_a_consent_given_on_its_own_stands_once_and_is_listed_and_exported(
    w: Wiring, kind: ConsentKind, label: str
) -> None:
    for _ in range(2):
        noted = rights.give_consent(GiveConsent(OWNER, kind, CONSENT_VERSIONS[kind]), w)
    (given,) = rights.list_consents(ME, w).consents
    assert (given.kind, given.version) == (noted.kind, noted.version) == (kind, CONSENT_VERSIONS[kind])
    assert given.kind.label == label
    assert rights.export_person(ME, w).consents == (given,)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (bank_account(version="2020-01"), ConsentMissing),
        (bank_account(version=""), ConsentMissing),
        (GiveConsent(OWNER, ConsentKind.PRIVACY, CONSENT_VERSIONS[ConsentKind.PRIVACY]), ConsentMissing),
        (bank_account("nobody"), PersonNotFound),
    ],
)
def test_a_consent_that_cannot_be_given_leaves_nothing(
    w: Wiring, asked: GiveConsent, error: type[Exception]
) -> None:
    with pytest.raises(error):
        rights.give_consent(asked, w)
    assert rights.list_consents(ME, w).consents == ()
