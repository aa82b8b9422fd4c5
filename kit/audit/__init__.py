"""The audit journal: one table in every service's database, written with the act, chained soon after (docs/adr/0024).

journal = journal_table(metadata)                     in a service's models
self.journal.add(tx, Act("resident:…", Action.…, "order:…"), now)    in the transaction of the act
python -m kit.audit verify|anchors|list|restore       see kit/audit/__main__.py
"""

from __future__ import annotations

from contract.audit import OK, Act, Action
from kit.audit.journal import Journal
from kit.audit.tables import journal_table

__all__ = ["OK", "Act", "Action", "Journal", "journal_table"]
