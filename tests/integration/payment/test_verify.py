"""`python -m services.payment.verify` finds every row that was changed behind the application's back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from contract.payment import OrderState
from kit.clock import OffsetClock, SetClock
from kit.database import Database
from services.payment import verify
from services.payment.domain.invariants import Kind
from services.payment.domain.orders import Order
from services.payment.usecases import notifies, ordering, refunding
from services.payment.usecases.wiring import Wiring
from tests.fakes.payment_ledger import LedgerUnionPay
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    PAYER,
    a_back_payment,
    a_quote,
    asking_all,
    asking_back,
    paid_fields,
    part_of,
    settings,
)
from tests.fakes.payment_service import signed
from tests.integration.databases import upgrade
from tests.integration.payment.databases import wiring
from tests.integration.payment.running import environment_of


@pytest.fixture(params=["postgresql", "sqlite"])
def payment(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wiring]:
    """Payment, and the environment by which the command finds the same database at the same time."""
    if request.param == "postgresql":
        database: Database = request.getfixturevalue("database")
    else:
        database = Database(f"sqlite:///{tmp_path}/payment.sqlite3")
        upgrade("payment", database)
    offset = tmp_path / "offset"
    offset.write_text(str((NOW - dt.datetime.now(dt.UTC)).total_seconds()))
    config = settings(
        database_url=database.engine.url.render_as_string(hide_password=False), clock_offset_file=offset,
        amqp_uri="amqp://nobody@127.0.0.1:9/",
    )  # fmt: skip
    for name, value in environment_of(config).items():
        monkeypatch.setenv(name, value)
    w = wiring(database, config, OffsetClock(offset))
    yield replace(w, unionpay=LedgerUnionPay(config, SetClock(NOW)))
    if request.param == "sqlite":
        database.engine.dispose()


def place(w: Wiring, n: int = 0) -> Order:
    """An order for two people, one with thirteen years."""
    other = replace(INSURED, document_number=f"45022219850324{n:04d}", name="覃志强")
    quotes = [
        a_quote(quote_id=f"quote-{n}", year=2026 + n),
        a_back_payment(quote_id=f"back-{n}", insured=other),
    ]
    placed = ordering.place_order(asking_all(*quotes, key=f"key-{n}"), w)
    return stored(w, placed.order_id)


def stored(w: Wiring, order_id: str) -> Order:
    with w.database.read() as connection:
        order: Order | None = w.orders.find(connection, order_id, PAYER.person_id)
    assert order is not None
    return order


def hear(w: Wiring, order: Order, transaction: str = "transaction-1", amount: int = 0) -> None:
    fields = paid_fields(order.mer_order_id, amount or order.amount, targetOrderId=transaction)
    notifies.receive_notify(signed(fields), w)


def look_at_refunds(w: Wiring) -> None:
    for refund in refunding.claim_due(w, 9):
        refunding.look_at(refund, w)


@pytest.fixture
def books(payment: Wiring) -> Wiring:
    """One of each: paid with a part given back, paid twice with one payment back, waiting, and given up."""
    order = place(payment)
    hear(payment, order)
    refunding.request_refund(asking_back(order, part_of(order.items[1], 2011, 2012)), payment)
    doubled = place(payment, 1)
    hear(payment, doubled, "transaction-2")
    hear(payment, doubled, "transaction-3")
    look_at_refunds(payment)
    place(payment, 2)
    return payment


def run(*arguments: str) -> tuple[int, list[str]]:
    """The command's exit status and what it said."""
    said: list[str] = []
    return verify.main(arguments, said.append), said


def found(*arguments: str) -> list[Kind]:
    """What the command finds, each kind once."""
    status, said = run("--json", *arguments)
    findings = [one["finding"] for one in map(json.loads, said[:-1])]
    assert status == (1 if findings else 0)
    assert json.loads(said[-1])["findings"] == len(findings)
    return sorted({Kind(one["kind"]) for one in findings})


def change(w: Wiring, statement: str) -> None:
    """Change rows as somebody with the database's password would."""
    with w.database.transaction() as tx:
        assert tx.execute(text(statement)).rowcount > 0, statement


def test_books_nobody_touched_are_right_and_add_up(books: Wiring) -> None:
    status, said = run()
    # 2 orders of 400 + 13 x 200 yuan paid, one twice; the events of none have left the outbox.
    assert (status, said) == (0, [
        "✓ 2026-11-23 广西税务12366微信公众号：收到9000.00元，入库0.00元，已退3400.00元，在途5600.00元",
        "合计：收到9000.00元，入库0.00元，已退3400.00元，在途5600.00元",
        "核对订单 3 笔：全部一致",
    ])  # fmt: skip


def test_money_is_posted_once_the_tax_side_was_told(books: Wiring) -> None:
    change(books, f"UPDATE outbox SET published_at = '{NOW:%Y-%m-%d %H:%M:%S}'")
    total = json.loads(run("--json")[1][-1])["total"]
    assert total == {"paid": 900000, "posted": 560000, "refunded": 340000, "in_flight": 0}


