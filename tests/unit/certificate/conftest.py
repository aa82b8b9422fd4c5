"""Keys for blind indexes; they protect nothing."""

from __future__ import annotations

import os

os.environ.setdefault("BLIND_INDEX_KEY", "5a" * 32)
os.environ.setdefault("PERSONAL_DATA_KEYS", "1:" + "3c" * 16)
