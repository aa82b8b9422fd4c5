"""identity as a process on RabbitMQ and PostgreSQL: what is paid for reaches the pick-list over the bus."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract import household, places, rights
from contract.household import ListInsured, MemberNotFound, MemberOfOwner
from contract.payment import PaymentSucceeded
from contract.places import GUANGXI, ListDivisions
from contract.rights import PersonNamed
from deploy.broker import MIGRATION
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base, wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.database import Database
from tests.factories.identity_people import NANNING, NOW, adding, naming, somebody
from tests.factories.payloads import event
from tests.integration.identity.keeping import logged_in
from tests.integration.notify.bus import call, publish


@pytest.fixture
def bus(tmp_path: Path, postgres: PostgreSQL, rabbitmq: RabbitMQ, database: Database) -> Iterator[RabbitMQ]:
    """The bus, with identity running on an empty database."""
    address = f"127.0.0.1:{free_base()}"
    environment = os.environ | {
        "AMQP_URI": rabbitmq.url("identity"), "IDENTITY_DATABASE_URL": postgres.url("identity"),
        "IDENTITY_HTTP_ADDRESS": address, "REALNAME_URL": "http://127.0.0.1:9", "REALNAME_APP_ID": "a" * 32,
        "REALNAME_APP_KEY": "b" * 32,
    }  # fmt: skip
    migrate = [sys.executable, "-m", "kit.migrate", "identity"]
    subprocess.run(migrate, env=environment | {"AMQP_URI": rabbitmq.url(MIGRATION)}, check=True, timeout=60)
    log = tmp_path / "identity.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "kit.runner", "identity"], env=environment, stdout=out, stderr=out
        )
    try:
        assert wait_until(lambda: _ready(address), 30), log.read_text()
        yield rabbitmq
    finally:
        process.terminate()
        process.wait(30)


def test_a_household_is_kept_paid_for_and_shown(bus: RabbitMQ, database: Database) -> None:
    gateway, owner, stranger = bus.url("gateway"), logged_in(database, 1), logged_in(database, 2)
    cities = call(gateway, places.list_divisions, ListDivisions(GUANGXI)).divisions
    assert len(cities) == 14 and NANNING.city in cities

    member = call(gateway, household.add_member, adding(somebody(1, born="20190520"), owner_id=owner))
    assert member.minor
    with pytest.raises(MemberNotFound):
        call(gateway, household.get_member, MemberOfOwner(stranger, member.member_id))

    named = call(gateway, household.name_insured, naming(somebody(2, place=NANNING), owner))
    paid = event(PaymentSucceeded, paid_at=NOW)
    contribution = replace(paid.contribution, relation_id=named.relation_id)
    elsewhere = replace(paid.contribution, relation_id="of-another-system")
    publish(
        bus.url("payment"),
        ("event-1", replace(paid, contribution=elsewhere)),
        ("event-2", replace(paid, contribution=contribution)),
        ("event-2", replace(paid, contribution=contribution)),
    )

    def picks() -> list[str]:
        return [pick.pick_id for pick in call(gateway, household.list_insured, ListInsured(owner)).picks]

    assert wait_until(lambda: picks() == [named.relation_id, member.member_id], 10), picks()
    export = call(gateway, rights.export_person, PersonNamed(owner))
    assert [of.paid_at for of in export.paid_for] == [NOW]
    assert len(export.household) == 1 and len(export.consents) == 2 and export.wechat_users == 1
    wish = call(gateway, rights.request_deletion, PersonNamed(owner))
    assert call(gateway, rights.get_account, PersonNamed(owner)).deletion == wish
    assert call(gateway, rights.cancel_deletion, PersonNamed(owner)).person_id == owner


def _ready(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"http://{address}/readyz", timeout=1).status == 200)
    except OSError:
        return False