def test_a_day_is_that_of_the_payment_in_china(books: Wiring) -> None:
    assert json.loads(run("--json", "--day", "2026-11-23")[1][-1])["total"]["paid"] == 900000
    status, said = run("--json", "--day", "2026-11-24")
    assert (status, json.loads(said[-1])) == (
        0, {"orders": 0, "findings": 0, "days": [],
            "total": {"paid": 0, "posted": 0, "refunded": 0, "in_flight": 0}},
    )  # fmt: skip


PAID = "state = 'paid' AND transaction_id = 'transaction-1'"
THE_PAID = f"(SELECT order_id FROM orders WHERE {PAID})"
A_LINE = f"order_id = {THE_PAID} AND item = 0"
IN_PART = "case_reason IS NULL"

TAMPERED = [
    (f"UPDATE orders SET amount = amount + 1 WHERE {PAID}", {Kind.ALTERED, Kind.AMOUNT, Kind.IMBALANCE}),
    (f"UPDATE order_lines SET amount = amount - 1 WHERE {A_LINE}", {Kind.ALTERED, Kind.AMOUNT, Kind.IMBALANCE}),
    (f"UPDATE orders SET mid = 'another' WHERE {PAID}", {Kind.ALTERED}),
    (f"UPDATE orders SET payer_id = 'another' WHERE {PAID}", {Kind.ALTERED}),
    ("UPDATE orders SET state = 'paid' WHERE state = 'placed'", {Kind.ALTERED, Kind.HISTORY, Kind.STATE}),
    (f"UPDATE orders SET state = 'closed' WHERE {PAID}",
     {Kind.ALTERED, Kind.HISTORY, Kind.STATE, Kind.LIVE, Kind.REFUND, Kind.IMBALANCE}),
    (f"UPDATE orders SET transaction_id = 'other' WHERE {PAID}",
     {Kind.ALTERED, Kind.REFUND, Kind.UNBOOKED, Kind.IMBALANCE}),
    (f"UPDATE orders SET seal = NULL WHERE {PAID}", {Kind.ALTERED}),
    (f"UPDATE order_lines SET insured_name = 'plain'::bytea WHERE {A_LINE}", {Kind.UNREADABLE}),
    (f"UPDATE order_lines SET year = 1999 WHERE {A_LINE}", {Kind.ALTERED}),
    (f"UPDATE order_lines SET person_number = 'another' WHERE {A_LINE}", {Kind.ALTERED}),
    (f"UPDATE order_lines SET insured_index = 'other'::bytea WHERE {A_LINE}", {Kind.ALTERED}),
    (f"UPDATE order_lines SET live = false WHERE {A_LINE}", {Kind.LIVE}),
    ("UPDATE refunds SET amount = amount + 100 WHERE case_reason IS NULL", {Kind.ALTERED, Kind.REFUND, Kind.IMBALANCE}),
    ("UPDATE refunds SET operator_id = 'another' WHERE case_reason IS NULL", {Kind.ALTERED}),
    ("UPDATE refunds SET state = 'failed' WHERE case_reason IS NULL",
     {Kind.ALTERED, Kind.REFUND, Kind.HISTORY, Kind.STATE, Kind.LIVE, Kind.EVENT, Kind.NO_NEXT_ACTION}),
    ("UPDATE refunds SET amount = amount + 100 WHERE case_reason IS NOT NULL",
     {Kind.ALTERED, Kind.REFUND, Kind.CASE, Kind.IMBALANCE}),
    ("DELETE FROM refund_lines WHERE line = 0 AND item = 1", {Kind.REFUND, Kind.LIVE, Kind.IMBALANCE}),
    ("UPDATE refund_cases SET closed_at = NULL", {Kind.ALTERED, Kind.CASE}),
    ("UPDATE refund_cases SET amount = 1", {Kind.ALTERED, Kind.CASE, Kind.REFUND, Kind.IMBALANCE}),
    ("DELETE FROM refund_cases", {Kind.REFUND, Kind.UNBOOKED}),
    ("UPDATE orders SET refund_due = true", {Kind.CASE}),
    (f"DELETE FROM order_history WHERE order_id = {THE_PAID}", {Kind.HISTORY, Kind.EVENT}),
    ("DELETE FROM refund_history", {Kind.HISTORY}),
    ("UPDATE orders SET next_action_at = NULL WHERE state = 'placed'", {Kind.NO_NEXT_ACTION}),
    ("DELETE FROM outbox WHERE type = 'payment.succeeded.v1'", {Kind.EVENT}),
    ("DELETE FROM outbox WHERE type = 'payment.returned.v1'", {Kind.EVENT}),
    ("UPDATE outbox SET type = 'order.placed.v1' WHERE type = 'payment.refunded.v1'", {Kind.EVENT}),
    ("UPDATE outbox SET aggregate = 'nobody' WHERE type = 'payment.returned.v1'", {Kind.EVENT, Kind.STRAY_EVENT}),
    (f"UPDATE notifies SET mer_order_id = 'nobody' WHERE mer_order_id = (SELECT mer_order_id FROM orders WHERE {PAID})",
     {Kind.STRAY_NOTIFY}),
]  # fmt: skip


