"""Keys for the tests, new for every run: none that is ever written down could open anything."""

from __future__ import annotations

import os
import secrets

from deploy.environment import staff_key_name
from deploy.topology import FOR_STAFF


def ring(version: int = 1) -> str:
    """A ring of one key, as a setting."""
    return f"{version}:{secrets.token_hex(16)}"


KEYS = {
    name: os.environ.setdefault(name, key)
    for name, key in {
        "BLIND_INDEX_KEY": secrets.token_hex(32), "PERSONAL_DATA_KEYS": ring(), "ROW_SEAL_KEYS": ring(),
    }.items()
}  # fmt: skip
"""What every service needs; in the environment too, for those that look there and for processes of their own."""
STAFF_KEYS = ring()
"""By which a service under test knows the staff; of every service in the environment too."""
for _service in FOR_STAFF:
    os.environ.setdefault(staff_key_name(_service), STAFF_KEYS)
QUOTE_KEYS = os.environ.setdefault("QUOTE_KEYS", ring())
