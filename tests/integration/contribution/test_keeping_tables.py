"""From a spreadsheet into force, on PostgreSQL: two people, one approval, quotes by it, every version kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from contract.contribution import (
    Enrolment,
    EnrolmentEntry,
    ListTiers,
    Quoted,
    QuotePayable,
    TierAmountDiffers,
    Tiers,
)
from contract.errors import ContractError
from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from contract.tiers import (
    ApproveTiers,
    GetTierImport,
    ImportAct,
    ImportState,
    ListTierHistory,
    ListTierImports,
    Operator,
    OutsidePoolingLevel,
    OwnImport,
    PreviewTiers,
    ReasonMissing,
    RejectTiers,
    SubmitTiers,
    TierImport,
    TierImportNotFound,
    TierImportSettled,
    TiersChanged,
)
from kit.clock import SetClock
from kit.crypto import KeyRing
from kit.database import Database
from services.contribution import demonstration
from services.contribution.adapters.spreadsheet import SpreadsheetReader
from services.contribution.divisions import pooling_names
from services.contribution.domain.payables import Payable
from services.contribution.models import tier_acts, tier_imports, tier_tables, tiers
from services.contribution.storage.tier_imports import TierImportStorage
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import payables
from services.contribution.usecases import tiers as usecases
from services.contribution.usecases.payables import Sealer
from services.contribution.usecases.tier_desk import TierDesk
from tests.factories.contribution_sheets import flexible, resident, sent
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.contribution_taxbank import FakeTaxBank

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
LI, WANG = Operator("4501-0001", "李明", "450100"), Operator("4501-0002", "王芳", "450100")
PROVINCE, COUNTY = Operator("45-0001", "陆军", "450000"), Operator("450202-1", "韦兰", "450202")
RESIDENT, MEDICAL = PayerKind.RESIDENT, InsuranceType.MEDICAL


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def desk(contribution_database: Database, clock: SetClock) -> Iterator[TierDesk]:
    """Over the demonstration's tables alone."""
    with contribution_database.transaction() as tx:
        _empty(tx)
        demonstration.load(tx)
    yield TierDesk(
        contribution_database, TierTable(), TierImportStorage(), SpreadsheetReader(), pooling_names(), clock
    )
    with contribution_database.transaction() as tx:
        _empty(tx)


def _empty(tx: Connection) -> None:
    for table in (tiers, tier_tables, tier_acts, tier_imports):
        tx.execute(table.delete())


def previewed(desk: TierDesk, *lines: Any, who: Operator = LI) -> TierImport:
    draft = usecases.preview_tiers(PreviewTiers(who, sent(*lines or [resident(amount="420")])), desk).draft
    assert draft is not None
    return draft


def submitted(desk: TierDesk, *lines: Any, who: Operator = LI) -> str:
    draft = previewed(desk, *lines, who=who)
    usecases.submit_tiers(SubmitTiers(who, draft.import_id, "桂税发〔2026〕5号"), desk)
    return draft.import_id


def approve(desk: TierDesk, import_id: str, who: Operator = WANG) -> TierImport:
    return usecases.approve_tiers(ApproveTiers(who, import_id), desk)


def in_force(
    desk: TierDesk, division: str = "450103", year: int = 2026, kind: PayerKind = RESIDENT,
    insurance_type: InsuranceType = MEDICAL,
) -> Tiers:  # fmt: skip
    with desk.transactions.read() as connection:
        asked = ListTiers(kind, insurance_type, division, year)
        return payables.list_tiers(asked, connection, TierTable())


def amounts(desk: TierDesk, division: str = "450103", year: int = 2026) -> list[int]:
    return [tier.amount for tier in in_force(desk, division, year).tiers]


def acts(desk: TierDesk, import_id: str) -> list[tuple[ImportAct, str]]:
    found = usecases.get_tier_import(GetTierImport(PROVINCE, import_id), desk)
    return [(act.act, act.operator_name) for act in found.acts]


