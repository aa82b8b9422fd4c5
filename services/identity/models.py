"""Tables of the identity service."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from kit.columns import BlindIndex, EncryptedText, Moment
from kit.migrations import new_metadata

metadata = new_metadata()

persons = Table(
    "persons", metadata,
    Column("person_id", String(36), primary_key=True),
    Column("identity", BlindIndex("persons.identity"), nullable=False, unique=True),
    Column("document_type", String(3), nullable=False),
    Column("document_number", EncryptedText("persons.document_number"), nullable=False),
    Column("name", EncryptedText("persons.name"), nullable=False),
    Column("phone", EncryptedText("persons.phone"), nullable=False),
    Column("phone_index", BlindIndex("persons.phone"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("last_login_at", Moment, nullable=False),
)  # fmt: skip
"""Everybody who ever logged in. `identity` stands for document type, number and name together."""

challenges = Table(
    "challenges", metadata,
    Column("challenge_id", String(36), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("phone", BlindIndex("challenges.phone"), nullable=False),
    Column("identity", BlindIndex("challenges.identity"), nullable=False),
    Column("openid", BlindIndex("challenges.openid"), nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("expires_at", Moment, nullable=False),
)  # fmt: skip
"""Codes that were asked for. state: live · used · replaced (by a newer one) · unsent."""

_live = challenges.c.state == "live"
Index(
    "challenges_newest", challenges.c.purpose, challenges.c.phone, unique=True,
    postgresql_where=_live, sqlite_where=_live,
)  # fmt: skip

code_limits = Table(
    "code_limits", metadata,
    Column("scope", String(16), primary_key=True),
    Column("subject", BlindIndex("code_limits.subject"), primary_key=True),
    Column("used", Integer, nullable=False),
    Column("ends_at", Moment, nullable=False, index=True),
)  # fmt: skip
"""How many codes a subject has had in its present window."""
