"""Tables of the console."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from kit.audit import journal_table
from kit.columns import EncryptedText, Moment
from kit.migrations import new_metadata
from kit.seals import RowSeal, seal_column

metadata = new_metadata()

journal = journal_table(metadata)

accounts = Table(
    "accounts", metadata,
    Column("account", String(32), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("role", String(16), nullable=False),
    Column("pooling_code", String(6), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("secret", EncryptedText("accounts.secret"), nullable=False),
    Column("last_step", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed_at", Moment),
    Column("locked_until", Moment),
    Column("disabled_at", Moment),
    Column("created_by", String(80), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_login_at", Moment),
    seal_column(),
)  # fmt: skip
"""The staff. Passwords as argon2id; rows are never deleted, because the journal names them."""

ACCOUNT_SEAL = RowSeal(
    accounts, "account", "name", "role", "pooling_code", "password_hash", "must_change", "secret", "disabled_at",
    "created_by", "created_at",
)  # fmt: skip
SEALED = (ACCOUNT_SEAL,)
"""What gives rights: a row that says otherwise than the console wrote it lets nobody in (kit/audit/rows.py)."""

passwords = Table(
    "passwords", metadata,
    Column("account", String(32), ForeignKey("accounts.account"), primary_key=True),
    Column("set_at", Moment, primary_key=True),
    Column("password_hash", Text, nullable=False),
)  # fmt: skip
"""The last passwords, which are not used again."""

recovery_codes = Table(
    "recovery_codes", metadata,
    Column("account", String(32), ForeignKey("accounts.account"), primary_key=True),
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("used_at", Moment),
)  # fmt: skip
"""What stands in for the second factor, once each; random enough for a plain HMAC-SM3."""

sessions = Table(
    "sessions", metadata,
    # SHA-256 of the token: who reads this table cannot become anyone.
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("account", String(32), ForeignKey("accounts.account"), nullable=False),
    Column("stage", String(8), nullable=False),
    Column("csrf_token", String(43), nullable=False),
    Column("offered", EncryptedText("sessions.offered"), nullable=False),
    Column("address", String(45), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Index("sessions_account", "account", "created_at"),
)  # fmt: skip

refusals = Table(
    "refusals", metadata,
    Column("address", String(45), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("count", Integer, nullable=False),
)  # fmt: skip
"""Logins refused to an address within an hour, whatever account was tried."""
