"""Secrets of a local instance: made once from the system's random source, kept in `<state>/secrets.env`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.broker import EXAMPLE, MIGRATION, PUBLISHER
from deploy.environment import staff_key_name
from deploy.local.seal_root import new_root
from deploy.topology import FOR_STAFF, OUTSIDE, SERVICES

_GENERATED: Mapping[str, Callable[[], str]] = {
    "PERSONAL_DATA_KEYS": lambda: f"1:{secrets.token_hex(16)}",
    "BLIND_INDEX_KEY": lambda: secrets.token_hex(32),
    "QUOTE_KEYS": lambda: f"1:{secrets.token_hex(16)}",
    "PUBLISHER_KEYS": lambda: f"/{EXAMPLE.removeprefix(PUBLISHER)}={secrets.token_hex(32)}",
    f"{EXAMPLE.upper().replace('-', '_')}_BROKER_PASSWORD": lambda: secrets.token_hex(16),
    "ROW_SEAL_KEYS": lambda: f"1:{secrets.token_hex(16)}",
    "WECHAT_APPID": lambda: f"wx{secrets.token_hex(8)}",
    "WECHAT_SECRET": lambda: secrets.token_hex(16),
    "TAXBANK_APP_ID": lambda: secrets.token_hex(16),
    "TAXBANK_APP_KEY": lambda: secrets.token_hex(16),
    "REALNAME_APP_ID": lambda: secrets.token_hex(16),
    "REALNAME_APP_KEY": lambda: secrets.token_hex(16),
    "UNIONPAY_APP_ID": lambda: secrets.token_hex(16),
    "UNIONPAY_APP_KEY": lambda: secrets.token_hex(16),
    "UNIONPAY_COMMUNICATION_KEYS": lambda: secrets.token_hex(24),
    "TENCENT_SECRET_ID": lambda: f"AKID{secrets.token_hex(16)}",
    "TENCENT_SECRET_KEY": lambda: secrets.token_hex(16),
    "ALIYUN_ACCESS_KEY_ID": lambda: f"LTAI{secrets.token_hex(10)}",
    "ALIYUN_ACCESS_KEY_SECRET": lambda: secrets.token_hex(15),
    "SMS_GATEWAY_KEY": lambda: secrets.token_hex(16),
    "SMS_RECEIPT_TOKEN": lambda: secrets.token_hex(24),
    "SEAL_APP_ID": lambda: secrets.token_hex(16),
    "SEAL_APP_KEY": lambda: secrets.token_hex(16),
    "SEAL_CA": new_root,
    **{staff_key_name(name): lambda: f"1:{secrets.token_hex(16)}" for name in FOR_STAFF},
    "POSTGRESQL_ADMIN_PASSWORD": lambda: secrets.token_hex(16),
    "POSTGRESQL_REPLICATION_PASSWORD": lambda: secrets.token_hex(16),
    "GRAFANA_PASSWORD": lambda: secrets.token_hex(16),
    "BACKUP_KEY": lambda: secrets.token_hex(32),
    "SUPERVISOR_PASSWORD": lambda: secrets.token_hex(16),
    "ERLANG_COOKIE": lambda: secrets.token_hex(16),
    **{f"{name.upper()}_DATABASE_PASSWORD": lambda: secrets.token_hex(16) for name in SERVICES},
    **{
        f"{name.upper()}_BROKER_PASSWORD": lambda: secrets.token_hex(16)
        for name in (*SERVICES, *OUTSIDE, MIGRATION)
    },
}


def load_secrets(state: Path) -> dict[str, str]:
    """The secrets of the instance in this directory; those that do not exist yet are made and written (0600).

    A secret once made is never changed here: what is encrypted with it would be lost.
    """
    path = state / "secrets.env"
    known = _read(path)
    missing = {name: make() for name, make in _GENERATED.items() if name not in known}
    if missing:
        state.mkdir(parents=True, exist_ok=True)
        _write(path, known | missing)
    return known | missing


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, _, value in pairs if name}


def _write(path: Path, values: Mapping[str, str]) -> None:
    # Written beside and moved over, so that a crash leaves the old file or the new one, never half of one.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
