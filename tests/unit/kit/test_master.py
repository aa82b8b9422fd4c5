"""Keys: none that is missing, short or a sample; wrapped ones open under their master key, wherever that is."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from kit import master
from kit.config import ConfigurationError, ServiceConfig, read
from kit.crypto import BadKeys, KeyRing, index_key
from tests.factories.keys import KEYS

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PATTERNS = (
    "00" * 16, "ff" * 16, "3c" * 16, "0102" * 8, bytes(range(16)).hex(), bytes(range(16, 0, -1)).hex(),
    "0123456789abcdeffedcba9876543210", "2b7e151628aed2a6abf7158809cf4f3c", "00112233445566778899aabbccddeeff",
)  # fmt: skip


@pytest.mark.parametrize("key", PATTERNS)
def test_a_sample_is_no_key(key: str) -> None:
    with pytest.raises(BadKeys, match="a sample"):
        KeyRing.parse(f"1:{key}")
    with pytest.raises(BadKeys, match="a sample"):
        index_key(key * 2)
    with pytest.raises(BadKeys, match="a sample"):
        master.own_master(key)


def test_no_random_key_is_taken_for_a_sample() -> None:
    for _ in range(20_000):
        KeyRing.parse(f"1:{secrets.token_hex(16)}")


@pytest.mark.parametrize("name", sorted(KEYS))
def test_nothing_starts_on_a_sample(name: str) -> None:
    sample = "5a" * 32 if name == "BLIND_INDEX_KEY" else "1:" + "3c" * 16
    environment = {
        "_DATABASE_URL": "sqlite://",
        "_HTTP_ADDRESS": "127.0.0.1:0",
        "AMQP_URI": "memory://",
        **KEYS,
    }
    read(ServiceConfig, environment)
    with pytest.raises(ConfigurationError) as refused:
        read(ServiceConfig, environment | {name: sample})
    assert refused.value.problems == (f"{name}: a sample, not a key",)


def test_a_starred_key_goes_on_sealing_while_a_new_one_is_brought_everywhere() -> None:
    first, second = secrets.token_hex(16), secrets.token_hex(16)
    before, meanwhile = KeyRing.parse(f"1:{first}"), KeyRing.parse(f"1*:{first}, 2:{second}")
    after = KeyRing.parse(f"1:{first},2:{second}")
    assert before.open(meanwhile.seal(b"x", "c"), "c") == b"x"
    assert meanwhile.open(after.seal(b"x", "c"), "c") == b"x"
    assert after.seal(b"x", "c")[0] == 2
    with pytest.raises(BadKeys, match="starred"):
        KeyRing.parse(f"1*:{first},2*:{second}")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "master-key"
    path.write_text(secrets.token_hex(16) + "\n")
    path.chmod(0o600)
    return f"file:{path}"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A token of SoftHSM with a key in it."""
    pkcs11 = pytest.importorskip("pkcs11")
    if not SOFTHSM.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("no softhsm2 on this machine")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    pin = secrets.token_hex(8)
    (tmp_path / "pin").write_text(pin)
    (tmp_path / "pin").chmod(0o600)
    command = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "tax keys",
        "--so-pin",
        pin,
        "--pin",
        pin,
    ]
    subprocess.run(command, check=True, capture_output=True)
    lib = pkcs11.lib(str(SOFTHSM))
    lib.reinitialize()
    with lib.get_token(token_label="tax keys").open(user_pin=pin, rw=True) as session:
        session.generate_key(pkcs11.KeyType.AES, 256, label="master", store=True)
    return f"pkcs11:token=tax%20keys;object=master?module-path={SOFTHSM}&pin-source={tmp_path / 'pin'}"


@pytest.fixture(params=["environment", "file", "token"])
def setting(request: pytest.FixtureRequest) -> str:
    if request.param == "environment":
        return secrets.token_hex(16)
    found: str = request.getfixturevalue(request.param)
    return found


def test_a_wrapped_key_opens_under_its_master_key(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_KEY", setting)
    plain = secrets.token_bytes(16)
    held = master.own_master(setting)
    assert held is not None
    wrapped = master.wrap(plain, held)
    assert plain.hex() not in wrapped
    ring_ = KeyRing.parse(f"1:{wrapped}")
    assert KeyRing({1: plain}).open(ring_.seal(b"x", "c"), "c") == b"x"
    damaged = wrapped[:-4] + ("AAAA" if wrapped[-4:] != "AAAA" else "BBBB")
    with pytest.raises(BadKeys):
        KeyRing.parse(f"1:{damaged}")
    monkeypatch.setenv("MASTER_KEY", secrets.token_hex(16))
    with pytest.raises(BadKeys, match="another MASTER_KEY"):
        KeyRing.parse(f"1:{wrapped}")
    monkeypatch.delenv("MASTER_KEY")
    with pytest.raises(BadKeys, match="needs MASTER_KEY"):
        KeyRing.parse(f"1:{wrapped}")


def test_a_token_that_is_not_there_stops_the_start(token: str) -> None:
    held = master.own_master(token.replace("object=master", "object=other"))
    assert held is not None
    with pytest.raises(BadKeys, match="cannot be used"):
        held.wrap(bytes(16))
    with pytest.raises(BadKeys, match="lacks"):
        master.own_master(token.partition("&")[0])


def test_a_file_others_may_read_is_no_place_for_a_key(file: str) -> None:
    path = Path(file.removeprefix("file:"))
    path.chmod(0o640)
    with pytest.raises(BadKeys, match="0600"):
        master.own_master(file)
    with pytest.raises(BadKeys, match="cannot read"):
        master.own_master(f"{file}-gone")
