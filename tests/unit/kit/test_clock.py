"""Time as an argument."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from kit.clock import OffsetClock, SetClock, SystemClock, china, china_text

NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)


def _seconds_from_now(moment: dt.datetime) -> float:
    return (moment - dt.datetime.now(dt.UTC)).total_seconds()


def test_the_machines_clock_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == dt.timedelta(0)
    assert abs(_seconds_from_now(now)) < 5


def test_a_file_moves_the_clock_while_it_runs(tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    clock = OffsetClock(offset)
    assert abs(_seconds_from_now(clock.now())) < 5, "no file, no offset"
    offset.write_text("1800\n")
    assert 1795 < _seconds_from_now(clock.now()) < 1805
    offset.write_text("-60.5")
    assert -66 < _seconds_from_now(clock.now()) < -56
    offset.write_text("")
    assert abs(_seconds_from_now(clock.now())) < 5


def test_a_set_clock_stands_still_until_it_is_moved() -> None:
    clock = SetClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(minutes=31)
    assert clock.now() == NOON + dt.timedelta(minutes=31)


def test_residents_read_beijing_time() -> None:
    evening = dt.datetime(2026, 12, 31, 16, 5, tzinfo=dt.UTC)
    assert china(evening).isoformat() == "2027-01-01T00:05:00+08:00"
    assert china_text(evening) == "2027年01月01日 00时05分"
