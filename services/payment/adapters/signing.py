"""The communication key's signature (protocols.md §1): of notifies on both routes, of everything on its own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

_ALGORITHMS = {"MD5": "md5", "SHA256": "sha256"}


def communication_signature(fields: Mapping[str, Any], key: str, algorithm: str) -> str:
    """What the communication key signs with md5 or sha256, in lower-case hex: the fields by name, raw, and the key
    with no separator; only `sign` itself is left out."""
    text = "&".join(f"{name}={_raw(fields[name])}" for name in sorted(fields) if name != "sign")
    return hashlib.new(algorithm, (text + key).encode()).hexdigest()


def signed(fields: Mapping[str, Any], key: str, sign_type: str) -> dict[str, Any]:
    """The fields with their signType and sign."""
    named = {**fields, "signType": sign_type}
    return named | {"sign": communication_signature(named, key, _ALGORITHMS[sign_type]).upper()}


def genuine(fields: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """Whether one of the keys has signed: they are rotated with an overlap. Without a signType it is MD5."""
    algorithm = _ALGORITHMS.get(str(fields.get("signType", "MD5")).upper())
    sign = str(fields.get("sign", "")).lower().encode()
    return algorithm is not None and any(
        hmac.compare_digest(communication_signature(fields, key, algorithm).encode(), sign) for key in keys
    )


def _raw(value: Any) -> str:
    """A value as it stands in the message; how an object inside one is signed is not published [A]: compact JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
