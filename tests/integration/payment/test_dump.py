"""What somebody who steals a dump of payment's database learns about people: nothing."""

from __future__ import annotations

import subprocess

import pytest

from contract.places import Division, Place
from deploy.local.postgresql import PostgreSQL
from kit.clock import SetClock
from kit.database import Database
from services.payment.usecases import notifies, ordering
from tests.fakes.payment_orders import INSURED, NOW, PAYER, a_quote, an_order, asking, paid_fields, settings
from tests.fakes.payment_service import signed
from tests.integration.payment.databases import wiring

PHONE = "13700137000"
BUYER = "oPersonalOpenidOfTheBuyer001"
HOME = Place(Division("450100", "南宁市"), village=Division(name="那洪屯"))
PERSONAL = [INSURED.document_number, INSURED.name, PAYER.name, PAYER.phone, PHONE, BUYER, HOME.village.name]


@pytest.fixture
def dump(database: Database, postgres: PostgreSQL) -> str:
    """A dump after an order was placed, paid, paid again, and a notify was kept."""
    payment = wiring(database, settings(), SetClock(NOW))
    placed = ordering.place_order(asking(a_quote(), insured_phone=PHONE, place=HOME), payment)
    with database.read() as connection:
        number = payment.orders.find(connection, placed.order_id, PAYER.person_id).mer_order_id
    described = {"buyerId": BUYER, "orderDesc": INSURED.name, "attachedData": INSURED.document_number}
    for transaction in ("transaction-1", "transaction-2"):
        fields = paid_fields(number, targetOrderId=transaction) | described
        notifies.receive_notify(signed(fields), payment)
    notifies.receive_notify(signed(paid_fields(an_order().mer_order_id) | described), payment)
    notifies.process_kept_notifies(payment, 1)
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = ["/usr/lib/postgresql/15/bin/pg_dump", "--inserts", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.lower()


def test_a_dump_holds_every_row_and_nobody_in_plain_text(dump: str) -> None:
    for table, rows in {
        "orders": 1,
        "order_lines": 1,
        "order_history": 2,
        "notifies": 3,
        "refund_cases": 1,
        "outbox": 2,
    }.items():
        assert dump.count(f"insert into public.{table} values") == rows
    assert a_quote().agency_name in dump, "what is not personal can be read"
    for personal in PERSONAL:
        assert personal.lower() not in dump
        assert personal.encode().hex() not in dump, "nor as bytes"
