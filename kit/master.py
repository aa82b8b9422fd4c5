"""The master key, under which all other keys may be written down wrapped (docs/adr/0025).

`MASTER_KEY` says where it is:

    0f3a…                                  32 hex digits, in the variable itself
    file:/run/secrets/master-key           a file with them, which only its owner may read (0600)
    pkcs11:token=tax;object=master?module-path=/usr/lib/….so&pin-source=/run/secrets/pin
                                           a key that never leaves a token (RFC 7512); its PIN is in such a file
"""

from __future__ import annotations

import base64
import functools
import os
import stat
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

from kit.crypto import BadKeys, KeyRing, Unreadable, checked

WRAPPED = "w."
"""What a wrapped key begins with."""
_CONTEXT = "wrapped key"
_NONCE, _TAG_BITS = 12, 128


class Master(Protocol):
    """Wraps keys, and opens them again."""

    def wrap(self, key: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises Unreadable."""
        ...


def wrap(key: bytes, master: Master) -> str:
    """A key as it may be written down."""
    return WRAPPED + base64.urlsafe_b64encode(master.wrap(key)).decode().rstrip("=")


def unwrap(text: str) -> bytes:
    """The key of such a text, by this process's master key. Raises BadKeys."""
    master = own_master(os.environ.get("MASTER_KEY", ""))
    if master is None:
        raise BadKeys("a wrapped key needs MASTER_KEY")
    body = text.removeprefix(WRAPPED)
    try:
        return master.unwrap(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (Unreadable, ValueError):
        raise BadKeys("wrapped under another MASTER_KEY") from None


@functools.cache
def own_master(setting: str) -> Master | None:
    """The master key a setting names; None where there is none. Raises BadKeys."""
    if not setting:
        return None
    if setting.startswith("pkcs11:"):
        return TokenMaster(setting)
    if setting.startswith("file:"):
        return SoftMaster(private_text(Path(setting.removeprefix("file:"))))
    return SoftMaster(setting)


def private_text(path: Path) -> str:
    """A secret from a file that only its owner may read. Raises BadKeys."""
    try:
        state = path.stat()
        if stat.S_IMODE(state.st_mode) & 0o077 or state.st_uid not in (os.geteuid(), 0):
            raise BadKeys(f"{path} must be readable by its owner alone (0600)")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise BadKeys(f"cannot read {path}") from None


class SoftMaster:
    """A master key in this process: SM4-GCM."""

    def __init__(self, text: str) -> None:
        try:
            key = bytes.fromhex(text)
        except ValueError:
            raise BadKeys("the master key: expected 32 hex digits") from None
        self._ring = KeyRing({1: checked(key, 16)})

    def wrap(self, key: bytes) -> bytes:
        return self._ring.seal(key, _CONTEXT)

    def unwrap(self, wrapped: bytes) -> bytes:
        return self._ring.open(wrapped, _CONTEXT)


class TokenMaster:
    """A master key in a token, which does the work: AES-GCM, the mechanism tokens have in common."""

    def __init__(self, uri: str) -> None:
        path, _, query = uri.removeprefix("pkcs11:").partition("?")
        named = dict(part.partition("=")[::2] for part in path.split(";"))
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        try:
            self._module, pin = asked["module-path"], private_text(Path(asked["pin-source"]))
            self._token, self._object = unquote(named["token"]), unquote(named["object"])
        except KeyError as missing:
            raise BadKeys(f"MASTER_KEY: the pkcs11 address lacks {missing}") from None
        self._pin = pin

    def wrap(self, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._with_key(lambda held, gcm: held.encrypt(key, **gcm), nonce)

    def unwrap(self, wrapped: bytes) -> bytes:
        nonce, body = wrapped[:_NONCE], wrapped[_NONCE:]
        return self._with_key(lambda held, gcm: held.decrypt(body, **gcm), nonce)

    def _with_key(self, work: Any, nonce: bytes) -> bytes:
        """What the token makes of it. Raises BadKeys where the token or its key is not to be had, Unreadable where it
        refuses."""
        # Only where keys are in a token need its library be there (docs/adr/0008).
        import pkcs11
        from pkcs11.mechanisms import GCMParams

        gcm = {
            "mechanism": pkcs11.Mechanism.AES_GCM,
            "mechanism_param": GCMParams(nonce, _CONTEXT.encode(), _TAG_BITS),
        }
        try:
            token = pkcs11.lib(self._module).get_token(token_label=self._token)
            with token.open(user_pin=self._pin) as session:
                held = session.get_key(label=self._object, object_class=pkcs11.ObjectClass.SECRET_KEY)
                return bytes(work(held, gcm))
        except (pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange, pkcs11.GeneralError):
            raise Unreadable("the token refused a wrapped key") from None
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise BadKeys(f"MASTER_KEY: the token cannot be used: {type(error).__name__}") from None