@pytest.mark.parametrize("payment", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("statement", "kinds"), TAMPERED)
def test_what_was_changed_is_found(books: Wiring, statement: str, kinds: set[Kind]) -> None:
    assert found() == []
    change(books, statement)
    assert set(found()) == kinds


def test_a_paid_order_that_is_gone_with_all_its_rows_is_still_missed(books: Wiring) -> None:
    with books.database.transaction() as tx:
        (gone,) = tx.execute(text(f"SELECT order_id FROM orders WHERE {PAID}")).scalars()
        refund = "SELECT refund_id FROM refunds WHERE order_id"
        for table in ("refund_history", "refund_lines"):
            tx.execute(text(f"DELETE FROM {table} WHERE refund_id IN ({refund} = '{gone}')"))
        for table in ("refunds", "order_history", "order_lines", "orders"):
            tx.execute(text(f"DELETE FROM {table} WHERE order_id = '{gone}'"))
    assert found() == [Kind.STRAY_EVENT, Kind.STRAY_NOTIFY]


def test_two_live_lines_for_one_person_are_found_should_the_index_be_gone(books: Wiring) -> None:
    change_lines = (
        "UPDATE order_lines SET live = true, insurance_type = 'medical', year = 2026, "
        "insured_index = (SELECT insured_index FROM order_lines WHERE item = 0 AND year = 2026)"
        " WHERE item = 0 AND year = 2027"
    )
    with books.database.transaction() as tx:
        tx.execute(text("DROP INDEX order_lines_one_live"))
    change(books, change_lines)
    kinds = found()
    change(books, "DELETE FROM order_lines WHERE item = 0 AND year = 2026 AND order_id IN "
                  "(SELECT order_id FROM orders WHERE transaction_id = 'transaction-2')")  # fmt: skip
    with books.database.transaction() as tx:  # as the next test on this database expects it
        tx.execute(text("CREATE UNIQUE INDEX order_lines_one_live ON order_lines"
                        " (insured_index, insurance_type, year) WHERE live"))  # fmt: skip
    assert kinds == [Kind.ALTERED, Kind.DOUBLE_LIVE]


def test_a_kept_notify_is_money_in_flight_until_it_is_acted_on(
    payment: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(payment)
    with monkeypatch.context() as broken:
        broken.setattr(type(payment.orders), "lock_by_numbers", None)
        hear(payment, order)
    assert stored(payment, order.order_id).state is OrderState.PLACED
    status, said = run("--json")
    assert status == 0
    assert json.loads(said[-1])["total"] == {
        "paid": order.amount, "posted": 0, "refunded": 0, "in_flight": order.amount,
    }  # fmt: skip
    change(payment, "UPDATE notifies SET processed_at = received_at")
    assert set(found()) == {Kind.UNBOOKED, Kind.IMBALANCE}


def test_events_pruned_after_their_time_are_not_missed(books: Wiring) -> None:
    offset = books.config.clock_offset_file
    assert offset is not None
    offset.write_text(str(float(offset.read_text()) + dt.timedelta(days=8).total_seconds()))
    change(books, "DELETE FROM outbox")
    assert found() == []


def test_rows_of_before_there_were_seals_are_told_and_can_be_sealed_once(books: Wiring) -> None:
    for table in ("orders", "order_lines", "refunds", "refund_cases"):
        change(books, f"UPDATE {table} SET seal = NULL")
    assert found() == [Kind.ALTERED]
    status, said = run("--seal")
    assert (status, said[0]) == (0, "已补封印 48 条记录")
    change(books, f"UPDATE orders SET amount = amount + 1 WHERE {PAID}")
    assert run("--seal")[1][0] == "已补封印 0 条记录"
    assert Kind.ALTERED in found()


def test_what_is_wrong_is_told_in_words_with_the_order_concerned(books: Wiring) -> None:
    change(books, f"UPDATE order_lines SET amount = amount - 100 WHERE {A_LINE}")
    status, said = run()
    (order_id,) = {line.split("：")[1].split()[0] for line in said if "明细合计" in line}
    assert status == 1
    assert stored(books, order_id).transaction_id == "transaction-1"
    assert f"✗ 记录与封印不符：{order_id}  order_lines 1-1" in said
    assert f"✗ 订单金额不等于明细合计：{order_id}  订单3000.00元，明细合计2999.00元" in said
    assert said[-1] == "核对订单 3 笔：发现 3 个问题"


def test_without_settings_or_database_nothing_is_said_to_be_right(
    payment: Wiring, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAYMENT_DATABASE_URL", "postgresql+psycopg2://nobody@127.0.0.1:9/payment")
    assert run()[0] == 2
    assert "无法核对，数据库不可用" in capsys.readouterr().err
    monkeypatch.delenv("ROW_SEAL_KEYS")
    assert run()[0] == 2
    assert "ROW_SEAL_KEYS is not set" in capsys.readouterr().err
