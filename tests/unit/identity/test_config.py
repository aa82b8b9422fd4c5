"""The service does not start with settings it cannot work with."""

from __future__ import annotations

import pytest

from kit.config import ConfigurationError, read
from services.identity.config import Config

ENVIRONMENT = {
    "AMQP_URI": "memory://", "IDENTITY_DATABASE_URL": "sqlite://", "IDENTITY_HTTP_ADDRESS": "127.0.0.1:0",
    "PERSONAL_DATA_KEYS": "1:" + "3c" * 16, "BLIND_INDEX_KEY": "5a" * 32,
}  # fmt: skip


@pytest.mark.parametrize("name", ["IDENTITY_HOUSEHOLD_LIMIT", "IDENTITY_DELETION_DAYS"])
def test_limits_that_would_stop_everything_are_refused(name: str) -> None:
    read(Config, ENVIRONMENT | {name: "1"})
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {name: "0"})
    assert list(refused.value.problems) == [f"{name} must be at least 1"]
