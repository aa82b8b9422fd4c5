"""The bench of key rotation, in short: what it does is right, whatever it takes."""

from __future__ import annotations

from bench.growth import fill_orders
from bench.rotate import new_key, old_key, rotate_beside_journeys, under_old_key
from deploy.local.process import wait_until
from kit.database import Database

ORDERS = 1200


def test_all_rows_come_under_the_new_key_while_orders_are_placed(database: Database) -> None:
    with new_key() as environment:
        environment["PAYMENT_DATABASE_URL"] = database.engine.url.render_as_string(hide_password=False)
        with old_key():
            fill_orders(database, ORDERS)
        before = under_old_key(database)
        assert before >= 4 * ORDERS

        def somewhat() -> bool:
            return wait_until(lambda: under_old_key(database) < before, 120)

        measured = rotate_beside_journeys(database, environment, somewhat, 0)
    assert measured.left == 0
    assert measured.left_when_killed < before
    assert measured.beside, "journeys went on beside it"
