"""Settings from the environment."""

import pytest

from sandbox.settings import BadSettings, Settings


def test_defaults() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.residents) == ("127.0.0.1", 8090, 10_000)
    assert settings["UNIONPAY_SOURCE_NUMBER"] == "3194"


def test_credentials_are_those_of_the_services() -> None:
    settings = Settings.from_environment({"WECHAT_APPID": "wx1", "UNIONPAY_COMMUNICATION_KEYS": "new, old"})
    assert settings["WECHAT_APPID"] == "wx1"
    assert settings.communication_keys == ["new", "old"]


def test_merchants() -> None:
    settings = Settings.from_environment({"SANDBOX_MERCHANTS": "m1:t1, m2:t2"})
    assert settings.all_merchants == [("898340149000005", "88880001"), ("m1", "t1"), ("m2", "t2")]


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(BadSettings) as error:
        Settings.from_environment(
            {
                "SANDBOX_ADDRESS": "nowhere",
                "UNIONPAY_SOURCE_NUMBER": "1",
                "ENVIRONMENT": "production",
                "SANDBOX_MERCHANTS": "m1",
            }
        )
    for name in ("SANDBOX_ADDRESS", "UNIONPAY_SOURCE_NUMBER", "production", "SANDBOX_MERCHANTS"):
        assert name in str(error.value)
