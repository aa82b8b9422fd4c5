"""Tables of the identity service."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from kit.audit import journal_table
from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.inbox import inbox_table
from kit.migrations import new_metadata
from kit.outbox import outbox_table
from kit.seals import RowSeal, seal_column

metadata = new_metadata()

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
journal = journal_table(metadata)

persons = Table(
    "persons", metadata,
    Column("person_id", String(36), primary_key=True),
    Column("identity", BlindIndex("persons.identity"), nullable=False, unique=True),
    Column("document_type", String(3), nullable=False),
    Column("document_number", EncryptedText("persons.document_number"), nullable=False),
    Column("name", EncryptedText("persons.name"), nullable=False),
    Column("phone", EncryptedText("persons.phone"), nullable=False),
    Column("phone_index", BlindIndex("persons.phone"), nullable=False, index=True),
    Column("phone_version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_login_at", Moment, nullable=False),
    Column("deletion_requested_at", Moment),
    Column("deletion_due_at", Moment, index=True),
)  # fmt: skip
"""Everybody who ever logged in. `identity` stands for document type, number and name together; `phone_version` grows
with every change of the phone."""

bindings = Table(
    "bindings", metadata,
    Column("openid", BlindIndex("bindings.openid"), primary_key=True),
    Column("person_id", String(36), primary_key=True),
    Column("logged_in_at", Moment, nullable=False),
    Column("ended", Boolean, nullable=False),
    seal_column(),
    Index("bindings_person", "person_id"),
)  # fmt: skip
"""Which persons logged in as which WeChat user; the newest counts. `ended` after a logout, a revocation or a change of
phone: the half hour of 3.2.1.2 is over."""

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

members = Table(
    "members", metadata,
    Column("member_id", String(36), primary_key=True),
    Column("owner_id", String(36), nullable=False),
    Column("document", BlindIndex("members.document"), nullable=False),
    Column("document_type", String(3), nullable=False),
    Column("document_number", EncryptedText("members.document_number"), nullable=False),
    Column("name", EncryptedText("members.name"), nullable=False),
    Column("kinship", String(16), nullable=False),
    Column("phone", EncryptedText("members.phone")),
    Column("place", EncryptedJson("members.place")),
    Column("added_at", Moment, nullable=False),
    seal_column(),
    UniqueConstraint("owner_id", "document"),
)  # fmt: skip
"""家庭成员 (3.2.1.14). `document` stands for type and number together."""

relations = Table(
    "relations", metadata,
    Column("relation_id", String(36), primary_key=True),
    Column("payer_id", String(36), nullable=False),
    Column("document", BlindIndex("relations.document"), nullable=False),
    Column("document_type", String(3), nullable=False),
    Column("document_number", EncryptedText("relations.document_number"), nullable=False),
    Column("name", EncryptedText("relations.name"), nullable=False),
    Column("phone", EncryptedText("relations.phone")),
    Column("place", EncryptedJson("relations.place")),
    Column("named_at", Moment, nullable=False, index=True),
    Column("paid_at", Moment),
    seal_column(),
    UniqueConstraint("payer_id", "document"),
)  # fmt: skip
"""缴费人与代缴费人的关联表 (3.2.1.8). A row is made when somebody is named for a payment and counts once `paid_at` is
set; those never paid are forgotten."""

consents = Table(
    "consents", metadata,
    Column("consent_id", String(36), primary_key=True),
    Column("person_id", String(36), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("version", String(16), nullable=False),
    Column("member_id", String(36)),
    Column("about", EncryptedText("consents.about")),
    Column("given_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    seal_column(),
)  # fmt: skip
"""What a person agreed to, and when it was taken back. `about` is the member's masked name."""

CONSENT_SEAL = RowSeal(
    consents, "consent_id", "person_id", "kind", "version", "member_id", "given_at", "withdrawn_at"
)
BINDING_SEAL = RowSeal(bindings, "openid", "person_id", "logged_in_at", "ended")
MEMBER_SEAL = RowSeal(
    members, "member_id", "owner_id", "document", "document_type", "kinship", "added_at",
    hidden=("document_number", "name"),
)  # fmt: skip
RELATION_SEAL = RowSeal(
    relations, "relation_id", "payer_id", "document", "document_type", "paid_at", hidden=("document_number",)
)
SEALED = (CONSENT_SEAL, BINDING_SEAL, MEMBER_SEAL, RELATION_SEAL)
"""What says what we may do, who is let in without a code, and for whom a payer may act (docs/adr/0024, 0033)."""