def quote(desk: TierDesk, upstream: int) -> Quoted:
    """What the service does between the selection page and the check page."""
    person = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
    entry = EnrolmentEntry("1", MEDICAL, "450103", "青秀中心", "1", "1", "450103", "102120001")
    table = in_force(desk)
    asked = QuotePayable(
        person, Enrolment("1", RESIDENT, (entry,)), entry.entry_id, 2026, table.tiers[0].code
    )
    taxbank = FakeTaxBank(payables={2026: [Payable(2026, "", upstream, paid=False)]})
    sealer = Sealer(KeyRing.parse(QUOTE_KEYS), desk.clock, 900)
    return payables.quote_payable(asked, table.tiers, taxbank, sealer)


def test_nothing_changes_until_it_is_approved_and_then_quotes_do(desk: TierDesk) -> None:
    import_id = submitted(desk)
    assert amounts(desk) == [40_000]
    assert quote(desk, 40_000).amount == 40_000
    with pytest.raises(TierAmountDiffers):
        quote(desk, 42_000)
    assert approve(desk, import_id).state is ImportState.APPROVED
    assert amounts(desk) == [42_000]
    assert quote(desk, 42_000).amount == 42_000
    with pytest.raises(TierAmountDiffers, match="没有扣款"):
        quote(desk, 40_000)
    table = in_force(desk)
    assert (table.source, table.from_year, table.pooling_code) == ("南宁市税务局", 2026, "450100")
    assert amounts(desk, "450202") == [40_000], "another city keeps the region's"
    assert amounts(desk, year=2025) == [40_000], "a past year keeps its table"


def test_a_preview_compares_with_what_payers_have_now(desk: TierDesk) -> None:
    asked = PreviewTiers(LI, sent(flexible(), flexible("100%基数档", "7000", bounds=("4000", "21000"))))
    preview = usecases.preview_tiers(asked, desk)
    assert preview.draft is None and preview.fault_count == 1, "the bounds of two lines differ"
    bounds = ("4000", "21000")
    lines = (flexible(bounds=bounds), flexible("100%基数档", "7000", bounds=bounds))
    preview = usecases.preview_tiers(PreviewTiers(LI, sent(*lines)), desk)
    (change,) = preview.changes
    assert change.before is not None and change.before.source == "演示数据"
    assert change.rule != change.before.rule
    changed = [(t.before and t.before.amount, t.after and t.after.amount) for t in change.tiers]
    assert changed[0] == (1_621_440, 1_680_000)
    assert [pair for pair in changed[1:] if pair[1] is not None] == [], "five bases end"
    assert (len(changed), change.unchanged) == (6, 1)


def test_a_file_that_changes_nothing_is_no_import(desk: TierDesk) -> None:
    preview = usecases.preview_tiers(PreviewTiers(LI, sent(resident())), desk)
    assert [fault.text for fault in preview.faults] == ["与目前执行的标准完全相同，没有需要提交的改动"]


def test_the_same_file_is_the_same_draft_until_something_changes(desk: TierDesk) -> None:
    asked = PreviewTiers(LI, sent(resident(amount="420")))
    first, again = (usecases.preview_tiers(asked, desk).draft for _ in range(2))
    assert first is not None and first == again
    approve(desk, submitted(desk, resident(amount="430"), who=WANG), LI)
    later = usecases.preview_tiers(asked, desk).draft
    assert later is not None and later.import_id != first.import_id
    with pytest.raises(TiersChanged, match="请重新预览"):
        usecases.submit_tiers(SubmitTiers(LI, first.import_id, "依据"), desk)


