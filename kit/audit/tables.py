"""The tables of the journal, and what keeps PostgreSQL from changing or removing an act."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, MetaData, String, Table

from kit.columns import EncryptedJson, Moment
from kit.seals import RowSeal, seal_column

ROWS = EncryptedJson("journal.rows")
CHAINED, FORGOTTEN, STREAMED, ANCHORED = "chained", "forgotten", "streamed", "anchored"
"""How far the chain goes, what of its beginning is gone, what the collector has, what was exported as an anchor."""


def journal_table(metadata: MetaData) -> Table:
    """The journal of one service: acts, and the marks of its chain.

    An act is written without `sequence` and `link`; its chainer gives it both, once. `rows` are the rows of money,
    rights or tiers it wrote, as they were sealed: what `restore` rebuilds them from.
    """
    journal = Table(
        "journal", metadata,
        Column("act_id", String(36), primary_key=True),
        Column("at", Moment, nullable=False),
        Column("actor", String(80), nullable=False),
        Column("origin", String(64), nullable=False),
        Column("action", String(40), nullable=False),
        Column("target", String(120), nullable=False),
        Column("result", String(40), nullable=False),
        Column("purpose", String(200), nullable=False),
        Column("detail", JSON, nullable=False),
        Column("correlation_id", String(64), nullable=False),
        Column("rows", ROWS),
        seal_column(),
        Column("sequence", BigInteger, unique=True),
        Column("link", LargeBinary(33)),
    )  # fmt: skip
    waiting = journal.c.sequence.is_(None)
    Index("journal_waiting", journal.c.act_id, postgresql_where=waiting, sqlite_where=waiting)
    Index("journal_actor", journal.c.actor, journal.c.at)
    Index("journal_target", journal.c.target, journal.c.at)
    Table(
        "journal_marks", metadata,
        Column("mark", String(16), primary_key=True),
        Column("sequence", BigInteger, nullable=False),
        Column("link", LargeBinary(33), nullable=False),
        Column("at", Moment, nullable=False),
        seal_column(),
    )  # fmt: skip
    return journal


def act_seal(journal: Table) -> RowSeal:
    """What no act may say otherwise than it was written. Its place in the chain is sealed by its link."""
    return RowSeal(
        journal, "act_id", "at", "actor", "origin", "action", "target", "result", "purpose", "detail",
        "correlation_id", "rows",
    )  # fmt: skip


def mark_seal(marks: Table) -> RowSeal:
    """The same of a mark."""
    return RowSeal(marks, "mark", "sequence", "link", "at")


def create_journal(op: Any) -> None:
    """What the migration does that brings a service its journal, as it first was: a later change is a revision of its
    own, and nothing here is edited for it."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "journal",
        sa.Column("act_id", sa.String(36), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("target", sa.String(120), nullable=False),
        sa.Column("result", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("correlation_id", sa.String(64), nullable=False),
        sa.Column("rows", sa.LargeBinary),
        sa.Column("seal", sa.LargeBinary(33)),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("link", sa.LargeBinary(33)),
        sa.PrimaryKeyConstraint("act_id", name="journal_pkey"),
        sa.UniqueConstraint("sequence", name="journal_sequence_key"),
    )
    waiting = sa.text("sequence IS NULL")
    op.create_index("journal_waiting", "journal", ["act_id"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_index("journal_actor", "journal", ["actor", "at"])
    op.create_index("journal_target", "journal", ["target", "at"])
    op.create_table(
        "journal_marks",
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("link", sa.LargeBinary(33), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("seal", sa.LargeBinary(33)),
        sa.PrimaryKeyConstraint("mark", name="journal_marks_pkey"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in _GUARD:
            op.execute(statement)


RESTORING = "SET LOCAL journal.restoring = 'on'"
"""What a restoring transaction says first."""

_SAID = ("act_id", "at", "actor", "origin", "action", "target", "result", "purpose", "correlation_id", "seal")
_SAME = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in _SAID)
# Six months: security.md 12. New keys for personal data write `rows` anew; the seal, which is over what they say, shows
# any other change of them.
_GUARD = (
    f"""
    CREATE FUNCTION guard_journal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('journal.restoring', true) = 'on' THEN
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' THEN
            IF OLD.sequence IS NOT NULL AND OLD.at < now() - interval '183 days' THEN RETURN OLD; END IF;
        ELSIF {_SAME} AND NEW.detail::text = OLD.detail::text
              AND (OLD.sequence IS NULL OR (NEW.sequence = OLD.sequence AND NEW.link = OLD.link)) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the journal is only added to' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER journal_only_grows BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION guard_journal()
    """,
    """
    CREATE FUNCTION refuse_truncation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the journal is only added to' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER journal_not_truncated BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation()
    """,
)
