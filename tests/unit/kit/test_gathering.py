"""What is asked for at once is done together, and nobody pays for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import eventlet
import pytest

from kit.gathering import Asked, Gathering
from kit.telemetry import correlate, correlation_id


@pytest.fixture(autouse=True)
def green(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a service, whose threads are eventlet's."""
    monkeypatch.setattr("kit.gathering.is_monkey_patched", lambda module: True)


class Till:
    """Takes items and remembers which it took together; it waits for others while it works, as a database does."""

    def __init__(self) -> None:
        self.taken: list[list[int]] = []
        self.at_work = self.most_at_work = 0

    def take(self, together: Sequence[Asked[int]]) -> list[int]:
        self.taken.append([asked.item for asked in together])
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        eventlet.sleep(0)
        self.at_work -= 1
        if any(asked.item < 0 for asked in together):
            raise ValueError("a negative item")
        return [asked.item * 10 for asked in together]


def _ask_at_once(gathering: Gathering[int, int], items: Sequence[int]) -> list[int | str]:
    def ask(item: int) -> int | str:
        try:
            return gathering(item)
        except ValueError as error:
            return str(error)

    return list(eventlet.GreenPool(len(items)).imap(ask, items))


def test_the_first_goes_alone_and_those_that_come_meanwhile_go_together() -> None:
    till = Till()
    assert _ask_at_once(Gathering(till.take, most=9), [1, 2, 3, 4]) == [10, 20, 30, 40]
    assert len(till.taken) < 4
    assert till.most_at_work == 1


def test_no_more_go_together_than_may() -> None:
    till = Till()
    assert _ask_at_once(Gathering(till.take, most=2), list(range(9))) == [n * 10 for n in range(9)]
    assert max(map(len, till.taken)) == 2


def test_as_many_are_done_at_a_time_as_there_are_lanes() -> None:
    till = Till()
    _ask_at_once(Gathering(till.take, most=1, lanes=3), list(range(9)))
    assert till.most_at_work == 3


def test_what_fails_together_fails_for_all() -> None:
    answers = _ask_at_once(Gathering(Till().take, most=9), [1, -2, 3])
    assert answers == ["a negative item"] * 3 or answers == [10, "a negative item", "a negative item"]


def test_apart_only_the_one_at_fault_fails() -> None:
    till = Till()
    gathering = Gathering(till.take, most=9, apart=lambda error: isinstance(error, ValueError))
    assert _ask_at_once(gathering, [1, -2, 3]) == [10, "a negative item", 30]
    assert gathering(4) == 40, "and it goes on"


def test_each_is_done_in_the_context_of_whoever_asked() -> None:
    def name_all(together: Sequence[Asked[int]]) -> list[str]:
        eventlet.sleep(0)
        return [asked.run(correlation_id) for asked in together]

    gathering: Gathering[int, str] = Gathering(name_all, most=9)

    def ask(number: int) -> str:
        correlate(f"correlation-{number}")
        return gathering(number)

    named = list(eventlet.GreenPool(5).imap(ask, range(5)))
    assert named == [f"correlation-{number}" for number in range(5)]


def test_who_stops_waiting_stops_nobody_else() -> None:
    till = Till()
    gathering = Gathering(till.take, most=9)
    answers: list[int] = []

    def ask(item: int) -> Callable[[], None]:
        return lambda: answers.append(gathering(item))

    first, second = eventlet.spawn(ask(1)), eventlet.spawn(ask(2))
    eventlet.sleep(0)
    first.kill()
    second.wait()
    assert answers == [20]
    assert gathering(3) == 30


def test_an_exit_reaches_all_who_wait() -> None:
    def leave(together: Sequence[Asked[int]]) -> list[int]:
        raise SystemExit

    gathering: Gathering[int, int] = Gathering(leave, most=9)
    with pytest.raises(SystemExit):
        gathering(1)


def test_real_threads_each_go_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.gathering.is_monkey_patched", lambda module: False)
    till = Till()
    gathering = Gathering(till.take, most=9)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(gathering, range(8))) == [n * 10 for n in range(8)]
    assert sorted(till.taken) == [[n] for n in range(8)]