def test_who_submitted_does_not_approve(desk: TierDesk) -> None:
    import_id = submitted(desk)
    with pytest.raises(OwnImport):
        approve(desk, import_id, LI)
    with pytest.raises(OwnImport):
        approve(desk, import_id, replace(LI, name="另一个名字", pooling_code="450000"))
    assert amounts(desk) == [40_000]
    expected = [ImportAct.PREVIEWED, ImportAct.SUBMITTED, ImportAct.REFUSED, ImportAct.REFUSED]
    assert [act for act, _ in acts(desk, import_id)] == expected


@pytest.mark.parametrize("decided_by", [LI.operator_id, None])
def test_the_database_refuses_it_too(desk: TierDesk, decided_by: str | None) -> None:
    import_id = submitted(desk)
    with pytest.raises(IntegrityError, match="four_eyes"), desk.transactions.transaction() as tx:
        tx.execute(
            update(tier_imports)
            .where(tier_imports.c.import_id == import_id)
            .values(state="approved", decided_by=decided_by)
        )


def test_of_two_approvers_at_once_one_approves(desk: TierDesk) -> None:
    import_id = submitted(desk)
    others = [replace(WANG, operator_id=f"4501-1{n}") for n in range(8)]

    def decide(who: Operator) -> str:
        try:
            return approve(desk, import_id, who).state.value
        except ContractError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        told = sorted(pool.map(decide, others))
    assert told == ["approved"] + ["tier_import_settled"] * 7
    assert len(_versions(desk)) == 1
    assert [act for act, _ in acts(desk, import_id)].count(ImportAct.APPROVED) == 1


def test_of_two_imports_approved_at_once_the_later_must_be_previewed_again(desk: TierDesk) -> None:
    imports = [submitted(desk, resident(amount=f"{450 + n}")) for n in range(6)]

    def decide(import_id: str) -> str:
        try:
            return approve(desk, import_id).state.value
        except ContractError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(decide, imports))
    assert sorted(told) == ["approved"] + ["tiers_changed"] * 5
    won = told.index("approved")
    assert amounts(desk) == [45_000 + 100 * won]
    lost = imports[1 if won == 0 else 0]
    assert [act for act, _ in acts(desk, lost)][-1] is ImportAct.REFUSED


def test_an_approval_between_another_ones_check_and_its_writing_wins(desk: TierDesk) -> None:
    """The narrowest moment, made to happen each time: the other commits after the check, before the version is
    written."""
    slow, quick = submitted(desk), submitted(desk, resident(amount="430"))

    class Interrupted(TierTable):
        def add(self, *arguments: Any) -> bool:
            approve(desk, quick)
            return super().add(*arguments)

    with pytest.raises(TiersChanged):
        approve(replace(desk, tables=Interrupted()), slow)
    assert amounts(desk) == [43_000]
    assert len(_versions(desk)) == 1


def test_a_change_above_makes_what_was_compared_with_it_stale(desk: TierDesk) -> None:
    import_id = submitted(desk, resident(amount="420", pooling="450103"), who=LI)
    whole_region = submitted(desk, resident(amount="410", pooling="450000"), who=PROVINCE)
    approve(desk, whole_region, replace(PROVINCE, operator_id="45-0002"))
    with pytest.raises(TiersChanged):
        approve(desk, import_id)


def test_an_import_of_a_year_that_passed_stays_out(desk: TierDesk, clock: SetClock) -> None:
    import_id = submitted(desk)
    clock.advance(days=60)
    with pytest.raises(TiersChanged):
        approve(desk, import_id)
    assert amounts(desk, year=2026) == [40_000]


def test_all_tables_of_an_import_come_into_force_or_none(desk: TierDesk) -> None:
    both = submitted(desk, resident(amount="420"), flexible("60%基数档", "5000"))
    approve(desk, submitted(desk, flexible("60%基数档", "6000")))
    with pytest.raises(TiersChanged):
        approve(desk, both)
    assert amounts(desk) == [40_000]


