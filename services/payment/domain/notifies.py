"""What UnionPay says of its own accord."""

from __future__ import annotations

from typing import NamedTuple


class Notify(NamedTuple):
    """A genuine notify: `raw` are its fields as JSON, and `digest` tells it from every other."""

    digest: str
    mer_order_id: str
    raw: str
    attempts: int = 0
