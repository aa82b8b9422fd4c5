"""Secrets of a local instance are made once, kept private, and never changed."""

from __future__ import annotations

from pathlib import Path

from deploy.local.credentials import load_secrets
from kit.crypto import KeyRing, index_key


def test_secrets_are_made_once(tmp_path: Path) -> None:
    assert load_secrets(tmp_path) == load_secrets(tmp_path)


def test_two_instances_share_no_secret(tmp_path: Path) -> None:
    one, other = load_secrets(tmp_path / "one"), load_secrets(tmp_path / "other")
    assert set(one.values()).isdisjoint(other.values())


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    load_secrets(tmp_path)
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_came_later_is_added_and_the_others_stay(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    path = tmp_path / "secrets.env"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "QUOTE_KEYS" not in line))
    second = load_secrets(tmp_path)
    assert second.pop("QUOTE_KEYS") != first.pop("QUOTE_KEYS")
    assert second == first


def test_they_have_the_form_the_services_ask_for(tmp_path: Path) -> None:
    secrets = load_secrets(tmp_path)
    KeyRing.parse(secrets["PERSONAL_DATA_KEYS"])
    index_key(secrets["BLIND_INDEX_KEY"])
    KeyRing.parse(secrets["QUOTE_KEYS"])
    KeyRing.parse(secrets["ROW_SEAL_KEYS"])
