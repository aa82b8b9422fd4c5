"""A row of money, rights or tiers that somebody changed with SQL is found, and put back as the journal has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from contract.audit import Act, Action, resident
from contract.contribution import Tier
from contract.household import Kinship
from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from contract.rights import ConsentKind, Deletion
from contract.schools import School
from contract.staff import Role
from deploy.local.postgresql import PostgreSQL
from deploy.local.seal_root import new_root
from kit.audit import JOURNAL, Journal
from kit.audit.__main__ import main
from kit.clock import SystemClock
from kit.database import Database
from services.certificate.storage.schools import SchoolStorage
from services.console.storage.accounts import Accounts
from services.console.storage.sessions import Refusals, Sessions
from services.console.usecases.accounts import make_account
from services.console.usecases.wiring import Wiring as ConsoleWiring
from services.contribution.domain.tables import SheetTable
from services.contribution.storage.tiers import TierTable
from services.identity.domain.household import HouseholdMember, Profile
from services.identity.storage.consents import Consents
from services.identity.storage.household import MemberStorage
from services.identity.storage.logins import LoginStorage
from services.identity.storage.relations import RelationStorage
from services.identity.storage.rights import AccountStorage
from services.identity.usecases import rights
from services.payment.domain.orders import Report, Trigger
from services.payment.usecases import ordering
from tests.fakes.console_storage import QuickHasher
from tests.fakes.payment_orders import a_quote, asking, settings
from tests.integration.databases import empty, upgrade
from tests.integration.identity import keeping
from tests.integration.payment.databases import wiring
from tests.integration.payment.running import environment_of

NOW = dt.datetime(2026, 11, 23, 2, 5, tzinfo=dt.UTC)
OPERATOR = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")

Fill = Callable[[Database], None]


def _money(database: Database) -> None:
    w = wiring(database, settings(), SystemClock())
    placed = ordering.place_order(asking(a_quote(expires_at=SystemClock().now() + dt.timedelta(hours=1))), w)
    report = Report(Trigger.SUCCEEDED, "notify", "txn-1", NOW, 40000)
    with database.transaction() as tx:
        order = w.orders.lock(tx, placed.order_id)
        ordering.apply(tx, order, replace(report, amount=order.amount), w)


def _in(fill: Callable[[Connection], object]) -> Fill:
    def run(database: Database) -> None:
        with database.transaction() as tx:
            fill(tx)

    return run


def _tiers(tx: Connection) -> None:
    table = SheetTable(
        PayerKind.RESIDENT, InsuranceType.MEDICAL, 2026, None, (Tier("standard", "标准", 40000),)
    )
    TierTable().add(tx, "450100", table, 1, "南宁市税务局", None, NOW)


def _consents(tx: Connection) -> None:
    Consents().give(tx, "person-1", ConsentKind.HOUSEHOLD, "1", NOW, "member-1", "韦**")
    Consents().withdraw(tx, "person-1", "member-1", NOW)


def _bindings(tx: Connection) -> None:
    """A person who left one of two WeChat users."""
    logins, now = LoginStorage(), NOW
    payer, _ = logins.enter(tx, "person-1", OPERATOR, "13900770002", now)
    rows = [logins.bind(tx, openid, payer.person_id, now) for openid in ("openid-1", "openid-2")]
    JOURNAL.add(tx, Act(resident("person-1"), Action.LOGIN), now, rows)
    JOURNAL.add(tx, Act(resident("person-1"), Action.LOGOUT), now, logins.end(tx, "openid-2", "person-1"))


def _relations(tx: Connection) -> None:
    """Two are paid for; one of them is taken off the list."""
    relations = RelationStorage()
    for number in (OPERATOR.document_number, "450202198503243121"):
        profile = Profile(replace(OPERATOR, document_number=number), "", None)
        named = relations.name(tx, "person-1", profile, NOW)
        relations.mark_paid(tx, named.relation_id, NOW, NOW)
    relations.remove(tx, "person-1", named.relation_id, NOW)


def _members(tx: Connection) -> None:
    members = MemberStorage()
    for member_id, number in (("member-1", OPERATOR.document_number), ("member-2", "450202198503243121")):
        profile = Profile(replace(OPERATOR, document_number=number), "", None)
        members.add(tx, "person-1", HouseholdMember(member_id, profile, Kinship.CHILD, NOW))
    members.remove(tx, "person-1", "member-2", NOW)


def _schools(tx: Connection) -> None:
    SchoolStorage().authorise(tx, School("school-1", "南宁市第一中学"), OPERATOR, "gx0007", NOW)
    SchoolStorage().end(tx, "school-1", "gx0007", NOW)


def _accounts(database: Database) -> None:
    wiring = ConsoleWiring(
        database, Accounts(), Sessions(), Refusals(), QuickHasher(), Journal(), SystemClock(), 2, 1000
    )  # fmt: skip
    make_account("cli:root", "huang", "黄敏", Role.AUTHORITY, "450100", wiring)


CASES: list[tuple[str, Fill, str, str, bool]] = [
    ("payment", _money, "UPDATE orders SET amount = 1", "SELECT amount FROM orders", True),
    ("payment", _money, "UPDATE orders SET state = 'closed'", "SELECT state FROM orders", True),
    ("payment", _money, "UPDATE order_lines SET amount = 1", "SELECT amount FROM order_lines", True),
    ("payment", _money, "UPDATE order_lines SET insured_number = '\\x01'", "SELECT year FROM order_lines", True),
    ("contribution", _in(_tiers), "UPDATE tiers SET amount = 1", "SELECT amount FROM tiers", True),
    ("contribution", _in(_tiers), "DELETE FROM tiers", "SELECT amount, label FROM tiers", True),
    ("contribution", _in(_tiers), "UPDATE tier_tables SET from_year = 2020", "SELECT from_year FROM tier_tables", True),
    ("identity", _in(_consents), "UPDATE consents SET withdrawn_at = NULL", "SELECT withdrawn_at FROM consents", True),
    ("identity", _in(_consents), "DELETE FROM consents", "SELECT withdrawn_at, kind FROM consents", True),
    ("identity", _in(_bindings), "UPDATE bindings SET ended = false", "SELECT ended FROM bindings ORDER BY 1", True),
    ("identity", _in(_bindings), "DELETE FROM bindings WHERE ended", "SELECT openid, ended FROM bindings ORDER BY 1",
     True),
    ("identity", _in(_relations), "UPDATE relations SET payer_id = 'thief'", "SELECT payer_id FROM relations", True),
    ("identity", _in(_relations), "UPDATE relations SET document = '\\x00'", "SELECT document FROM relations", True),
    ("identity", _in(_relations), "UPDATE relations SET document_number = '\\x01'",
     "SELECT document_number FROM relations", False),
    ("identity", _in(_members), "UPDATE members SET owner_id = 'thief'", "SELECT owner_id FROM members", True),
    ("identity", _in(_members), "DELETE FROM members", "SELECT count(*) FROM members", False),
    ("certificate", _in(_schools), "UPDATE schools SET ended_at = NULL", "SELECT ended_at FROM schools", True),
    ("certificate", _in(_schools), "UPDATE schools SET operator_index = '\\x00'",
     "SELECT operator_index FROM schools", True),
    ("console", _accounts, "UPDATE accounts SET role = 'administrator'", "SELECT role FROM accounts", True),
    ("console", _accounts, "DELETE FROM accounts", "SELECT account, must_change FROM accounts", True),
    ("payment", _money, "SET session_replication_role = replica; DELETE FROM orders", "SELECT count(*) FROM orders",
     False),
]  # fmt: skip


@pytest.fixture
def prepared(postgres: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Database]]:
    made: list[Database] = []

    def prepare(service: str) -> Database:
        database = Database(postgres.url(service))
        made.append(database)
        upgrade(service, database)
        module = __import__(f"services.{service}.models", fromlist=["metadata"])
        empty(database, module.metadata)
        return database

    yield prepare
    for database in made:
        database.engine.dispose()


@pytest.mark.parametrize(
    ("service", "fill", "change", "look", "restored"), CASES, ids=[f"{case[0]}: {case[2]}" for case in CASES]
)
def test_a_change_with_sql_is_found_and_put_back(
    prepared: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch, postgres: PostgreSQL, service: str,
    fill: Fill, change: str, look: str, restored: bool,
) -> None:  # fmt: skip
    database = prepared(service)
    _environment(service, postgres, monkeypatch)
    fill(database)
    with database.transaction() as tx:
        JOURNAL.chain(tx, 100, NOW)
    said: list[str] = []
    assert main(["verify", service], said.append) == 0, said
    with database.read() as connection:
        before = connection.execute(text(look)).all()
    postgres.run(change, service)
    assert main(["verify", service], said.append) == 1
    assert main(["restore", service, "--dry-run"], said.append) == 0, said
    assert main(["restore", service], said.append) == (0 if restored else 1)
    assert main(["verify", service], said.append) == (0 if restored else 1), said
    with database.read() as connection:
        assert (connection.execute(text(look)).all() == before) is restored
        told = JOURNAL.latest(connection, action=Action.ROW_RESTORED)
    assert bool(told) is restored
    assert all("450103197806122040" not in line for line in said)


def test_a_right_that_was_taken_away_and_put_back_with_its_old_seal_is_found_and_goes(
    prepared: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch, postgres: PostgreSQL
) -> None:
    database = prepared("identity")
    _environment("identity", postgres, monkeypatch)
    _in(_relations)(database)
    postgres.run("CREATE TABLE stolen AS SELECT * FROM relations", "identity")
    with database.transaction() as tx:
        (relation_id,) = tx.execute(text("SELECT relation_id FROM relations")).scalars()
        RelationStorage().remove(tx, "person-1", relation_id, NOW)
        JOURNAL.chain(tx, 100, NOW)
    said: list[str] = []
    assert main(["verify", "identity"], said.append) == 0, said
    postgres.run("INSERT INTO relations SELECT * FROM stolen; DROP TABLE stolen", "identity")
    assert main(["verify", "identity"], said.append) == 1
    assert any("已删除的业务记录又出现" in line for line in said)
    assert main(["restore", "identity"], said.append) == 0
    assert main(["verify", "identity"], said.append) == 0, said
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM relations")).scalar() == 0


def test_of_who_was_erased_no_row_is_missed(
    prepared: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch, postgres: PostgreSQL
) -> None:
    database = prepared("identity")
    _environment("identity", postgres, monkeypatch)
    for fill in (_bindings, _relations, _members):
        _in(fill)(database)
    with database.transaction() as tx:
        AccountStorage().request_deletion(tx, "person-1", Deletion(NOW, NOW))
    assert rights.carry_out_deletions(keeping.wiring(database)) == 1
    with database.transaction() as tx:
        JOURNAL.chain(tx, 100, NOW)
        for table in ("bindings", "relations", "members"):
            assert tx.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
    said: list[str] = []
    assert main(["verify", "identity"], said.append) == 0, said


def test_an_order_changed_before_it_moves_is_put_back_first(
    prepared: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch, postgres: PostgreSQL
) -> None:
    database = prepared("payment")
    _environment("payment", postgres, monkeypatch)
    w = wiring(database, settings(), SystemClock())
    placed = ordering.place_order(asking(a_quote(expires_at=SystemClock().now() + dt.timedelta(hours=1))), w)
    postgres.run("UPDATE orders SET amount = 1, payer_id = 'thief'", "payment")
    with database.transaction() as tx:
        order = w.orders.lock(tx, placed.order_id)
        assert (order.amount, order.payer_id, order.whole) == (40000, "payer-1", True)
        ordering.apply(tx, order, Report(Trigger.SUCCEEDED, "notify", "txn-1", NOW, 40000), w)
        JOURNAL.chain(tx, 100, NOW)
    said: list[str] = []
    assert main(["verify", "payment"], said.append) == 0, said
    with database.read() as connection:
        assert connection.execute(text("SELECT state, amount FROM orders")).all() == [("paid", 40000)]
        assert len(JOURNAL.latest(connection, action=Action.ROW_RESTORED)) == 1


def _environment(service: str, postgres: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command reads: payment's settings whole, of the others what they cannot start without."""
    given = environment_of(settings(database_url=postgres.url("payment")))
    given |= {
        f"{service.upper()}_DATABASE_URL": postgres.url(service), f"{service.upper()}_HTTP_ADDRESS": "127.0.0.1:0",
        "TAXBANK_URL": "http://127.0.0.1:9", "TAXBANK_APP_ID": "a", "TAXBANK_APP_KEY": "b",
        "TAXCORE_URL": "http://127.0.0.1:9", "REALNAME_URL": "http://127.0.0.1:9", "REALNAME_APP_ID": "a",
        "REALNAME_APP_KEY": "b", "CERTIFICATE_CHECK_URL": "http://127.0.0.1:9/check",
        "SEAL_ROOTS": new_root().partition(".")[0],
        "CONSOLE_URL": "http://127.0.0.1:9", "SEAL_PLATFORM_URL": "http://127.0.0.1:9", "SEAL_APP_ID": "a",
        "SEAL_APP_KEY": "b",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
