"""What contribution refuses to start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.settings import LocalSettings, Mode
from kit.config import ConfigurationError, read
from services.contribution.config import Config


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return dict(LocalSettings.load(Mode.EMBEDDED, tmp_path, 9000).service("contribution"))


def test_every_upstream_has_limits_of_its_own(environment: dict[str, str]) -> None:
    upstreams = read(Config, environment | {"TAXCORE_LIMIT": "3", "TAXCORE_TIMEOUT": "4"}).upstreams
    assert set(upstreams) == {"taxbank", "taxcore"}
    assert (upstreams["taxcore"].in_flight, upstreams["taxcore"].seconds) == (3, 5.0)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [({"TAXCORE_WIRE": "/nowhere/taxcore.toml"}, "TAXCORE_WIRE: cannot be read"),
     ({"TAXCORE_LIMIT": "0"}, "TAXCORE_LIMIT: must be at least 1"),
     ({"TAXCORE_LIMIT": "40"}, "CONTRIBUTION_MAX_WORKERS: must be more than all upstreams' limits together"),
     ({"TYPED_PEOPLE_PER_DAY": "0"}, "TYPED_PEOPLE_PER_DAY: must be at least 1"),
     ({"TAXCORE_URL": ""}, "TAXCORE_URL is not set")],
)  # fmt: skip
def test_unfit_settings_are_named(environment: dict[str, str], changed: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read(Config, environment | changed)
