"""SM4-GCM for personal data, HMAC-SM3 to find it again and to seal rows (design.md §7, security.md 10).

A ciphertext is `version (1 byte) ‖ nonce (12) ‖ SM4-GCM(plaintext) ‖ tag (16)`. The context (table and column, or
the kind of token) is authenticated with it, so that a ciphertext moved elsewhere does not open.
"""

from __future__ import annotations

import base64
import functools
import os
from collections.abc import Mapping
from hmac import compare_digest
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kit.variables import text_of

_NONCE = 12
_TAG = 16
_KEY = 16


class BadKeys(ValueError):
    """The key setting is missing, malformed, too short or a sample. The message never repeats a key."""


_MALFORMED = BadKeys("expected VERSION:32-HEX-DIGITS, comma separated")
_PRINTED = {
    "0123456789abcdeffedcba9876543210", "2b7e151628aed2a6abf7158809cf4f3c", "deadbeefdeadbeefdeadbeefdeadbeef",
    "0123456789abcdef0123456789abcdef",
}  # fmt: skip
"""The keys of GB/T 32907, of FIPS 197 and what people type."""


class Unreadable(ValueError):
    """The ciphertext was altered, moved, or sealed with a key we do not have."""


class KeyRing:
    """SM4 keys by version (1–255). New data is sealed with the highest; older versions still open."""

    def __init__(self, keys: Mapping[int, bytes], active: int | None = None) -> None:
        if not keys or any(not 1 <= version <= 255 or len(key) != _KEY for version, key in keys.items()):
            raise BadKeys("keys must be 16 bytes each, numbered 1 to 255")
        self._keys = dict(keys)
        self.active = max(keys) if active is None else active

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """From a setting like `1:<32 hex digits>,2:<32 hex digits>`; a key may be wrapped (kit/master.py).

        While a new key is brought to every process the old one is starred and goes on sealing: `1*:…,2:…`. Raises
        BadKeys, also for a key that is a sample.
        """
        parts = [part.strip().partition(":") for part in text.split(",") if part.strip()]
        try:
            keys = {int(version.rstrip("*")): checked(key_of(key), _KEY) for version, _, key in parts}
            starred = [int(version.rstrip("*")) for version, _, _ in parts if version.endswith("*")]
        except ValueError as error:
            raise error if isinstance(error, BadKeys) else _MALFORMED from None
        if len(keys) < len(parts):
            raise BadKeys("a version has two keys")
        if len(starred) > 1:
            raise BadKeys("two keys are starred")
        return cls(keys, *starred)

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt and authenticate."""
        nonce = os.urandom(_NONCE)
        encryptor = Cipher(algorithms.SM4(self._keys[self.active]), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(context.encode())
        body = encryptor.update(plaintext) + encryptor.finalize()
        return bytes([self.active]) + nonce + body + encryptor.tag

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for the same context. Raises Unreadable."""
        if len(sealed) < 1 + _NONCE + _TAG or sealed[0] not in self._keys:
            raise Unreadable("not sealed with a known key")
        nonce, body, tag = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE : -_TAG], sealed[-_TAG:]
        decryptor = Cipher(algorithms.SM4(self._keys[sealed[0]]), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(context.encode())
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag:
            raise Unreadable("altered, or sealed for another place") from None

    def seal_text(self, text: str, context: str) -> str:
        """A URL-safe token."""
        return base64.urlsafe_b64encode(self.seal(text.encode(), context)).decode().rstrip("=")

    def open_text(self, token: str, context: str) -> str:
        """What `seal_text` sealed. Raises Unreadable."""
        try:
            sealed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (ValueError, UnicodeEncodeError):
            raise Unreadable("not a token") from None
        return self.open(sealed, context).decode()

    def sign(self, message: bytes) -> bytes:
        """`version ‖ HMAC-SM3`, which nobody without the key can make."""
        return bytes([self.active]) + hmac_sm3(self._keys[self.active], message)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether `sign` made this of the message, with any of the keys."""
        key = self._keys.get(signature[0]) if signature else None
        return key is not None and compare_digest(signature[1:], hmac_sm3(key, message))


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """HMAC-SM3, 32 bytes."""
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(message)
    return mac.finalize()


def index_key(text: str) -> bytes:
    """The blind-index key from its setting (64 hex digits). Raises BadKeys."""
    try:
        return checked(key_of(text), 32)
    except ValueError as error:
        raise error if isinstance(error, BadKeys) else BadKeys("expected 64 hex digits") from None


def checked(key: bytes, length: int) -> bytes:
    """A key that is long enough and no sample: none that is printed in a standard, and none with a pattern, which no
    random source gives in a lifetime. Raises BadKeys."""
    if len(key) != length:
        raise BadKeys(f"expected {2 * length} hex digits")
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    if len(set(key)) <= length // 3 or len(steps) <= 2 or key.hex()[:32] in _PRINTED:
        raise BadKeys("a sample, not a key")
    return key


def key_of(text: str) -> bytes:
    """A key as it is written down, plain or wrapped. Raises BadKeys, ValueError."""
    if text.startswith("w."):
        from kit.master import unwrap  # which stands on this module

        return unwrap(text)
    return bytes.fromhex(text)


@functools.cache
def personal_data_keys() -> KeyRing:
    """The process's keys for personal fields, from PERSONAL_DATA_KEYS."""
    return KeyRing.parse(text_of("PERSONAL_DATA_KEYS"))


@functools.cache
def row_seal_keys() -> KeyRing:
    """The process's keys for seals of rows (kit/seals.py), from ROW_SEAL_KEYS."""
    return KeyRing.parse(text_of("ROW_SEAL_KEYS"))


@functools.cache
def _index_key() -> bytes:
    return index_key(text_of("BLIND_INDEX_KEY"))


def blind_index(purpose: str, value: str) -> bytes:
    """What finds an encrypted value again: the same value and purpose always give the same 32 bytes."""
    return hmac_sm3(_index_key(), f"{purpose}\0{value}".encode())
