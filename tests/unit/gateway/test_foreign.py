"""Who names another payer's draft is journalled (security.md 4)."""

from __future__ import annotations

from contract.audit import Action
from services.gateway.domain.batches import Batch, BatchState, Terms
from services.gateway.usecases.foreign import journal_foreign
from services.gateway.usecases.ports import Ports
from tests.fakes.audit import FakeJournal
from tests.fakes.gateway_storage import FakeBatches
from tests.unit.gateway.conftest import NOW


def test_anothers_draft_is_journalled_and_one_that_is_over_is_nobodys(ports: Ports) -> None:
    drafts, journal = FakeBatches(), FakeJournal()
    drafts.rows["draft-1"] = Batch("draft-1", "person-1", BatchState.OPEN, Terms(), 1, NOW, NOW)
    journal_foreign("person-2", "batch", "draft-over", drafts, journal, ports)
    assert journal.acts == []
    journal_foreign("person-2", "batch", "draft-1", drafts, journal, ports)
    (act,) = journal.acts
    assert (act.actor, act.action, act.target) == ("resident:person-2", Action.FOREIGN_ASKED, "batch:draft-1")
    assert act.result == "not_found"
