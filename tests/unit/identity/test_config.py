"""The service does not start with settings it cannot work with."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.config import ConfigurationError, read
from services.identity.config import Config
from tests.factories.keys import KEYS, STAFF_KEYS

ENVIRONMENT = {
    "AMQP_URI": "memory://", "IDENTITY_DATABASE_URL": "sqlite://", "IDENTITY_HTTP_ADDRESS": "127.0.0.1:0",
    **KEYS, "IDENTITY_STAFF_KEYS": STAFF_KEYS,
    "REALNAME_URL": "http://127.0.0.1:9", "REALNAME_APP_ID": "a" * 32, "REALNAME_APP_KEY": "b" * 32,
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "IDENTITY_HOUSEHOLD_LIMIT", "IDENTITY_DELETION_DAYS", "IDENTITY_LOGIN_REUSE_SECONDS",
        "IDENTITY_GUESS_WINDOW_SECONDS", "IDENTITY_GUESSES_PER_PHONE", "IDENTITY_GUESSES_PER_DOCUMENT",
        "IDENTITY_GUESSES_PER_OPENID", "IDENTITY_GUESSES_PER_IP",
    ],
)  # fmt: skip
def test_limits_that_would_stop_everything_are_refused(name: str) -> None:
    read(Config, ENVIRONMENT | {name: "1"})
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {name: "0"})
    assert list(refused.value.problems) == [f"{name} must be at least 1"]


@pytest.mark.parametrize("seconds", ["0", "601"])
def test_a_code_that_lives_longer_than_ten_minutes_stops_the_start(seconds: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {"IDENTITY_CODE_VALID_SECONDS": seconds})
    assert list(refused.value.problems) == ["IDENTITY_CODE_VALID_SECONDS must be 1 to 600"]


@pytest.mark.parametrize("seconds", ["0", "-1", "4.5", "nan"])
def test_a_registry_that_may_keep_everybody_waiting_is_refused(seconds: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {"REALNAME_TIMEOUT": seconds})
    assert list(refused.value.problems) == ["REALNAME_TIMEOUT must be more than 0 and at most 4.0"]


def test_the_half_hour_and_the_caps_reach_the_use_cases() -> None:
    settings = read(Config, ENVIRONMENT)
    assert settings.login_reuse == settings.code_rules.guess_window == dt.timedelta(minutes=30)
    rules = settings.code_rules
    caps = (
        rules.guesses_per_phone,
        rules.guesses_per_document,
        rules.guesses_per_openid,
        rules.guesses_per_network,
    )
    assert caps == (10, 10, 20, 500)


def test_production_refuses_a_registry_on_this_machine() -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {"ENVIRONMENT": "production"})
    assert "REALNAME_URL: must be https and not this machine" in refused.value.problems
