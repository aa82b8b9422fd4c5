"""One suite for the storage on PostgreSQL, on SQLite and as dictionaries: the fake keeps its word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.insurance import InsuranceType
from contract.people import DocumentType
from contract.places import Division, Place
from services.payment.domain.orders import Item, Order
from tests.fakes.payment_orders import INSURED, OTHER_PAYER, PAYER, a_back_payment, a_quote, an_item, an_order
from tests.integration.payment.stores import LATER, PAID, SHUT, SILENT, Store, another

PLACE = Place(Division("450100", "南宁市"), village=Division(name="那洪屯"))


EVERYTHING = an_item(a_quote(quote_id="quote-2", year=2025), relation_id="relation-1", place=PLACE)


NO_MORE = an_item(insured_phone=None)


BACK = an_item(a_back_payment())


STRANGER = replace(INSURED, document_number="450202198503243121", name="覃志强")


@pytest.mark.parametrize("items", [(NO_MORE,), (EVERYTHING,), (BACK,), (BACK, EVERYTHING, NO_MORE)])
def test_an_order_comes_back_as_it_went_in(store: Store, items: tuple[Item, ...]) -> None:
    order = store.put(an_order(*items))
    assert store.ask("find", order.order_id, order.payer_id) == order
    assert store.now(order) == order


@pytest.mark.parametrize(
    ("other", "same_key", "same_quote"),
    [
        (another(idempotency_key="key-1"), True, False),
        (another(quote_id="quote-1"), False, True),
        (another(quote_id="quote-1", payer_id=OTHER_PAYER.person_id), False, True),
        (another(year=2026), False, False),
        (another(year=2026, payer_id=OTHER_PAYER.person_id), False, False),
        (another(idempotency_key="key-1", quote_id="quote-1", year=2026), True, False),
        (another(quote_id="quote-1", year=2026), False, True),
    ],
)
def test_what_stands_in_the_way_is_named(
    store: Store, other: Order, same_key: bool, same_quote: bool
) -> None:
    order = store.put(an_order())
    assert not store.takes(other)
    assert store.ask("blocker", other) == (order, same_key, same_quote, 0)
    assert store.ask("latest", other.payer_id, 9) == ([order] if other.payer_id == order.payer_id else [])


def test_what_was_paid_for_a_person_is_found_whoever_paid(store: Store) -> None:
    mine = store.follow(store.put(an_order()), PAID)
    later = replace(PAID, transaction_id="transaction-2", paid_at=LATER)
    others = store.follow(store.put(another(2, year=2027, payer_id=OTHER_PAYER.person_id)), later)
    store.put(another(3))
    assert store.ask("paid_for", INSURED, 2026, 2030) == [mine, others]
    assert store.ask("paid_for", INSURED, 2027, 2027) == [others]
    assert store.ask("paid_for", INSURED, 2020, 2025) == []


def test_a_live_order_is_found_by_what_it_pays_for(store: Store) -> None:
    store.put(an_order(an_item(), BACK))
    for item in (an_item(), BACK):
        for line in item.lines:
            assert store.ask("has_live", INSURED, item.insurance_type, line.year) is True
    assert store.ask("has_live", INSURED, InsuranceType.MEDICAL, 2030) is False
    stranger = replace(INSURED, document_type=DocumentType.PASSPORT)
    assert store.ask("has_live", stranger, BACK.insurance_type, BACK.lines[0].year) is False


def test_of_what_was_paid_only_the_persons_own_years_are_found(store: Store) -> None:
    order = store.follow(store.put(an_order(an_item(a_quote(quote_id="q", insured=STRANGER)), BACK)), PAID)
    (found,) = store.ask("paid_for", INSURED, 2022, 2026)
    assert found == replace(order, items=(replace(BACK, lines=BACK.lines[11:]),))
    assert store.ask("paid_for", replace(INSURED, name="韦秀"), 2011, 2026) == []


def test_which_item_is_stopped_is_named(store: Store) -> None:
    order = store.put(an_order(an_item(), BACK))
    year_of_back = an_item(a_back_payment(quote_id="q-1", lines=BACK.lines[5:6]))
    others = (an_item(a_quote(quote_id="q-2", insured=STRANGER)), year_of_back)
    wanted = an_order(*others, order_id="order-2", mer_order_id="3194", idempotency_key="key-2")
    assert not store.takes(wanted)
    assert store.ask("blocker", wanted) == (order, False, False, 1)
    used = replace(wanted, items=(year_of_back, others[0], replace(BACK, lines=others[0].lines)))
    assert store.ask("blocker", used) == (order, False, True, 2)
    assert store.ask("find", "order-2", PAYER.person_id) is None, "what is stopped leaves nothing behind"


def test_all_lines_end_with_their_order(store: Store) -> None:
    order = store.put(an_order(an_item(), BACK))
    again = an_order(
        an_item(a_quote(quote_id="q-1")), replace(BACK, quote_id="q-2"), order_id="order-2", mer_order_id="3194",
        idempotency_key="key-2",
    )  # fmt: skip
    store.follow(order, SILENT)
    assert not store.takes(again)
    store.follow(order, SHUT)
    store.put(again)


def test_who_is_named_wrongly_was_paid_for_by_nobody(store: Store) -> None:
    store.follow(store.put(an_order()), PAID)
    for stranger in (
        replace(INSURED, name="韦秀"),
        replace(INSURED, document_number="450202198503243121"),
        replace(INSURED, document_type=DocumentType.PASSPORT),
    ):
        assert store.ask("paid_for", stranger, 2026, 2026) == []


@pytest.mark.parametrize(
    "other",
    [
        another(),
        another(year=2026, insurance_type=InsuranceType.PENSION),
        another(year=2026, insured=replace(INSURED, document_number="450202198503243121")),
        another(year=2026, insured=replace(INSURED, document_type=DocumentType.PASSPORT)),
        another(idempotency_key="key-1", payer_id=OTHER_PAYER.person_id),
    ],
    ids=["year", "type", "person", "document", "key of another payer"],
)
def test_orders_for_different_things_do_not_meet(store: Store, other: Order) -> None:
    store.put(an_order())
    store.put(other)
    assert store.ask("blocker", another(3)) is None


def test_a_name_does_not_tell_people_apart(store: Store) -> None:
    store.put(an_order())
    assert not store.takes(another(year=2026, insured=replace(INSURED, name="韦秀蘭")))


def test_an_order_that_is_over_lets_the_next_one_in(store: Store) -> None:
    order = store.put(an_order())
    store.follow(order, SHUT)
    store.put(another(year=2026))


def test_a_paid_order_keeps_the_next_one_out(store: Store) -> None:
    order = store.put(an_order())
    store.follow(order, PAID)
    assert not store.takes(another(year=2026))


def test_orders_are_found_only_for_their_payer(store: Store) -> None:
    order = store.put(an_order())
    assert store.ask("find", order.order_id, OTHER_PAYER.person_id) is None
    assert store.ask("find", "order-9", order.payer_id) is None
    assert store.ask("latest", OTHER_PAYER.person_id, 9) == []


def test_the_latest_orders_come_first(store: Store) -> None:
    older = store.put(an_order())
    newer = store.put(another(created_at=LATER))
    assert store.ask("latest", older.payer_id, 9) == [newer, older]
    assert store.ask("latest", older.payer_id, 1) == [newer]


def test_an_order_is_found_by_unionpays_number(store: Store) -> None:
    order = store.put(an_order())
    assert store.ask("lock_by_number", order.mer_order_id) == order
    assert store.ask("lock_by_number", "3194") is None
