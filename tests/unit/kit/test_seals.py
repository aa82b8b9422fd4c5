"""A seal holds for the row it was made of, and for no other."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table

from kit import crypto, seals
from kit.crypto import KeyRing
from kit.seals import RowSeal, seal_column

OLD, BOTH, OTHER = KeyRing({1: bytes(16)}), KeyRing({1: bytes(16), 2: b"2" * 16}), KeyRing({1: b"o" * 16})
MONEY = Table(
    "money", MetaData(), Column("name", String), Column("amount", Integer), Column("at", String),
    Column("looked_at", String), seal_column(),
)  # fmt: skip
SEAL = RowSeal(MONEY, "name", "amount", "at")
NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
values = st.none() | st.integers() | st.text() | st.booleans()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, BOTH)


def use(monkeypatch: pytest.MonkeyPatch, ring: KeyRing) -> None:
    monkeypatch.setattr(seals, "row_seal_keys", lambda: ring)


def test_a_row_as_it_was_written_is_whole() -> None:
    row = SEAL.onto({"name": "韦秀兰", "amount": 40000, "at": NOON})
    assert SEAL.holds(row)
    assert len(row["seal"]) == 33
    assert SEAL.holds(row | {"at": NOON.astimezone(dt.UTC)}), "a moment is the same in any zone"
    assert SEAL.holds(row | {"looked_at": "now"}), "what is not sealed may change"


CHANGES: list[dict[str, Any]] = [
    {"name": "韦秀"}, {"amount": 40001}, {"amount": "40000"}, {"amount": None}, {"at": None},
    {"seal": None}, {"seal": b""}, {"seal": b"\x03" + bytes(32)},
]  # fmt: skip


@pytest.mark.parametrize("changed", CHANGES)
def test_any_change_is_seen(changed: dict[str, Any]) -> None:
    assert not SEAL.holds(SEAL.onto({"name": "韦秀兰", "amount": 40000, "at": NOON}) | changed)


@given(st.tuples(values, values, values), st.tuples(values, values, values))
def test_rows_that_differ_have_seals_that_differ(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    rows = [dict(zip(("name", "amount", "at"), row, strict=True)) for row in (one, other)]
    same = [(type(a), a) for a in one] == [(type(b), b) for b in other]
    first, second = (SEAL.onto(row)["seal"] for row in rows)
    assert (first == second) is same


def test_what_is_not_named_is_null_as_in_an_insert() -> None:
    assert SEAL.onto({"name": "a"})["seal"] == SEAL.onto({"name": "a", "amount": None, "at": None})["seal"]


def test_a_seal_is_of_its_table() -> None:
    other = Table("other", MetaData(), *(Column(name, String) for name in ("name", "amount", "at")))
    assert not SEAL.holds(RowSeal(other, "name", "amount", "at").onto({"name": "a"}))


def test_older_seals_hold_after_a_change_of_keys_and_a_forger_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, OLD)
    old = SEAL.onto({"name": "a"})
    use(monkeypatch, BOTH)
    new = SEAL.onto({"name": "a"})
    assert (old["seal"][0], new["seal"][0]) == (1, 2)
    assert SEAL.holds(old)
    assert SEAL.holds(new)
    use(monkeypatch, OTHER)
    assert not SEAL.holds(old)
    assert not SEAL.holds(new)


def test_without_keys_nothing_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROW_SEAL_KEYS", raising=False)
    crypto.row_seal_keys.cache_clear()
    with pytest.raises(crypto.BadKeys):
        crypto.row_seal_keys()
    crypto.row_seal_keys.cache_clear()


def test_what_the_journal_does_not_keep_is_proved_by_the_seal_it_keeps() -> None:
    seal = RowSeal(MONEY, "name", "amount", hidden=("at",))
    row = seal.onto({"name": "payer-1", "amount": 1, "at": "450103"})
    written = seal.written(row)
    assert set(written.values) == {"name", "amount", "seal"}
    forged = row | {"name": "thief"}
    assert not seal.holds(forged)
    assert seal.holds(forged | seal.values_of(written.values)), "put back under its old seal"
    assert not seal.holds(forged | {"at": "other"} | seal.values_of(written.values))


def test_nothing_somebody_else_wrote_gets_a_seal_by_a_change() -> None:
    row = SEAL.onto({"name": "payer-1", "amount": 1, "at": None})
    values, written = SEAL.renewed(row, amount=2)
    assert SEAL.holds(row | values) and [one.values["amount"] for one in written] == [2]
    for forged in (row | {"name": "thief"}, row | {"seal": None}):
        assert SEAL.renewed(forged, amount=2) == ({"amount": 2}, [])


def test_a_removal_names_the_row_and_no_more() -> None:
    seal = RowSeal(MONEY, "name", "amount", key=("name",))
    row = seal.onto({"name": "payer-1", "amount": 1})
    gone, kept = seal.removed(row), seal.written(row)
    assert (gone.is_removal, kept.is_removal) == (True, False)
    assert seal.key_of(gone.values) == seal.key_of(kept.values) == ("payer-1",)
    assert "amount" not in gone.values
