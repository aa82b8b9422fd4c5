"""The service does not start with settings it cannot work with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.config import ConfigurationError, read
from services.notify import templates
from services.notify.config import Config
from tests.unit.notify.test_wording import ENVIRONMENT


def refused(**changed: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        read(Config, ENVIRONMENT | changed)
    return "\n".join(error.value.problems)


def test_all_missing_settings_are_told_together() -> None:
    with pytest.raises(ConfigurationError) as error:
        read(Config, {})
    for name in (
        "NOTIFY_DATABASE_URL",
        "TENCENT_SECRET_ID",
        "TENCENT_SECRET_KEY",
        "TENCENT_SMS_APP_ID",
        "SMS_RECEIPT_TOKEN",
    ):
        assert f"{name} is not set" in error.value.problems


def test_a_templates_file_that_is_not_there_refuses_to_start(tmp_path: Path) -> None:
    assert "cannot read" in refused(SMS_TEMPLATES=str(tmp_path / "none.json"))


def test_templates_with_a_variable_missing_refuse_to_start(tmp_path: Path) -> None:
    path = tmp_path / "templates.json"
    data = json.loads((Path(templates.__file__).parent / "templates.json").read_text(encoding="utf-8"))
    data["templates"][0] |= {"text": "您的验证码是{1}。", "params": ["code"]}
    path.write_text(json.dumps(data), encoding="utf-8")
    assert refused(SMS_TEMPLATES=str(path)) == "SMS_TEMPLATES: login_code: minutes is missing"


@pytest.mark.parametrize("name", ["NOTIFY_SENDERS", "NOTIFY_LOOKUP_GRACE_SECONDS"])
def test_settings_that_would_stop_all_sending_are_refused(name: str) -> None:
    assert refused(**{name: "0"}) == f"{name} must be at least 1"


def test_who_was_told_what_is_kept_for_half_a_year_at_least() -> None:
    assert "NOTIFY_KEPT_DAYS must be at least 183" in refused(NOTIFY_KEPT_DAYS="182")
    assert read(Config, ENVIRONMENT | {"NOTIFY_KEPT_DAYS": "183"}).kept.days == 183


def test_production_wants_a_real_provider() -> None:
    found = refused(
        ENVIRONMENT="production", TENCENT_SMS_URL="http://127.0.0.1:8090", TENCENT_SECRET_KEY="sandbox-1"
    )
    assert "TENCENT_SMS_URL: must be https and not this machine" in found
    assert "TENCENT_SECRET_KEY: too short, or a sample" in found


def test_settings_are_shown_without_secrets() -> None:
    assert "Gu5t9x" not in repr(read(Config, ENVIRONMENT | {"TENCENT_SECRET_KEY": "Gu5t9x-secret"}))
