"""Fault settings: what is in force for whom, what is refused, and draws that repeat."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import GLOBAL, BadFaults, Faults
from sandbox.store import Store


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(Store(str(tmp_path / "sandbox.sqlite3")))


def test_an_order_is_under_its_own_settings_and_the_global_ones(faults: Faults) -> None:
    faults.change(GLOBAL, {"notify": {"lost_rate": 0.5, "duplicate_rate": 0.25}})
    faults.change("order:1", {"notify": {"lost_rate": 1.0}})
    assert faults.effective("order:1")["notify"]["lost_rate"] == 1.0
    assert faults.effective("order:1")["notify"]["duplicate_rate"] == 0.25
    assert faults.effective("order:2")["notify"]["lost_rate"] == 0.5


def test_settings_of_a_person_lie_over_those_of_the_persona(faults: Faults) -> None:
    own = {"taxbank": {"error_rate": 1.0, "latency_ms": 10}}
    faults.change("person:1", {"taxbank": {"error_rate": 0.0}})
    taxbank = faults.effective("person:1", own)["taxbank"]
    assert (taxbank["error_rate"], taxbank["latency_ms"]) == (0.0, 10)


def test_a_change_keeps_what_it_does_not_name(faults: Faults) -> None:
    faults.change(GLOBAL, {"sms": {"error_rate": 0.1}})
    faults.change(GLOBAL, {"sms": {"latency_ms": 5}, "wechat_auto": "oX"})
    settings = faults.effective()
    assert (settings["sms"]["error_rate"], settings["sms"]["latency_ms"]) == (0.1, 5)
    assert settings["wechat_auto"] == "oX"


def test_settings_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.sqlite3")
    Faults(Store(path)).change("order:1", {"notify": {"lost_rate": 1.0}})
    assert Faults(Store(path)).effective("order:1")["notify"]["lost_rate"] == 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"nothing": 1},
        {"notify": {"nothing": 1}},
        {"notify": 3},
        {"notify": {"lost_rate": 1.5}},
        {"notify": {"lost_rate": -0.1}},
        {"notify": {"lost_rate": "0.1"}},
        {"notify": {"lost_rate": True}},
        {"notify": {"method": "PUT"}},
        {"notify": {"delay_seconds": [5, 1]}},
        {"notify": {"delay_seconds": [1]}},
        {"notify": {"retry_schedule": ["1"]}},
        {"notify": {"retry_on_failure": 1}},
        {"unionpay": {"refund_status": "MAYBE"}},
        {"wechat_auto": 5},
    ],
)
def test_bad_changes_are_refused_and_change_nothing(faults: Faults, change: dict[str, Any]) -> None:
    before = faults.effective()
    with pytest.raises(BadFaults):
        faults.change(GLOBAL, change)
    assert faults.effective() == before


def draws(faults: Faults, kind: str) -> list[bool]:
    return [faults.happens(kind, 0.3) for _ in range(50)]


def test_the_same_seed_gives_the_same_faults(faults: Faults) -> None:
    faults.change(GLOBAL, {"seed": 7})
    first = draws(faults, "notify.lost")
    assert True in first
    assert False in first
    faults.change(GLOBAL, {"seed": 7})
    assert draws(faults, "notify.lost") == first
    faults.change(GLOBAL, {"seed": 8})
    assert draws(faults, "notify.lost") != first


def test_kinds_of_fault_do_not_disturb_each_other(faults: Faults) -> None:
    faults.change(GLOBAL, {"seed": 7})
    alone = draws(faults, "notify.lost")
    faults.change(GLOBAL, {"seed": 7})
    mixed = []
    for _ in range(50):
        faults.happens("unionpay.query.error_rate", 0.5)
        mixed.append(faults.happens("notify.lost", 0.3))
    assert mixed == alone


def test_rates_of_zero_and_one_are_certain(faults: Faults) -> None:
    assert not any(faults.happens("a", 0.0) for _ in range(100))
    assert all(faults.happens("a", 1.0) for _ in range(100))
