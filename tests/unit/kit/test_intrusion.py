"""A burst is told once, when it is reached; a clumsy resident is none, and nobody is named."""

from __future__ import annotations

import datetime as dt

from kit.intrusion import BURST, Watch

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)


def test_a_burst_is_told_once_in_its_minute() -> None:
    watch = Watch("codes.guessed.v1")
    told = [watch.saw("10.0.0.1", NOW) for _ in range(3 * BURST)]
    assert [at for at, burst in enumerate(told, start=1) if burst] == [BURST]
    assert told[BURST - 1].times == BURST  # type: ignore[union-attr]


def test_who_stays_below_it_is_never_told_of() -> None:
    watch = Watch("codes.guessed.v1")
    for minute in range(5):
        assert not any(watch.saw("10.0.0.1", NOW + dt.timedelta(minutes=minute)) for _ in range(BURST - 1))


def test_addresses_are_counted_apart_and_told_of_by_an_index() -> None:
    watch = Watch("codes.guessed.v1")
    bursts = [watch.saw(address, NOW) for _ in range(BURST) for address in ("10.0.0.1", "10.0.0.2")]
    sources = {burst.source for burst in bursts if burst}
    assert len(sources) == 2
    assert all(len(source) == 64 and "10.0.0" not in source for source in sources)
