"""Settings: everything missing is named at once, and production refuses what is only good for a laptop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from kit.clock import OffsetClock, SystemClock
from kit.config import ConfigurationError, ServiceConfig, needed, outside, own, read, secret
from tests.factories.keys import KEYS

KEY = KEYS["PERSONAL_DATA_KEYS"]
DEVELOPMENT = {
    "WEIGHBRIDGE_DATABASE_URL": "sqlite:///w.sqlite3", "WEIGHBRIDGE_HTTP_ADDRESS": "127.0.0.1:8009",
    "AMQP_URI": "memory://", **KEYS,
    "SCALE_URL": "http://127.0.0.1:8090", "SCALE_PASSWORDS": "first-password, second-password",
}  # fmt: skip
PRODUCTION = {
    **DEVELOPMENT, "ENVIRONMENT": "production",
    "WEIGHBRIDGE_DATABASE_URL": "postgresql+psycopg2://weighbridge:secret-of-it@db/weighbridge",
    "AMQP_URI": "amqp://weighbridge:another-secret@bus/contribution", "SCALE_URL": "https://scale.gxtax.cn",
    "SCALE_PASSWORDS": "Zk3xq0Vd8TnRw5Lp,mB7yHc2QsUe9GaXf",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Weighbridge(ServiceConfig):
    """A service that does not exist."""

    service: ClassVar[str] = "weighbridge"

    scale_url: str = outside()
    scale_passwords: tuple[str, ...] = secret()
    printer: str = "paper"
    printer_url: str = needed(("printer", "network"))
    printer_password: str = secret(("printer", "network"))
    scale_timeout: float = 2.5
    lanes: int = own(default=2)
    night_shift: bool = False


def _problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        read(Weighbridge, environ)
    return refused.value.problems


def test_every_missing_variable_is_named_at_once() -> None:
    assert set(_problems({})) == {
        "WEIGHBRIDGE_DATABASE_URL is not set", "WEIGHBRIDGE_HTTP_ADDRESS is not set", "AMQP_URI is not set",
        *(f"{name} is not set" for name in KEYS), "SCALE_URL is not set",
        "SCALE_PASSWORDS is not set",
    }  # fmt: skip


def test_an_empty_variable_counts_as_missing() -> None:
    assert _problems({**DEVELOPMENT, "SCALE_URL": ""}) == ("SCALE_URL is not set",)


def test_what_only_another_choice_needs_is_not_asked_for() -> None:
    settings = read(Weighbridge, PRODUCTION)
    assert (settings.printer_url, settings.printer_password) == ("", "")


def test_what_a_choice_needs_is_named_with_all_that_is_missing() -> None:
    chosen = {**DEVELOPMENT, "PRINTER": "network", "SCALE_URL": ""}
    assert set(_problems(chosen)) == {
        "SCALE_URL is not set", "PRINTER_URL is not set", "PRINTER_PASSWORD is not set"
    }  # fmt: skip


def test_production_looks_at_a_secret_that_is_set_though_nothing_needs_it() -> None:
    assert _problems({**PRODUCTION, "PRINTER_PASSWORD": "short"}) == (
        "PRINTER_PASSWORD: too short, or a sample",
    )


def test_values_take_the_types_of_their_fields() -> None:
    settings = read(
        Weighbridge,
        {**DEVELOPMENT, "WEIGHBRIDGE_LANES": "3", "SCALE_TIMEOUT": "0.5", "NIGHT_SHIFT": "true",
         "CLOCK_OFFSET_FILE": "/run/offset", "LOG_LEVEL": "DEBUG"},
    )  # fmt: skip
    assert (settings.lanes, settings.scale_timeout, settings.night_shift) == (3, 0.5, True)
    assert settings.clock_offset_file == Path("/run/offset")
    assert settings.scale_passwords == ("first-password", "second-password")
    assert settings.log_level == "DEBUG"


def test_what_is_not_set_keeps_its_default() -> None:
    settings = read(Weighbridge, DEVELOPMENT)
    assert (settings.lanes, settings.scale_timeout, settings.night_shift) == (2, 2.5, False)
    assert settings.clock_offset_file is None


def test_a_variable_without_the_services_name_is_not_its_own() -> None:
    assert read(Weighbridge, {**DEVELOPMENT, "LANES": "9"}).lanes == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("WEIGHBRIDGE_LANES", "many"), ("SCALE_TIMEOUT", "soon"), ("NIGHT_SHIFT", "perhaps")],
)
def test_a_malformed_value_is_named_and_not_repeated(name: str, value: str) -> None:
    assert _problems({**DEVELOPMENT, name: value}) == (f"{name} is malformed",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PERSONAL_DATA_KEYS", "1:abcd"), ("PERSONAL_DATA_KEYS", "3c" * 16), ("PERSONAL_DATA_KEYS", f"0:{'3c' * 16}"),
        ("PERSONAL_DATA_KEYS", f"{KEY},{KEY}"), ("BLIND_INDEX_KEY", "5a" * 16), ("BLIND_INDEX_KEY", "not hex"),
    ],
)  # fmt: skip
def test_unfit_keys_stop_the_start_without_being_shown(name: str, value: str) -> None:
    (problem,) = _problems({**DEVELOPMENT, name: value})
    assert problem.startswith(f"{name}: ")
    assert value not in problem


def test_an_environment_nobody_knows_is_refused() -> None:
    (problem,) = _problems({**PRODUCTION, "ENVIRONMENT": "prod"})
    assert problem.startswith("ENVIRONMENT: ")


def test_production_starts_with_everything_real() -> None:
    assert read(Weighbridge, PRODUCTION).production


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AMQP_URI", "memory://localhost/"),
        ("WEIGHBRIDGE_DATABASE_URL", "sqlite:///w.sqlite3"),
        ("CLOCK_OFFSET_FILE", "/run/offset"),
        ("SCALE_URL", "http://scale.gxtax.cn"),
        ("SCALE_URL", "https://127.0.0.1:8090"),
        ("SCALE_URL", "https://localhost"),
        ("SCALE_PASSWORDS", "short"),
        ("SCALE_PASSWORDS", "Zk3xq0Vd8TnRw5Lp,sandbox-key-0000000"),
        ("SCALE_PASSWORDS", "Sample-0123456789abcdef"),
    ],
)
def test_production_refuses_what_is_only_good_for_a_laptop(name: str, value: str) -> None:
    (problem,) = _problems({**PRODUCTION, name: value})
    assert problem.startswith(name), "the operator must read which variable to change"


def test_production_names_every_refusal_at_once() -> None:
    assert len(_problems({**DEVELOPMENT, "ENVIRONMENT": "production"})) == 5


def test_settings_are_shown_without_their_secrets() -> None:
    shown = repr(read(Weighbridge, PRODUCTION))
    assert "weighbridge" in shown.lower()
    for secret_part in ("secret-of-it", "another-secret", "3c3c", "5a5a", "Zk3xq0Vd8TnRw5Lp"):
        assert secret_part not in shown


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(AttributeError):
        read(Weighbridge, DEVELOPMENT).lanes = 4  # type: ignore[misc]


def test_the_clock_moves_only_where_a_file_says_so() -> None:
    assert isinstance(read(Weighbridge, DEVELOPMENT).clock, SystemClock)
    moved = read(Weighbridge, {**DEVELOPMENT, "CLOCK_OFFSET_FILE": "/run/offset"})
    assert isinstance(moved.clock, OffsetClock)


@pytest.mark.parametrize(
    ("name", "value"),
    [("AUDIT_COLLECTOR", "collector"), ("AUDIT_COLLECTOR", "collector:x"), ("AUDIT_KEPT_DAYS", "30")],
)
def test_an_unfit_setting_of_the_audit_stops_the_start(name: str, value: str) -> None:
    needed = {"AUDIT_COLLECTOR_CA": "/etc/ca.pem"}
    (problem,) = _problems(DEVELOPMENT | needed | {name: value})
    assert problem.startswith(name)


def test_a_collector_is_not_believed_without_its_authority() -> None:
    assert _problems(DEVELOPMENT | {"AUDIT_COLLECTOR": "collector:6514"}) == (
        "AUDIT_COLLECTOR_CA is not set",
    )


def test_a_secret_may_be_kept_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text("from-a-file-1,from-a-file-2\n")
    kept = {key: value for key, value in DEVELOPMENT.items() if key != "SCALE_PASSWORDS"}
    settings = read(Weighbridge, {**kept, "SCALE_PASSWORDS_FILE": str(tmp_path / "passwords")})
    assert settings.scale_passwords == ("from-a-file-1", "from-a-file-2")


def test_a_file_that_cannot_be_read_is_named_with_the_rest() -> None:
    problems = _problems({**DEVELOPMENT, "SCALE_URL": "", "AMQP_URI_FILE": "/nowhere/uri"})
    assert set(problems) == {
        "AMQP_URI_FILE cannot be read: No such file or directory", "SCALE_URL is not set",
    }  # fmt: skip
