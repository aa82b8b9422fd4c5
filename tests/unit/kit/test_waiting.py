"""Who goes first, who has to go, and who is told how many are ahead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kit.waiting import Priority, Waiter, WaitingRoom

PAYMENT, QUERY = Priority.PAYMENT, Priority.QUERY


def waiter(name: str, priority: Priority = QUERY, until: float = 100.0) -> Waiter[str]:
    return Waiter(name, priority, since=0.0, until=until, ticket=f"ticket of {name}")


def drained(room: WaitingRoom[str]) -> list[str]:
    found = []
    while (one := room.next()) is not None:
        found.append(one.work)
    return found


def test_payments_go_before_queries_and_each_in_the_order_they_came() -> None:
    room: WaitingRoom[str] = WaitingRoom(10)
    for name, priority in [("a", QUERY), ("b", PAYMENT), ("c", QUERY), ("d", PAYMENT)]:
        assert room.admit(waiter(name, priority)) is None
    assert (room.waiting(PAYMENT), room.waiting(QUERY), len(room)) == (2, 2, 4)
    assert drained(room) == ["b", "d", "a", "c"]


def test_in_a_full_room_the_last_query_makes_way_for_a_payment() -> None:
    room: WaitingRoom[str] = WaitingRoom(2)
    room.admit(waiter("a"))
    room.admit(waiter("b"))
    refused = [
        room.admit(waiter(name, kind)) for name, kind in [("c", QUERY), ("d", PAYMENT), ("e", PAYMENT)]
    ]
    assert [one.work if one else None for one in refused] == ["c", "b", "a"]
    full = room.admit(waiter("f", PAYMENT))
    assert full is not None and full.work == "f"
    assert drained(room) == ["d", "e"]


def test_a_place_is_how_many_are_ahead() -> None:
    room: WaitingRoom[str] = WaitingRoom(10)
    for name in "abc":
        room.admit(waiter(name))
    assert [room.ahead_of(f"ticket of {name}") for name in "abcd"] == [0, 1, 2, None]
    room.admit(waiter("d", PAYMENT))
    assert room.ahead_of("ticket of a") == 1, "a payment went ahead"
    room.next()
    room.next()
    assert room.ahead_of("ticket of a") is None


def test_who_waited_too_long_leaves_with_how_many_were_ahead() -> None:
    room: WaitingRoom[str] = WaitingRoom(10)
    for name, until in [("a", 3.0), ("b", 1.0), ("c", 2.0)]:
        room.admit(waiter(name, until=until))
    assert room.overdue(0.5) == []
    assert [(ahead, one.work) for ahead, one in room.overdue(2.0)] == [(1, "b"), (2, "c")]
    assert room.overdue(2.5) == []
    assert drained(room) == ["a"]
    assert room.overdue(9.0) == []


_ARRIVALS = st.lists(st.tuples(st.sampled_from([PAYMENT, QUERY]), st.floats(0, 10)), max_size=30)


@given(room=st.integers(1, 8), arrivals=_ARRIVALS, now=st.floats(0, 10))
def test_nobody_is_lost_and_nobody_is_counted_twice(
    room: int, arrivals: list[tuple[Priority, float]], now: float
) -> None:
    waiting: WaitingRoom[str] = WaitingRoom(room)
    refused, everybody = [], []
    for number, (priority, until) in enumerate(arrivals):
        everybody.append(waiter(str(number), priority, until))
        left = waiting.admit(everybody[-1])
        assert len(waiting) <= room
        if left is not None:
            refused.append(left)
            assert all(left.priority >= one.priority for one in waiting), (
                "a payment is never refused for a query"
            )
    late = [one for _, one in waiting.overdue(now)]
    assert all(one.until <= now for one in late)
    served = drained(waiting)
    assert sorted(one.work for one in everybody) == sorted([*served, *(one.work for one in refused + late)])
    by_name = {one.work: one for one in everybody}
    order = [(by_name[name].priority, int(name)) for name in served]
    assert order == sorted(order)
    assert all(by_name[name].until > now for name in served)
