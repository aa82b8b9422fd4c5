"""The command that makes keys, and keeps them from whoever reads the settings."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from kit import keys
from kit.crypto import KeyRing
from tests.factories.keys import ring


def test_the_command_makes_and_wraps_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.delenv("MASTER_KEY", raising=False)
    assert keys.main(["new"], said.append) == 0
    assert len(bytes.fromhex(said[-1])) == 16
    held = tmp_path / "master"
    held.touch(0o600)
    held.write_text(secrets.token_hex(16))
    monkeypatch.setenv("MASTER_KEY", f"file:{held}")
    assert keys.main(["new"], said.append) == 0
    monkeypatch.setenv("ROW_SEAL_KEYS", f"{ring()},2:{said[-1]}")
    assert keys.main(["wrap", "ROW_SEAL_KEYS"], said.append) == 0
    before, after = KeyRing.parse(os.environ["ROW_SEAL_KEYS"]), KeyRing.parse(said[-1])
    assert after.active == 2
    assert after.open(before.seal(b"x", "c"), "c") == b"x"
    assert said[-1].count("w.") == 2
