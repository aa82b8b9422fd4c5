"""What all tables of payment belong to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer

from kit.migrations import new_metadata

metadata = new_metadata()

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite only numbers rows by itself for INTEGER."""
