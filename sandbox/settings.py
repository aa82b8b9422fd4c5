"""Settings of the sandbox, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).parent

# The pretended parties' own credentials, used when the variable is not set. They open nothing outside
# this program: those of UnionPay are the published examples of its documentation.
DEMO_CREDENTIALS: Mapping[str, str] = {
    "WECHAT_APPID": "wx5a9db0c0de12366a",
    "WECHAT_SECRET": "sandbox-wechat-secret-0000000000",
    "TAXBANK_APP_ID": "12345678901234567890123456789012",
    "TAXBANK_APP_KEY": "67890123456789012345678901234567",
    "REALNAME_APP_ID": "09876543210987654321098765432109",
    "REALNAME_APP_KEY": "sandbox-realname-app-key-0000000",
    "SEAL_APP_ID": "23456789012345678901234567890123",
    "SEAL_APP_KEY": "sandbox-seal-app-key-00000000000",
    "SEAL_CA": "",
    "UNIONPAY_APP_ID": "12345678901234567890123456789012",
    "UNIONPAY_APP_KEY": "67890123456789012345678901234567",
    "UNIONPAY_COMMUNICATION_KEYS": "fcAmtnx7MwismjWNhNKdHC44mNXtnEQeJkRrhKJwyrW2ysRR",
    "UNIONPAY_MSG_SRC": "WWW.TEST.COM",
    "UNIONPAY_SOURCE_NUMBER": "3194",
    "UNIONPAY_MID": "898340149000005",
    "UNIONPAY_TID": "88880001",
    "UNIONPAY_INST_MID": "YUEDANDEFAULT",
    "TENCENT_SECRET_ID": "AKIDsandboxsandboxsandboxsandbox0000",
    "TENCENT_SECRET_KEY": "sandbox-tencent-secret-key-00000",
    "TENCENT_SMS_APP_ID": "1400006666",
    "SMS_SIGN_NAME": "广西税务",
    "ALIYUN_ACCESS_KEY_ID": "LTAIsandboxsandbox0000",
    "ALIYUN_ACCESS_KEY_SECRET": "sandbox-aliyun-secret-key-000000",
    "SMS_GATEWAY_USER": "bureau",
    "SMS_GATEWAY_KEY": "sandbox-sms-gateway-key-00000000",
}


# Merchants of single agencies or cities, beside the default one.
DEMO_MERCHANTS = frozenset({("898450100000001", "45010001"), ("898450200000002", "45020001")})


class BadSettings(Exception):
    """A setting is missing or cannot be used; the message names every one of them."""


@dataclass(frozen=True)
class Settings:
    """Where the sandbox listens, where it keeps its state, and the credentials it verifies."""

    host: str = "127.0.0.1"
    port: int = 8090
    database: str = "sandbox.sqlite3"
    seed: int = 1
    residents: int = 10_000
    sms_templates: Path = Path("services/notify/templates.json")
    environment: str = "development"
    clock_offset_file: Path | None = None
    merchants: frozenset[tuple[str, ...]] = DEMO_MERCHANTS
    sms_receipt_url: str = ""
    entry_url: str = ""
    credentials: Mapping[str, str] = field(default_factory=lambda: dict(DEMO_CREDENTIALS))

    def __getitem__(self, name: str) -> str:
        """The credential of that environment name, e.g. ``settings["UNIONPAY_MID"]``."""
        return self.credentials[name]

    @property
    def communication_keys(self) -> list[str]:
        """UnionPay's communication keys, newest first: any may sign a call, notifies and answers the newest."""
        return _listed(self["UNIONPAY_COMMUNICATION_KEYS"])

    @property
    def unionpay_app_keys(self) -> list[str]:
        """Keys of the open platform, any of which may sign: while one is rotated there are two."""
        return _listed(self["UNIONPAY_APP_KEY"])

    @property
    def all_merchants(self) -> list[tuple[str, ...]]:
        """mid and tid of every merchant, the default one first."""
        return [(self["UNIONPAY_MID"], self["UNIONPAY_TID"]), *sorted(self.merchants)]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; raises ``BadSettings`` naming everything wrong at once."""
        wrong: list[str] = []
        host, _, port = environ.get("SANDBOX_ADDRESS", "127.0.0.1:8090").rpartition(":")
        seed, residents = environ.get("SANDBOX_SEED", "1"), environ.get("SANDBOX_RESIDENTS", "10000")
        for name, value in (
            ("SANDBOX_ADDRESS", port),
            ("SANDBOX_SEED", seed),
            ("SANDBOX_RESIDENTS", residents),
        ):
            if not value.isdigit():
                wrong.append(f"{name} must hold a number, not {value!r}")
        credentials = {name: environ.get(name) or demo for name, demo in DEMO_CREDENTIALS.items()}
        if len(credentials["UNIONPAY_SOURCE_NUMBER"]) != 4:
            wrong.append("UNIONPAY_SOURCE_NUMBER must have 4 characters")
        if environ.get("ENVIRONMENT", "development") == "production":
            wrong.append("ENVIRONMENT=production: the sandbox is not for production")
        given = _listed(environ.get("SANDBOX_MERCHANTS", ""))
        merchants = frozenset(tuple(pair.split(":")) for pair in given) or DEMO_MERCHANTS
        if any(len(pair) != 2 for pair in merchants):
            wrong.append("SANDBOX_MERCHANTS must hold mid:tid, separated by commas")
        if wrong:
            raise BadSettings("sandbox cannot start:\n  " + "\n  ".join(wrong))
        offset = environ.get("CLOCK_OFFSET_FILE")
        return cls(
            host=host or "127.0.0.1",
            port=int(port),
            database=environ.get("SANDBOX_DATABASE", "sandbox.sqlite3"),
            seed=int(seed),
            residents=int(residents),
            sms_templates=Path(environ.get("SANDBOX_SMS_TEMPLATES", "services/notify/templates.json")),
            environment=environ.get("ENVIRONMENT", "development"),
            clock_offset_file=Path(offset) if offset else None,
            merchants=merchants,
            sms_receipt_url=environ.get("SANDBOX_SMS_RECEIPT_URL", ""),
            entry_url=environ.get("SANDBOX_ENTRY_URL", ""),
            credentials=credentials,
        )


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