@pytest.mark.parametrize(
    "who", [COUNTY, replace(COUNTY, pooling_code=""), replace(COUNTY, pooling_code="45")]
)
def test_an_operator_keeps_their_own_level_and_what_is_below(desk: TierDesk, who: Operator) -> None:
    import_id = submitted(desk)
    with pytest.raises(OutsidePoolingLevel):
        usecases.preview_tiers(PreviewTiers(who, sent(resident(amount="1", pooling="450100"))), desk)
    for act in (
        lambda: approve(desk, import_id, who),
        lambda: usecases.reject_tiers(RejectTiers(who, import_id, "不同意"), desk),
        lambda: usecases.get_tier_import(GetTierImport(who, import_id), desk),
    ):
        with pytest.raises(TierImportNotFound):
            act()
    with pytest.raises(OutsidePoolingLevel):
        usecases.list_tier_history(ListTierHistory(who, "450100", RESIDENT, MEDICAL), desk)
    assert approve(desk, import_id, PROVINCE).state is ImportState.APPROVED


def test_a_draft_is_its_makers_alone(desk: TierDesk) -> None:
    draft = previewed(desk)
    with pytest.raises(TierImportNotFound):
        usecases.submit_tiers(SubmitTiers(WANG, draft.import_id, "依据"), desk)
    with pytest.raises(TierImportSettled):
        approve(desk, draft.import_id, LI)
    listed = [usecases.list_tier_imports(ListTierImports(who), desk).imports for who in (LI, WANG, PROVINCE)]
    assert [len(imports) for imports in listed] == [1, 0, 0]


def test_a_rejected_import_says_why_and_stays_out(desk: TierDesk) -> None:
    import_id = submitted(desk)
    with pytest.raises(ReasonMissing):
        usecases.reject_tiers(RejectTiers(WANG, import_id, " "), desk)
    for _ in range(2):
        done = usecases.reject_tiers(RejectTiers(WANG, import_id, "与文件不符"), desk)
        assert done.state is ImportState.REJECTED
    with pytest.raises(TierImportSettled, match="已驳回"):
        approve(desk, import_id, PROVINCE)
    found = usecases.get_tier_import(GetTierImport(LI, import_id), desk)
    assert (found.acts[-1].act, found.acts[-1].note) == (ImportAct.REJECTED, "与文件不符")
    assert len(found.acts) == 3, "a repeat adds nothing"
    assert submitted(desk) != import_id, "the same file may come again"


def test_asking_twice_changes_nothing_more(desk: TierDesk) -> None:
    import_id = submitted(desk)
    again = usecases.submit_tiers(SubmitTiers(LI, import_id, "桂税发〔2026〕5号"), desk)
    assert again.state is ImportState.SUBMITTED
    assert approve(desk, import_id) == approve(desk, import_id)
    assert len(_versions(desk)) == 1
    assert len(acts(desk, import_id)) == 3


def test_every_version_is_kept_with_who_when_and_why(desk: TierDesk, clock: SetClock) -> None:
    approve(desk, submitted(desk))
    clock.advance(days=1)
    second = submitted(desk, resident(amount="430"))
    approve(desk, second)
    approve(desk, submitted(desk, resident(amount="440", year=2027)))
    kept = _versions(desk)
    assert [(v.table.from_year, v.version, v.table.tiers[0].amount) for v in kept] == [
        (2027, 1, 44_000), (2026, 2, 43_000), (2026, 1, 42_000),
    ]  # fmt: skip
    assert kept[1].import_id == second
    assert (kept[1].submitted_by, kept[1].approved_by) == (LI.operator_id, WANG.operator_id)
    assert (kept[1].reason, kept[1].at) == ("桂税发〔2026〕5号", NOW + dt.timedelta(days=1))
    assert (amounts(desk, year=2026), amounts(desk, year=2027)) == ([43_000], [44_000])


def _versions(desk: TierDesk) -> Any:
    return usecases.list_tier_history(ListTierHistory(LI, "450100", RESIDENT, MEDICAL), desk).versions
